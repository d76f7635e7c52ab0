package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/segno-jobs/segno/api"
	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/internal/timerslack"
	"github.com/segno-jobs/segno/internal/version"
	"github.com/segno-jobs/segno/notify"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/web"
)

func newServeCommand() *cobra.Command {
	s, bound := bindSettings()
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the conductor",
		Long: `Run the conductor until it gets SIGTERM or Ctrl-C. The first start makes an administrator's token, prints it, and
writes it to admin-token in the data folder; every request to the API needs it.`,
		Example: `  conductor serve --data /var/lib/segno
  conductor serve --data data --listen 127.0.0.1:7700 --database postgres://segno@db.example/segno`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := bound.Load(); err != nil {
				return err
			}
			timerslack.Relax(timerslack.Relaxed)
			return serve(cmd.Context(), *s, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	bound.AddFlags(cmd.Flags())
	return cmd
}

// serve runs a conductor until ctx ends. What it prints for a person goes to out, its log to logs.
func serve(ctx context.Context, s settings, out, logs io.Writer) (err error) {
	log := s.logger(logs)
	if err := os.MkdirAll(s.Data, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	token, isNew, err := adminToken(s.Data)
	if err != nil {
		return err
	}
	metrics := conductor.NewMetrics()
	db, err := store.Open(ctx, s.databaseURL(), store.Options{Logger: log, OnCommit: metrics.Commit})
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("ask for the name of this host: %w", err)
	}
	private, err := notify.ParseAllowed(s.NotifyPrivate)
	if err != nil {
		return err
	}
	c, err := conductor.New(db, conductor.Options{
		Logger: log, Version: version.Version, Host: host, Heartbeat: s.Heartbeat, GatherBeats: gatherBeats, OfferTimeout: s.OfferTimeout, Hold: s.Hold,
		HeadStart: conductor.DefaultHeadStart,
		MaxQueued: s.MaxQueued,
		Metrics:   metrics, Insight: db, Audit: db, Browsers: db, Retention: db, PruneInterval: s.PruneInterval, Plans: db, Triggers: db, PublicURL: s.PublicURL,
		EventTriggers: db, Archives: db,
		Notices: db, Sender: notify.New(notify.Options{Private: private, Version: version.Version}),
	})
	if err != nil {
		return err
	}
	server, err := newAPI(c, s, token, log)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	announce(out, listener.Addr(), token, isNew)
	if !loopback(s.Listen) {
		log.Warn("the API listens beyond this machine without encryption; put a proxy with TLS in front of it", "listen", s.Listen)
	}

	parts, ctx := errgroup.WithContext(ctx)
	parts.Go(func() error { return c.Serve(ctx) })
	parts.Go(func() error { return server.Serve(ctx, listener) })
	return parts.Wait()
}

func newAPI(c *conductor.Conductor, s settings, token string, log *slog.Logger) (*api.Server, error) {
	path, agents := c.AgentHandler()
	hash := sha256.Sum256([]byte(token))
	return api.New(c, api.Options{
		Logger:    log,
		TokenHash: hex.EncodeToString(hash[:]),
		Version:   version.Version,
		Metrics:   promhttp.HandlerFor(c.Metrics().Registry(), promhttp.HandlerOpts{}),
		Observe:   c.Metrics().Request,
		Mounts:    map[string]http.Handler{path: agents},
		Console:   web.Console(),
		Grace:     s.StopTimeout,
		PublicURL: s.PublicURL,
		// Browsers then come by TLS, whether or not this program sees to it.
		SecureCookies: strings.HasPrefix(s.PublicURL, "https://"),
	})
}

// announce tells a person where the conductor is, and the token when it was just made.
func announce(out io.Writer, address net.Addr, token string, isNew bool) {
	fmt.Fprintf(out, "conductor %s on http://%s\n", version.Version, address)
	if isNew {
		fmt.Fprintf(out, "admin token: %s\n", token)
	}
}

// gatherBeats is for how long heartbeats are gathered before they are stored together.
const gatherBeats = 50 * time.Millisecond
