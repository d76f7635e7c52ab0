package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/internal/config"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/notify"
)

// envPrefix stands before the names of the environment variables.
const envPrefix = "SEGNO_CONDUCTOR_"

// settings are what can be set of a conductor.
type settings struct {
	Data         string        `setting:"data" help:"folder that holds the database and the admin token"`
	Database     string        `setting:"database" help:"database, as postgres://user@host/name; by default an SQLite file in the data folder"`
	Listen       string        `setting:"listen" help:"address of the API, the console and the agents"`
	PublicURL    string        `setting:"public_url" help:"how agents and browsers reach the conductor where that is not the address it listens on, as https://segno.example"`
	Heartbeat    time.Duration `setting:"heartbeat" help:"period of the agents' heartbeats"`
	OfferTimeout time.Duration `setting:"offer_timeout" help:"how long an agent may take to claim what it was offered"`
	Hold         time.Duration `setting:"hold" help:"how long the jobs of job servers may go on without the conductor after a planned stop of it; 0 leaves it at their leases"`
	MaxQueued    int           `setting:"max_queued" help:"how many runs of all tasks may wait in the queue before requests for further ones are refused; 0 is without limit"`
	// NotifyPrivate is read by notify.ParseAllowed.
	NotifyPrivate []string      `setting:"notify_private" help:"networks and addresses, such as 10.1.0.0/16, that notifications to webhooks may reach although they are private; all allows every address"`
	PruneInterval time.Duration `setting:"prune_interval" help:"how often it is looked at what the rules of retention do not keep any more"`
	StopTimeout   time.Duration `setting:"stop_timeout" help:"how long a stop waits for requests under way"`
	LogLevel      slog.Level    `setting:"log_level" help:"least level of what is logged: debug, info, warn or error"`
	LogFormat     string        `setting:"log_format" help:"text or json"`
}

func defaultSettings() settings {
	return settings{
		Data: "data", Listen: "127.0.0.1:7700", Heartbeat: jobserver.DefaultHeartbeat, OfferTimeout: 10 * time.Second,
		Hold: conductor.DefaultHold, PruneInterval: conductor.DefaultPruneInterval, StopTimeout: 10 * time.Second, LogFormat: "text",
	}
}

// bindSettings returns settings with their defaults, and their binding to flags, environment and file.
func bindSettings() (*settings, *config.Settings) {
	s := defaultSettings()
	return &s, config.Bind(envPrefix, &s)
}

// Validate reports every setting that cannot work.
func (s *settings) Validate() error {
	var errs []error
	if s.Data == "" {
		errs = append(errs, fault.Field("data", "must not be empty"))
	}
	if s.Database != "" && !strings.HasPrefix(s.Database, "postgres://") && !strings.HasPrefix(s.Database, "postgresql://") {
		errs = append(errs, fault.Field("database", "must begin with postgres://"))
	}
	if _, _, err := net.SplitHostPort(s.Listen); err != nil {
		errs = append(errs, fault.Field("listen", "must be host:port, such as 127.0.0.1:7700: %v", err))
	}
	if s.PublicURL != "" {
		if u, err := url.Parse(s.PublicURL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			errs = append(errs, fault.Field("public_url", "must be a URL such as https://segno.example"))
		}
	}
	if s.Heartbeat < 100*time.Millisecond || s.Heartbeat > time.Minute {
		errs = append(errs, fault.Field("heartbeat", "must be between 100ms and 1m"))
	}
	if s.OfferTimeout < time.Second || s.OfferTimeout > 10*time.Minute {
		errs = append(errs, fault.Field("offer_timeout", "must be between 1s and 10m"))
	}
	if s.Hold < 0 || s.Hold > conductor.MaxHold {
		errs = append(errs, fault.Field("hold", "must be between 0s and %s", conductor.MaxHold))
	}
	if s.MaxQueued < 0 {
		errs = append(errs, fault.Field("max_queued", "must not be negative"))
	}
	if _, err := notify.ParseAllowed(s.NotifyPrivate); err != nil {
		errs = append(errs, fault.Field("notify_private", "must be networks, addresses or the word all: %v", err))
	}
	if s.PruneInterval < time.Second || s.PruneInterval > 24*time.Hour {
		errs = append(errs, fault.Field("prune_interval", "must be between 1s and 24h"))
	}
	if s.StopTimeout < 0 || s.StopTimeout > 10*time.Minute {
		errs = append(errs, fault.Field("stop_timeout", "must be between 0s and 10m"))
	}
	if s.LogFormat != "text" && s.LogFormat != "json" {
		errs = append(errs, fault.Field("log_format", "must be text or json"))
	}
	return errors.Join(errs...)
}

// databaseURL is where the store is.
func (s *settings) databaseURL() string {
	if s.Database != "" {
		return s.Database
	}
	return filepath.Join(s.Data, "segno.db")
}

func (s *settings) logger(to io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: s.LogLevel}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(to, options))
	}
	return slog.New(slog.NewTextHandler(to, options))
}

// loopback reports whether an address can be reached from this machine alone.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (s *settings) String() string { return fmt.Sprintf("data %s, listen %s", s.Data, s.Listen) }
