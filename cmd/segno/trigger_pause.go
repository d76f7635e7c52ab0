package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
)

func newTriggerPauseCommand(a *app) *cobra.Command {
	var reason string
	var all bool
	cmd := &cobra.Command{
		Use: "pause (TASK [NAME …] | --all)", Short: "Keep triggers from being due: some, all of a task, or all",
		Long: `pause holds up some triggers of a task, all of a task, or all there are. Until they are resumed they have no occurrences,
and what they would have been due for is not made up for.`,
		Example: `  segno trigger pause load-orders nightly
  segno trigger pause load-orders --reason "the database is moved"
  segno trigger pause --all`,
		ValidArgsFunction: a.completes(true, taskNames, triggerNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			return a.eachTrigger(args, all, func(taskName, name string) error {
				if name == "" {
					_, err := c.PauseTriggers(ctx, taskName, reason)
					return err
				}
				_, err := c.PauseTrigger(ctx, taskName, name, reason)
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
		Use: "resume (TASK [NAME …] | --all)", Short: "End a pause of triggers",
		Long: `resume ends what pause began, at the same level: a trigger that was paused by itself stays so when all of its task are
resumed.`,
		Example: `  segno trigger resume load-orders nightly
  segno trigger resume load-orders
  segno trigger resume --all`,
		ValidArgsFunction: a.completes(true, taskNames, triggerNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			return a.eachTrigger(args, all, func(taskName, name string) error {
				if name == "" {
					_, err := c.ResumeTriggers(ctx, taskName)
					return err
				}
				_, err := c.ResumeTrigger(ctx, taskName, name)
				return err
			}, "resumed")
		}),
	}
	cmd.Flags().BoolVar(&all, "all", false, "the pause of all triggers")
	return cmd
}

// eachTrigger does something to the triggers that the arguments name: those of a task, all of a task, or all there are.
func (a *app) eachTrigger(args []string, all bool, do func(taskName, name string) error, done string) error {
	switch {
	case all && len(args) > 0:
		return usagef("give a task or --all, not both")
	case all:
		if err := do("", ""); err != nil {
			return err
		}
		a.note("all triggers %s.", done)
		return nil
	case len(args) == 0:
		return usagef("give a task, a task and triggers of it, or --all")
	case len(args) == 1:
		if err := do(args[0], ""); err != nil {
			return err
		}
		a.note("triggers of %s %s.", args[0], done)
		return nil
	}
	for _, name := range args[1:] {
		if err := do(args[0], name); err != nil {
			return err
		}
		a.note("trigger %s of %s %s.", name, args[0], done)
	}
	return nil
}
