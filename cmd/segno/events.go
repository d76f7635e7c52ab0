package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

func newEventsCommand(a *app) *cobra.Command {
	var f task.EventFilter
	var follow bool
	var limit int
	cmd := &cobra.Command{
		Use: "events", Short: "Print what happened, and what happens", Args: cobra.NoArgs,
		Long: `events prints the last events, oldest first; with -f it goes on as they happen, over lost connections too, until Ctrl-C.
With -f and -o json each event is one line.`,
		Example: `  segno events
  segno events -f --kind run. --task load-orders
  segno events -f -o json | jq -c 'select(.kind == "run.failed")'`,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, _ []string) error {
			if limit < 1 || limit > 500 {
				return usagef("--limit must be 1 to 500")
			}
			newest := f
			newest.Newest = true
			page, err := c.Events(ctx, newest, client.PageRequest{Limit: limit})
			if err != nil {
				return err
			}
			slices.Reverse(page.Items)
			if !follow {
				return list(a, page.Items, false, "Nothing has happened yet.", []string{"at", "kind", "subject", "what"}, a.eventRow)
			}
			for _, e := range page.Items {
				if err := a.printEvent(e); err != nil {
					return err
				}
				f.After = e.ID
			}
			return c.FollowEvents(ctx, f, a.printEvent)
		}),
	}
	flags := cmd.Flags()
	flags.BoolVarP(&follow, "follow", "f", false, "go on as events happen")
	flags.StringSliceVar(&f.Kinds, "kind", nil, "only events of these `kinds`, or whose kind begins so: run., server.online")
	flags.StringVar(&f.Task, "task", "", "only events of runs of this task")
	flags.StringVar(&f.Subject, "subject", "", "only events of this run, server or other thing")
	flags.IntVar(&limit, "limit", 20, "how many of the last events to begin with")
	complete(cmd, "task", a.completes(true, taskNames))
	return cmd
}

func (a *app) eventRow(e wire.Event) []string {
	return []string{e.At.Local().Format("2006-01-02 15:04:05.000"), e.Kind, line(e.Subject), what(e)}
}

// what says in words what an event is about.
func what(e wire.Event) string {
	s := ""
	if e.Task != e.Subject {
		s = e.Task
	}
	if e.Attempt > 0 {
		s += fmt.Sprintf(" attempt %d", e.Attempt)
	}
	switch {
	case e.From == e.To:
	case e.From == "":
		s += " → " + string(e.To)
	default:
		s += fmt.Sprintf(" %s → %s", e.From, e.To)
	}
	if e.Reason != "" {
		s += " (" + e.Reason + ")"
	}
	return line(s)
}

func (a *app) printEvent(e wire.Event) error {
	switch a.output {
	case "json":
		return json.NewEncoder(a.out).Encode(e)
	case "yaml":
		a.println("---")
		return writeYAML(a.out, e)
	}
	row := a.eventRow(e)
	a.printf("%s  %-22s  %s  %s\n", a.style().dim(row[0]), row[1], row[2], row[3])
	return nil
}
