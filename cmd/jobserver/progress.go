package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver/guard"
)

// reportWithin is how long a job's helper waits for the keeper.
const reportWithin = 30 * time.Second

// newProgressCommand is for jobs: it reports how far they are.
func newProgressCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "progress PERCENT [MESSAGE]",
		Short:   "Report from within a job how far it is",
		Example: `  jobserver progress 42 "loading orders"`,
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			cmd.SilenceUsage = true
			percent, err := strconv.ParseFloat(strings.TrimSuffix(args[0], "%"), 64)
			if err != nil {
				return fault.Field("percent", "must be a number from 0 to 100, not %q", args[0])
			}
			message := strings.Join(args[1:], "")
			if err := guard.CheckProgress(&percent, message); err != nil {
				return err
			}
			return report(cmd.Context(), func(c *guard.JobClient) error { return c.Progress(percent, message) })
		},
	}
}

// report calls the keeper of the job in which this program runs.
func report(ctx context.Context, send func(*guard.JobClient) error) error {
	ctx, cancel := context.WithTimeout(ctx, reportWithin)
	defer cancel()
	c, err := guard.DialJob(ctx, os.Getenv("SEGNO_SOCKET"))
	if err != nil {
		return err
	}
	defer c.Close()
	if err := send(c); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}
