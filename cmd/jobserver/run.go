package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
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
	load := s.bind(cmd, "data", "cgroup", "warm", "log_level", "log_format")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := load(); err != nil {
			return err
		}
		return run(cmd.Context(), &s)
	}
	return cmd
}

func run(ctx context.Context, s *settings) error {
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

	log := newLogger(os.Stderr, s).With("server", id.Name)
	a, err := agent.New(agent.Options{
		Identity: id,
		Data:     data,
		Version:  version.Version,
		Logger:   log,
		Guard: func(ctx context.Context) (agent.Guard, error) {
			return guard.Connect(ctx, guard.ClientOptions{
				// The conductor knows how many slots the server has now; this only bounds what could go wrong.
				Data: data, Cgroup: s.Cgroup, Linger: guard.DefaultLinger, MaxKeepers: jobserver.MaxSlots,
				Warm: s.Warm, Logger: log,
			})
		},
	})
	if err != nil {
		return err
	}
	log.Info("the agent starts", "version", version.Version, "conductors", id.Conductors)
	err = a.Run(ctx)
	log.Info("the agent ends; its jobs go on")
	return err
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
