package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/task"
)

func newLogsCommand(a *app) *cobra.Command {
	var f following
	var attempt int
	cmd := &cobra.Command{
		Use: "logs RUN", Short: "Print the output of a run", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completes(false, runNames),
		Long: `logs prints what the newest attempt of a run, or the one named, has written so far: byte for byte, standard output and
standard error in the order in which they came. With -f it goes on until the run has ended, over lost connections too.
Its exit code tells of the printing, not of the run; that is what "segno run start --follow" is for.`,
		Example: `  segno logs 01JD3Z5M7QW8X9Y0ABCDEFGHJK
  segno logs -f --stderr-color 01JD3Z5M7QW8X9Y0ABCDEFGHJK
  segno logs --attempt 1 01JD3Z5M7QW8X9Y0ABCDEFGHJK >first.log`,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			if attempt < 0 {
				return usagef("--attempt counts from 1")
			}
			f.from.Attempt = attempt
			id := task.RunID(args[0])
			// The stream is tried again for ever; a run that does not exist and a conductor that does not answer are told here.
			r, err := c.Run(ctx, id)
			if err != nil {
				return err
			}
			if attempt > r.Attempt {
				return fmt.Errorf("run %s has had %s so far", id, count(r.Attempt, "attempt"))
			}
			if !f.follow {
				return a.printLog(ctx, c, id, f)
			}
			last, err := a.follow(ctx, c, id, f)
			if ctx.Err() != nil && !last.State.Final() {
				return a.interrupted(ctx, c, id, f)
			}
			if err != nil {
				return fmt.Errorf("follow run %s: %w", id, err)
			}
			return nil
		}),
	}
	flags := cmd.Flags()
	flags.BoolVarP(&f.follow, "follow", "f", false, "go on until the run has ended")
	flags.IntVar(&attempt, "attempt", 0, "`number` of the attempt; by default the newest")
	flags.BoolVar(&f.stderrColor, "stderr-color", false, "colour what the job wrote to standard error")
	return cmd
}

// printLog prints what an attempt has written so far.
func (a *app) printLog(ctx context.Context, c *client.Client, id task.RunID, f following) error {
	s := a.newScreen(a.out, a.outTerminal, f.stderrColor)
	s.bar = nil
	for from := f.from; ; {
		chunk, err := c.Log(ctx, id, from, 0)
		if err != nil {
			return err
		}
		for _, p := range chunk.Pieces {
			if err := s.piece(client.LogPiece{At: p.At.Time, Stream: p.Stream, Data: p.Bytes()}); err != nil {
				return err
			}
		}
		next := client.LogPosition{Attempt: chunk.Attempt, Offset: chunk.Next}
		if chunk.End || next.Offset <= from.Offset {
			return nil
		}
		from = next
	}
}
