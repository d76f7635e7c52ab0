package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

func newRunResetCommand(a *app) *cobra.Command {
	return newTakeUpCommand(a, "reset", "End runs as reset: their tasks are ready to run",
		"reset stops what runs of a run, and ends the run as reset once its attempt is certainly over. Nothing starts by itself.",
		(*client.Client).ResetRun)
}

func newRunRestartCommand(a *app) *cobra.Command {
	return newTakeUpCommand(a, "restart", "Take runs up again from the beginning",
		`restart begins a new attempt from the beginning, with the parameters of the last one, once the present attempt is
certainly over; of a run that has ended otherwise than well at once.`,
		(*client.Client).RestartRun)
}

type takingUp func(c *client.Client, ctx context.Context, id task.RunID) (wire.Run, error)

func newTakeUpCommand(a *app, verb, short, long string, takeUp takingUp) *cobra.Command {
	return &cobra.Command{
		Use: verb + " RUN …", Short: short, Long: long, Example: "  segno run " + verb + " 01JD3Z5M7QW8X9Y0ABCDEFGHJK",
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: a.completes(true, runNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			for _, id := range args {
				r, err := takeUp(c, ctx, task.RunID(id))
				if err != nil {
					return fmt.Errorf("%s %s: %w", verb, id, err)
				}
				if err := a.print(r, func() { a.tellTakenUp(r) }); err != nil {
					return err
				}
			}
			return nil
		}),
	}
}

func newRunRecoverCommand(a *app) *cobra.Command {
	var checkpoint int
	cmd := &cobra.Command{
		Use: "recover RUN", Short: "Take a run up again from a checkpoint", Args: cobra.ExactArgs(1),
		Long: `recover begins a new attempt from the last validated checkpoint, or from another one of the run, with the parameters of
the last attempt, once the present attempt is certainly over; of a run that has ended otherwise than well at once.`,
		Example: `  segno run recover 01JD3Z5M7QW8X9Y0ABCDEFGHJK
  segno run recover 01JD3Z5M7QW8X9Y0ABCDEFGHJK --checkpoint 3`,
		ValidArgsFunction: a.completes(false, runNames),
	}
	cmd.Flags().IntVar(&checkpoint, "checkpoint", 0, "sequence of the checkpoint, see `segno run checkpoints`; by default the last one")
	cmd.RunE = a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
		if checkpoint < 1 && cmd.Flags().Changed("checkpoint") {
			return usagef("--checkpoint must be the sequence of a checkpoint, from 1")
		}
		r, err := c.RecoverRun(ctx, task.RunID(args[0]), checkpoint)
		if err != nil {
			return err
		}
		return a.print(r, func() { a.tellTakenUp(r) })
	})
	return cmd
}

// tellTakenUp says what becomes of a run that was taken up.
func (a *app) tellTakenUp(r wire.Run) {
	state := a.style().state(string(r.State))
	switch {
	case r.Pending != nil:
		a.printf("%s %s: once attempt %d on %s is certainly over, %s.\n", r.ID, state, r.Attempt, text(r.Server), pendingWord(r.Pending))
	case r.Next != nil:
		a.printf("%s %s: it goes on %s\n", r.ID, state, a.nextWord(r.Next))
	default:
		a.printf("%s %s%s\n", r.ID, state, because(r.Reason))
	}
}

var checkpointHeader = []string{"checkpoint", "name", "label", "attempt", "step", "size", "made", "instructions"}

func (a *app) checkpointRow(c wire.Checkpoint) []string {
	step := ""
	if c.Step > 0 {
		step = fmt.Sprint(c.Step)
	}
	return []string{
		fmt.Sprint(c.Sequence), line(c.Name), line(c.Label), fmt.Sprint(c.Attempt), step, size(c.Size), a.ago(&c.CreatedAt),
		shorten(line(c.Instructions), 60),
	}
}

func newRunCheckpointsCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "checkpoints RUN", Short: "List the checkpoints of a run", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completes(false, runNames),
		Example: `  segno run checkpoints 01JD3Z5M7QW8X9Y0ABCDEFGHJK
  segno run checkpoints 01JD3Z5M7QW8X9Y0ABCDEFGHJK -o json | jq -r '.items[].instructions'`,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			checkpoints, err := c.Checkpoints(ctx, task.RunID(args[0]))
			if err != nil {
				return err
			}
			return list(a, checkpoints, false, "The run has no checkpoints.", checkpointHeader, a.checkpointRow)
		}),
	}
}

