package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver/guard"
	"github.com/segno-jobs/segno/task"
)

// newCheckpointCommand is for jobs: it hands over state from which the run can go on elsewhere.
func newCheckpointCommand() *cobra.Command {
	var c task.Checkpoint
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "checkpoint NAME [FILE…]",
		Short: "Hand over a checkpoint of the run from within a job",
		Long: "checkpoint hands over files, and folders with all that is in them, under a name. It ends with code 0 only once the\n" +
			"checkpoint is durable at the conductor, and waits for that as long as it takes. A run that is recovered finds the\n" +
			"name in SEGNO_RESUME_FROM and the files below SEGNO_RESUME_DIR.",
		Example: `  jobserver checkpoint loaded state.json out/ --instructions "Check the feed, then recover."`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cmd.SilenceUsage = true
			c.Name = args[0]
			if err := task.CheckCheckpoint(c.Name, c.Label, c.Instructions); err != nil {
				return err
			}
			if timeout < 0 {
				return fault.Field("timeout", "(--timeout) must not be negative")
			}
			return checkpoint(cmd.Context(), c, args[1:], timeout)
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.Label, "label", "", "a label; checkpoints with one are kept as long as the run")
	f.StringVar(&c.Instructions, "instructions", "", "what an operator should know or do if the run fails after it")
	f.DurationVar(&timeout, "timeout", 0, "how long to wait until it is durable; 0 is without limit")
	return cmd
}

func checkpoint(ctx context.Context, c task.Checkpoint, files []string, timeout time.Duration) error {
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	job, err := guard.DialJob(ctx, os.Getenv("SEGNO_SOCKET"))
	if err != nil {
		return err
	}
	defer job.Close()
	// A signal ends the wait.
	defer context.AfterFunc(ctx, func() { _ = job.Close() })()
	if err := job.Checkpoint(ctx, c, files); err != nil {
		return fmt.Errorf("checkpoint %q: %w", c.Name, err)
	}
	return nil
}
