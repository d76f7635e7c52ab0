package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

func newSettingsCommand(a *app) *cobra.Command {
	cmd := group("settings", "Settings that hold for everything", "", "  segno settings retention --age 720h")
	cmd.AddCommand(newRetentionCommand(a))
	return cmd
}

func newRetentionCommand(a *app) *cobra.Command {
	var runs, logRuns, checkpointRuns, newest int
	var age, logs, checkpoints, events, occurrences time.Duration
	cmd := &cobra.Command{
		Use: "retention", Short: "Show or change for how long runs, events and occurrences are kept", Args: cobra.NoArgs,
		Long: `retention shows the rules by which runs that have ended, events and occurrences of triggers are kept. With flags it changes
what is given and leaves the rest; 0 is without limit. A task or plan may have rules of its own, under the key retention; a run
that is pinned (segno run pin) is kept whatever they say.`,
		Example: `  segno settings retention
  segno settings retention --runs 5000 --age 720h
  segno settings retention --log-age 168h`,
	}
	flags := cmd.Flags()
	flags.IntVar(&runs, "runs", 1000, "how many of the newest runs of each task, and of each plan, are kept")
	flags.DurationVar(&age, "age", 0, "how long a run is kept after its end")
	flags.IntVar(&logRuns, "log-runs", 0, "of how many of the newest runs of each task the output is kept; 0 is of all that are kept")
	flags.DurationVar(&logs, "log-age", 0, "how long the output of a run is kept after its end; 0 is as long as the run")
	flags.IntVar(&checkpointRuns, "checkpoint-runs", 0, "of how many of the newest runs of each task the checkpoints are kept; 0 is of all that are kept")
	flags.DurationVar(&checkpoints, "checkpoint-age", 0, "how long the checkpoints of a run are kept after its end; 0 is as long as the run")
	flags.DurationVar(&events, "event-age", 0, "how long events are kept")
	flags.IntVar(&newest, "occurrences", 0, "how many of the newest occurrences of the triggers of each task and plan are kept")
	flags.DurationVar(&occurrences, "occurrence-age", 0, "how long occurrences of triggers are kept")
	cmd.RunE = a.withClient(func(ctx context.Context, c *client.Client, _ []string) error {
		patch := given(cmd, map[string]any{
			"runs": runs, "age": task.Duration(age), "log_age": task.Duration(logs), "checkpoint_age": task.Duration(checkpoints),
			"event_age": task.Duration(events), "occurrence_age": task.Duration(occurrences),
			"log_runs": logRuns, "checkpoint_runs": checkpointRuns, "occurrences": newest,
		})
		r, err := c.Retention(ctx)
		if err == nil && len(patch) > 0 {
			r, err = c.PatchRetention(ctx, r.Version, patch)
		}
		if err != nil {
			return err
		}
		return a.print(r, func() { a.showRetention(r) })
	})
	return cmd
}

func (a *app) showRetention(r wire.Retention) {
	changed := "never; these are the defaults"
	if r.UpdatedAt != nil {
		changed = clock(r.UpdatedAt)
	}
	a.facts([][2]string{
		{"runs", newestWord(r.Runs, "each task and plan", ageWord(r.Age, "for ever"))},
		{"output", newestWord(r.LogRuns, "each task", ageWord(r.LogAge, "as long as its run"))},
		{"checkpoints", newestWord(r.CheckpointRuns, "each task", ageWord(r.CheckpointAge, "as long as their run"))},
		{"events", ageWord(r.EventAge, "for ever")},
		{"occurrences", newestWord(r.Occurrences, "each task and plan", ageWord(r.OccurrenceAge, "for ever"))}, {"changed", changed},
	}...)
}

// newestWord says how many are kept, and for how long.
func newestWord(n int, of, age string) string {
	if n == 0 {
		return "all, " + age
	}
	return fmt.Sprintf("the newest %d of %s, %s", n, of, age)
}

// ageWord says for how long something is kept.
func ageWord(d task.Duration, without string) string {
	if d == 0 {
		return without
	}
	if days := time.Duration(d) / (24 * time.Hour); time.Duration(d)%(24*time.Hour) == 0 {
		return "for " + count(int(days), "day")
	}
	return "for " + durationWord(d)
}

// retentionWord says in a few words what is kept of a task's runs and occurrences by rules of its own.
func retentionWord(r *task.Retention) string {
	if r == nil {
		return ""
	}
	words := ""
	add := func(w string) {
		if words != "" {
			words += "; "
		}
		words += w
	}
	number := func(n *int, of, one, any string) {
		switch {
		case n != nil && *n > 0:
			add(of + count(*n, one))
		case n != nil:
			add(of + any)
		}
	}
	age := func(d *task.Duration, of, without string) {
		if d != nil {
			add(of + ageWord(*d, without))
		}
	}
	number(r.Runs, "", "run", "any number of runs")
	age(r.Age, "", "for ever")
	number(r.LogRuns, "output of ", "run", "all runs")
	age(r.LogAge, "output ", "as long as its run")
	number(r.CheckpointRuns, "checkpoints of ", "run", "all runs")
	age(r.CheckpointAge, "checkpoints ", "as long as their run")
	number(r.Occurrences, "", "occurrence", "any number of occurrences")
	age(r.OccurrenceAge, "occurrences ", "for ever")
	return words
}

// planRetentionWord says the same of a plan.
func planRetentionWord(r *plan.Retention) string {
	if r == nil {
		return ""
	}
	rules := r.Rules()
	return retentionWord(&rules)
}

func newRunPinCommand(a *app) *cobra.Command {
	return a.pinCommand("pin RUN …", "Keep runs, whatever the rules of retention say", "%s is pinned: it is kept.", (*client.Client).PinRun)
}

func newRunUnpinCommand(a *app) *cobra.Command {
	return a.pinCommand("unpin RUN …", "Leave runs to the rules of retention again", "%s is pinned no more.", (*client.Client).UnpinRun)
}

func (a *app) pinCommand(use, short, told string, do func(*client.Client, context.Context, task.RunID) (wire.Run, error)) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: cobra.MinimumNArgs(1), ValidArgsFunction: a.completes(true, runNames),
		Example: "  segno run " + use[:len(use)-len("RUN …")] + "01JD3Z5M7QW8X9Y0ABCDEFGHJK",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			for _, id := range args {
				run, err := do(c, ctx, task.RunID(id))
				if err != nil {
					return err
				}
				if err := a.print(run, func() { a.printf(told+"\n", "run "+string(run.ID)) }); err != nil {
					return err
				}
			}
			return nil
		}),
	}
}
