package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
)

func newSummaryCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "summary", Short: "Say how much runs, and what a person should look at now", Args: cobra.NoArgs,
		Long: `summary shows the numbers of the fleet: job servers by status, runs that have not ended by state, and how the runs of the
last half hour ended. Below it lists what needs a person, each with the command that shows more.`,
		Example: "  segno summary\n  segno summary -o json | jq .open_runs.queued",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, _ []string) error {
			s, err := c.Summary(ctx)
			if err != nil {
				return err
			}
			return a.print(s, func() { a.showSummary(s) })
		}),
	}
}

func (a *app) showSummary(s wire.Summary) {
	servers, open := s.Servers, s.OpenRuns
	a.facts(
		[2]string{"servers", a.tally("none have joined", []tallied{
			{servers.Online, "online"}, {servers.Draining, "draining"}, {servers.Disabled, "disabled"},
			{servers.Unreachable, "unreachable"}, {servers.Unavailable, "unavailable"}, {servers.NeverSeen, "never_seen"},
		})},
		[2]string{"open runs", a.tally("none", []tallied{
			{open.Running, "running"}, {open.Starting, "starting"}, {open.Queued, "queued"}, {open.Unknown, "unknown"}, {open.Stopping, "stopping"},
		})},
		[2]string{"last half hour", a.ends(s.Minutes)},
	)
	needs := a.needs(s)
	if len(needs) == 0 {
		a.printf("\n%s\n", a.style().green("Nothing needs attention."))
		return
	}
	a.println()
	a.table([]string{"needs attention", "see"}, needs)
}

// tallied is how many there are in a state.
type tallied struct {
	n     int64
	state string
}

// tally writes numbers with their states, without those of which there are none.
func (a *app) tally(nothing string, all []tallied) string {
	var parts []string
	for _, t := range all {
		if t.n > 0 {
			parts = append(parts, a.style().as(t.state, fmt.Sprintf("%d %s", t.n, spaced(t.state))))
		}
	}
	if len(parts) == 0 {
		return nothing
	}
	return strings.Join(parts, ", ")
}

// spaced is the word of a state as people write it.
func spaced(state string) string { return strings.ReplaceAll(state, "_", " ") }

// ends says how the runs that were requested in some minutes ended.
func (a *app) ends(minutes []wire.SummaryMinute) string {
	var well, otherwise, open int64
	for _, m := range minutes {
		well, otherwise, open = well+m.Succeeded, otherwise+m.Unsuccessful, open+m.Open
	}
	if well+otherwise+open == 0 {
		return "no runs requested"
	}
	text := fmt.Sprintf("%s requested: %s", count(int(well+otherwise+open), "run"), a.style().as("succeeded", fmt.Sprintf("%d succeeded", well)))
	if otherwise > 0 {
		text += ", " + a.style().as("failed", fmt.Sprintf("%d ended otherwise", otherwise))
	}
	if open > 0 {
		text += fmt.Sprintf(", %d not ended", open)
	}
	return text
}

// needs lists what a person should look at, the gravest first, each with the command that shows it.
func (a *app) needs(s wire.Summary) [][]string {
	waited := ""
	if s.OldestQueuedAt != nil {
		waited = ", the oldest since " + clock(s.OldestQueuedAt)
	}
	var rows [][]string
	for _, need := range []struct {
		n                    int64
		state, one, many     string
		addition, toSeeThese string
	}{
		{s.Servers.Unavailable, "unavailable", "server is unavailable", "servers are unavailable", "", "segno server list --status unavailable"},
		{s.Servers.Unreachable, "unreachable", "server is unreachable", "servers are unreachable", "", "segno server list --status unreachable"},
		{s.OpenRuns.Unknown, "unknown", "run is on a server that is not heard from", "runs are on servers that are not heard from", "", "segno run list --state unknown"},
		{s.Failed, "failed", "run failed within a day", "runs failed within a day", "", "segno run list --state failed,timed_out,lost --since 24h"},
		{s.Late, "failed", "run is late", "runs are late", "", "segno run list --late"},
		{s.WaitLong, "queued", "run waits for more than a minute", "runs wait for more than a minute", waited, "segno run list --state queued"},
		{s.Pauses, "queued", "pause holds up several triggers", "pauses hold up several triggers", "", "segno trigger pauses"},
		{s.PausedTriggers, "queued", "trigger is paused", "triggers are paused", "", "segno trigger list --paused"},
		{s.DeadDeliveries, "failed", "notification was given up", "notifications were given up", "", "segno notification delivery list --state dead"},
	} {
		if need.n == 0 {
			continue
		}
		words := need.many
		if need.n == 1 {
			words = need.one
		}
		rows = append(rows, []string{a.style().as(need.state, fmt.Sprintf("%d %s%s", need.n, words, need.addition)), need.toSeeThese})
	}
	return rows
}
