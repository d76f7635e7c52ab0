package main

import (
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/jobserver/guard"
)

// newGuardCommand is the process that keeps the keepers of jobs. The agent starts it; it is not for users.
func newGuardCommand() *cobra.Command {
	var (
		data, cgroup  string
		linger        time.Duration
		detach, ready bool
	)
	cmd := &cobra.Command{
		Use:           "guard --data DIR",
		Short:         "Keep the processes of jobs apart from the agent",
		Hidden:        true,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(*cobra.Command, []string) error {
			dieOnSignals()
			o := guard.Options{Data: data, Cgroup: cgroup, Linger: linger, Logger: helperLogger()}
			switch {
			case detach:
				return guard.Detach(o)
			case ready:
				return guard.ServeDetached(o)
			}
			return guard.Serve(o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&data, "data", "", "data folder of the job server")
	f.StringVar(&cgroup, "cgroup", guard.CgroupAuto, "control groups: auto, off, or the folder of a delegated group of version 2")
	f.DurationVar(&linger, "linger", guard.DefaultLinger, "how long to stay without jobs and without an agent")
	f.BoolVar(&detach, "detach", false, "start the guard in a session of its own and return once it is ready")
	f.BoolVar(&ready, "ready", false, "tell on descriptor 3 when clients can connect")
	_ = cmd.MarkFlagRequired("data")
	_ = f.MarkHidden("ready")
	return cmd
}

// dieOnSignals leaves SIGINT and SIGTERM to the kernel: guard and keepers have nothing to tidy up that those who outlive
// them do not see to.
func dieOnSignals() { signal.Reset(syscall.SIGINT, syscall.SIGTERM) }

// helperLogger logs to standard error, which of guard and keepers is guard.log in the data folder.
func helperLogger() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, nil)).With("pid", os.Getpid())
}
