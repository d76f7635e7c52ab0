package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

func newTriggerPreviewCommand(a *app) *cobra.Command {
	var f triggerFlags
	var from string
	var number int
	cmd := &cobra.Command{
		Use: "preview [OWNER NAME]", Short: "Show the next times of a trigger, and what clocks and calendars do to them",
		Long: `preview shows when a trigger of a task or plan is due next, or one that the flags describe. What a change of the clock or a calendar
does to a time is said beside it; times that are left out are shown, too.`,
		Example: `  segno trigger preview load-orders nightly --count 20
  segno trigger preview --cron "30 2 * * *" --timezone Europe/Paris --from 2026-03-28T00:00:00Z`,
		ValidArgsFunction: a.completes(false, ownerNames, triggerNames),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 0 && len(args) != 2 {
				return usagef("give a task or plan and the name of its trigger, or flags that describe one")
			}
			return nil
		},
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			begin, err := a.beginning(from)
			if err != nil {
				return err
			}
			got, err := previewed(ctx, c, args, &f, begin, number)
			if err != nil {
				return err
			}
			return list(a, got.Items, false, "It is not due any more.", []string{"local time", "utc", "starts", "note"}, a.previewRow)
		}),
	}
	f.add(a, cmd)
	cmd.Flags().StringVar(&from, "from", "", "first `instant`; by default now")
	cmd.Flags().IntVar(&number, "count", 10, "how many occurrences to show")
	return cmd
}

func previewed(ctx context.Context, c *client.Client, args []string, f *triggerFlags, from time.Time, number int) (wire.Page[wire.Preview], error) {
	owner, err := ownerArg(args)
	if err != nil {
		return wire.Page[wire.Preview]{}, err
	}
	if len(args) == 2 {
		return c.PreviewTrigger(ctx, owner, args[1], from, number)
	}
	spec, err := f.trigger("")
	if err != nil {
		return wire.Page[wire.Preview]{}, err
	}
	return c.PreviewSpec(ctx, owner, spec, from, number)
}

// beginning reads the flag --from.
func (a *app) beginning(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return instantFlag("from", text)
}

func (a *app) previewRow(p wire.Preview) []string {
	const layout = "2006-01-02 15:04:05"
	starts := a.style().dim("not due")
	if p.Due {
		starts = p.DueAt.UTC().Format(layout)
	}
	return []string{p.Local, p.ScheduledFor.UTC().Format(layout), starts, p.Note}
}

func newOccurrencesCommand(a *app) *cobra.Command {
	var f task.OccurrenceFilter
	var limit int
	cmd := &cobra.Command{
		Use: "occurrences [OWNER [NAME]]", Short: "List what became of due instants, newest first", Args: cobra.MaximumNArgs(2),
		Example:           "  segno trigger occurrences load-orders\n  segno trigger occurrences load-orders nightly --skipped\n  segno trigger occurrences plan:nightly",
		ValidArgsFunction: a.completes(false, ownerNames, triggerNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			owner, err := ownerArg(args)
			if err != nil {
				return err
			}
			f.Owner = owner
			if len(args) > 1 {
				f.Trigger = args[1]
			}
			all, more, err := fetch(limit, func(p client.PageRequest) (wire.Page[wire.Occurrence], error) { return c.Occurrences(ctx, f, p) })
			if err != nil {
				return err
			}
			return list(a, all, more, "Nothing was due yet.", []string{"scheduled for", "owner", "trigger", "outcome"}, func(o wire.Occurrence) []string {
				return []string{clock(&o.ScheduledFor), ownerWord(o.Task, o.Plan), o.Trigger, outcomeWord(o)}
			})
		}),
	}
	cmd.Flags().BoolVar(&f.Skipped, "skipped", false, "only those without a run")
	cmd.Flags().IntVar(&limit, "limit", 50, "most to list; 0 lists all")
	return cmd
}

func newForecastCommand(a *app) *cobra.Command {
	var within time.Duration
	var limit int
	cmd := &cobra.Command{
		Use: "forecast [OWNER]", Short: "List what is due next, soonest first", Args: cobra.MaximumNArgs(1),
		Example: "  segno trigger forecast\n  segno trigger forecast load-orders --within 168h", ValidArgsFunction: a.completes(false, ownerNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			owner, err := ownerArg(args)
			if err != nil {
				return err
			}
			got, err := c.Forecast(ctx, owner, a.now().Add(within), limit)
			if err != nil {
				return err
			}
			return list(a, got.Items, false, "Nothing is due within "+span(within)+".", []string{"scheduled for", "owner", "trigger"}, func(f wire.Forecast) []string {
				return []string{clock(&f.ScheduledFor), ownerWord(f.Task, f.Plan), f.Trigger}
			})
		}),
	}
	cmd.Flags().DurationVar(&within, "within", 24*time.Hour, "how far to look ahead")
	cmd.Flags().IntVar(&limit, "limit", 50, "most to list")
	return cmd
}