func newRunCheckpointCommand(a *app) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "checkpoint RUN SEQUENCE", Short: "Download the content of a checkpoint, a tar archive", Args: cobra.ExactArgs(2),
		ValidArgsFunction: a.completes(false, runNames),
		Long: `checkpoint writes the files of a checkpoint as a tar archive: to the file that --output names, else to standard output,
unless that is a terminal. Its hash is checked; a file is there whole or not at all.`,
		Example: `  segno run checkpoint 01JD3Z5M7QW8X9Y0ABCDEFGHJK 3 -o half.tar
  segno run checkpoint 01JD3Z5M7QW8X9Y0ABCDEFGHJK 3 | tar -tv`,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			sequence, err := strconv.Atoi(args[1])
			switch {
			case err != nil || sequence < 1:
				return usagef("%q is no sequence of a checkpoint; `segno run checkpoints %s` lists them", args[1], args[0])
			case file == "" && a.outTerminal:
				return usagef("an archive is nothing to look at: name a file with --output, or - for standard output")
			case file == "" || file == "-":
				_, err := c.CheckpointContent(ctx, task.RunID(args[0]), sequence, a.out)
				return err
			}
			return a.save("checkpoint", file, func(w io.Writer) (int64, error) {
				return c.CheckpointContent(ctx, task.RunID(args[0]), sequence, w)
			})
		}),
	}
	// This flag stands in the place of the global one: the answer is no document.
	cmd.Flags().StringVarP(&file, "output", "o", "", "`file` to write; - for standard output")
	return cmd
}

// save downloads into a file beside the one that is meant, and puts it in its place once it is whole.
func (a *app) save(what, file string, download func(io.Writer) (int64, error)) (err error) {
	part, err := os.CreateTemp(filepath.Dir(file), ".segno-"+what+"-*")
	if err != nil {
		return fmt.Errorf("write the %s: %w", what, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(part.Name()))
		}
	}()
	n, err := download(part)
	if err := errors.Join(err, part.Close()); err != nil {
		return err
	}
	if err := os.Rename(part.Name(), file); err != nil {
		return fmt.Errorf("write the %s: %w", what, err)
	}
	a.note("%s: %s", file, size(n))
	return nil
}

func newRunRecoverableCommand(a *app) *cobra.Command {
	var taskName string
	var limit int
	cmd := &cobra.Command{
		Use: "recoverable", Short: "List runs that failed, timed out or were lost, and what they can be taken up from", Args: cobra.NoArgs,
		Long: `recoverable lists runs that failed, timed out or were lost, newest first, with their checkpoints, and for each of those
what its job wrote for whoever takes the run up again. See segno run recover and segno run restart.`,
		Example: "  segno run recoverable\n  segno run recoverable --task load-orders -o json",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, _ []string) error {
			if limit < 0 {
				return usagef("--limit must not be negative")
			}
			runs, more, err := fetch(limit, func(p client.PageRequest) (wire.Page[wire.Recoverable], error) {
				return c.RecoverableRuns(ctx, taskName, p)
			})
			if err != nil {
				return err
			}
			return a.print(map[string][]wire.Recoverable{"items": append([]wire.Recoverable{}, runs...)}, func() { a.showRecoverable(runs, more) })
		}),
	}
	cmd.Flags().StringVar(&taskName, "task", "", "only runs of this task")
	cmd.Flags().IntVar(&limit, "limit", 20, "how many; 0 for all")
	complete(cmd, "task", a.completes(true, taskNames))
	return cmd
}

func (a *app) showRecoverable(runs []wire.Recoverable, more bool) {
	if len(runs) == 0 {
		a.note("There are no such runs.")
		return
	}
	var rows [][]string
	for _, r := range runs {
		head := []string{string(r.Run.ID), r.Run.Task, a.style().state(string(r.Run.State)), a.ago(r.Run.EndedAt)}
		if len(r.Checkpoints) == 0 {
			rows = append(rows, append(head, "none: only from the beginning", "", ""))
		}
		for _, c := range slices.Backward(r.Checkpoints) {

			rows = append(rows, append(head, fmt.Sprintf("%d %s", c.Sequence, line(c.Name)), a.ago(&c.CreatedAt), line(c.Instructions)))
			head = []string{"", "", "", ""}
		}
	}
	a.table([]string{"run", "task", "state", "ended", "checkpoint", "made", "instructions"}, rows)
	if more {
		a.note("There are more; ask for them with --limit.")
	}
}
