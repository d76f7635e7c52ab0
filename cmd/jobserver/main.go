// Command jobserver is the program on a job server: the agent that talks to the conductor, the guard that keeps the
// jobs, and the helpers that a job calls.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/internal/version"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "jobserver:", err)
		stop()
		os.Exit(1)
	}
}

func newCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:           "jobserver",
		Short:         "The agent of Segno on an execution host",
		Long:          "jobserver runs jobs on this host for a conductor of Segno. It dials out only: no port listens on the host.",
		Version:       version.Version,
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	cmd.SetVersionTemplate("jobserver {{.Version}}\n")
	cmd.AddCommand(
		newJoinCommand(), newRunCommand(),
		newProgressCommand(), newOutputCommand(), newCheckpointCommand(),
		newGuardCommand(), newKeeperCommand(),
	)
	return cmd
}
