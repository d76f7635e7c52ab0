package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/jobserver/guard"
)

// newKeeperCommand is the process that keeps one job at a time. The guard starts it; it is not for users.
func newKeeperCommand() *cobra.Command {
	var data, cgroups string
	var slack time.Duration
	cmd := &cobra.Command{
		Use:           "keeper --data DIR",
		Short:         "Keep one job at a time",
		Hidden:        true,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(*cobra.Command, []string) error {
			dieOnSignals()
			return guard.Keep(guard.KeeperOptions{Data: data, Cgroups: cgroups, Slack: slack, Logger: helperLogger()})
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "data folder of the job server")
	cmd.Flags().StringVar(&cgroups, "cgroups", "", "folder in which the keeper may make its control group")
	cmd.Flags().DurationVar(&slack, "slack", 0, "timer slack of jobs")
	_ = cmd.MarkFlagRequired("data")
	return cmd
}
