package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver/guard"
)

// newOutputCommand is for jobs: it hands over output values of the run.
func newOutputCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "output NAME=VALUE…",
		Short:   "Set output values of the run from within a job",
		Example: `  jobserver output rows=1200 file=orders.csv`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cmd.SilenceUsage = true
			values := make([][2]string, len(args))
			for i, arg := range args {
				name, value, ok := strings.Cut(arg, "=")
				if !ok {
					return fault.Field("output", "must be written as name=value, not %q", arg)
				}
				if err := guard.CheckOutput(name, value); err != nil {
					return err
				}
				values[i] = [2]string{name, value}
			}
			return report(cmd.Context(), func(c *guard.JobClient) error {
				for _, v := range values {
					if err := c.Output(v[0], v[1]); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}
