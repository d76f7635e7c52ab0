package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

func newTriggerPauseCommand(a *app) *cobra.Command {
	var reason string
	var all bool
	cmd := &cobra.Command{
		Use: "pause (OWNER [NAME …] | --all)", Short: "Keep triggers from being due: some, all of a task or plan, or all",
		Long: `pause holds up some triggers of a task or plan, all of its triggers, or all there are. Until they are resumed they have no
occurrences, and what they would have been due for is not made up for.`,
		Example: `  segno trigger pause load-orders nightly
  segno trigger pause load-orders --reason "the database is moved"
  segno trigger pause plan:nightly
  segno trigger pause --all`,
		ValidArgsFunction: a.completes(true, ownerNames, triggerNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			return a.eachTrigger(args, all, func(owner task.Owner, name string) error {
				if name == "" {
					_, err := c.PauseTriggers(ctx, owner, reason)
					return err
				}
				_, err := c.PauseTrigger(ctx, owner, name, reason)
				return err
			}, "paused")
		}),
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, in a sentence")
	cmd.Flags().BoolVar(&all, "all", false, "all triggers of all tasks and plans")
	return cmd
}

func newTriggerResumeCommand(a *app) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "resume (OWNER [NAME …] | --all)", Short: "End a pause of triggers",
		Long: `resume ends what pause began, at the same level: a trigger that was paused by itself stays so when all of its owner
are resumed.`,
		Example: `  segno trigger resume load-orders nightly
  segno trigger resume load-orders
  segno trigger resume --all`,
		ValidArgsFunction: a.completes(true, ownerNames, triggerNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			return a.eachTrigger(args, all, func(owner task.Owner, name string) error {
				if name == "" {
					_, err := c.ResumeTriggers(ctx, owner)
					return err
				}
				_, err := c.ResumeTrigger(ctx, owner, name)
				return err
			}, "resumed")
		}),
	}
	cmd.Flags().BoolVar(&all, "all", false, "the pause of all triggers")
	return cmd
}

func newTriggerPausesCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "pauses", Short: "List what holds up all triggers of a task or plan, or all there are", Args: cobra.NoArgs,
		Long:    "pauses lists who paused what and why, failed runs of tasks with pause_on_error too. segno trigger resume ends a pause.",
		Example: "  segno trigger pauses",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, _ []string) error {
			got, err := c.Pauses(ctx)
			if err != nil {
				return err
			}
			return list(a, got.Items, false, "Nothing holds up the triggers of a task or plan, or all. `segno trigger list --paused` lists those paused by themselves.",
				[]string{"triggers of", "since", "by", "reason"}, func(p wire.Pause) []string {
					return []string{first(ownerWord(p.Task, p.Plan), "everything"), clock(&p.At), line(p.By), line(p.Reason)}
				})
		}),
	}
}

// eachTrigger does something to the triggers that the arguments name: some of a task or plan, all of it, or
// all there are.
func (a *app) eachTrigger(args []string, all bool, do func(owner task.Owner, name string) error, done string) error {
	switch {
	case all && len(args) > 0:
		return usagef("give a task or plan, or --all, not both")
	case all:
		if err := do(task.Owner{}, ""); err != nil {
			return err
		}
		a.note("all triggers %s.", done)
		return nil
	case len(args) == 0:
		return usagef("give a task or plan, with or without triggers of it, or --all")
	}
	owner, err := ownerArg(args)
	if err != nil {
		return err
	}
	if len(args) == 1 {
		if err := do(owner, ""); err != nil {
			return err
		}
		a.note("triggers of %s %s.", args[0], done)
		return nil
	}
	for _, name := range args[1:] {
		if err := do(owner, name); err != nil {
			return err
		}
		a.note("trigger %s of %s %s.", name, args[0], done)
	}
	return nil
}
