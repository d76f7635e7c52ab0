package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/timerslack"
	"github.com/segno-jobs/segno/internal/version"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/jobserver/agent"
	"github.com/segno-jobs/segno/jobserver/guard"
)

// newRunCommand is the agent itself.
func newRunCommand() *cobra.Command {
	s := defaultSettings()
	cmd := &cobra.Command{
		Use:   "run --data DIR",
		Short: "Run jobs for the conductor",
		Long: "run connects to the conductor and runs what it is offered. The heartbeat's period is the conductor's to set.\n" +
			"SIGTERM ends the agent and leaves the jobs running; their results are delivered once it is started again.",
		Args: cobra.NoArgs,
	}
	load := s.bind(cmd, "data", "run_as", "cgroup", "warm", "archive_cache", "log_level", "log_format")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := load(); err != nil {
			return err
		}
		return run(cmd.Context(), &s)
	}
	return cmd
}

func run(ctx context.Context, s *settings) error {
	slack := timerslack.Relax(timerslack.Relaxed)
	data, err := filepath.Abs(s.Data)
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	id, err := agent.LoadIdentity(data)
	if err != nil {
		return err
	}
	unlock, err := lock(data)
	if err != nil {
		return err
	}
	defer unlock()

	cache, err := s.archiveCache()
	if err != nil {
		return err
	}
	log := newLogger(os.Stderr, s).With("server", id.Name)
	users, err := permitted(s.RunAs, log)
	if err != nil {
		return err
	}
	a, err := agent.New(agent.Options{
		Identity:     id,
		Data:         data,
		ArchiveCache: int64(cache),
		RunAs:        users,
		Version:      version.Version,
		Logger:       log,
		Guard: func(ctx context.Context) (agent.Guard, error) {
			return guard.Connect(ctx, guard.ClientOptions{
				// The conductor knows how many slots the server has now; this only bounds what could go wrong.
				Data: data, Cgroup: s.Cgroup, Linger: guard.DefaultLinger, MaxKeepers: jobserver.MaxSlots,
				Warm: s.Warm, RunAs: users, Slack: slack, Logger: log,
			})
		},
	})
	if err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(agentGCPercent)
	}
	log.Info("the agent starts", "version", version.Version, "conductors", id.Conductors)
	err = a.Run(ctx)
	log.Info("the agent ends; its jobs go on")
	return err
}

// agentGCPercent lets the agent's heap, of a few megabytes, grow to five times what is in use before it is swept.
const agentGCPercent = 400

// permitted returns as which users jobs may run. A name that stands for root is refused; one that the host does not know
// yet, and an agent that has no right to run jobs as others, are told of in the log.
func permitted(users []string, log *slog.Logger) (jobserver.RunAs, error) {
	if len(users) == 0 {
		return jobserver.RunAs{}, nil
	}
	for _, name := range users {
		if strings.Contains(name, "*") {
			continue
		}
		switch _, err := guard.LookUpAccount(name); {
		case errors.Is(err, fault.Forbidden):
			return jobserver.RunAs{}, fmt.Errorf("run_as: %w", err)
		case err != nil:
			log.Warn("a user of run_as is not known on this host", "user", name, "error", err)
		}
	}
	r := jobserver.RunAs{Users: users, Problem: guard.CannotRunAs()}
	if r.Problem != "" {
		log.Error("run_as is set, but this job server " + r.Problem)
	}
	return r, nil
}

// lock sees to it that one agent works on a data folder.
func lock(data string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(data, "agent.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("another agent runs on the folder %s: %w", data, fault.Conflict)
		}
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	return func() { _ = f.Close() }, nil
}
