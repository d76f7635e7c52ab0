package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

func newRunCommand(a *app) *cobra.Command {
	cmd := group("run", "Runs: start, list, show, cancel and recover them", "", `  segno run start load-orders --param date=2026-01-31 --follow
  segno run list --state running
  segno run cancel 01JD3Z5M7QW8X9Y0ABCDEFGHJK
  segno run recover 01JD3Z5M7QW8X9Y0ABCDEFGHJK`)
	cmd.AddCommand(newRunStartCommand(a), newRunListCommand(a), newRunShowCommand(a), newRunCancelCommand(a),
		newRunResetCommand(a), newRunRestartCommand(a), newRunRecoverCommand(a), newRunPinCommand(a), newRunUnpinCommand(a),
		newRunCheckpointsCommand(a), newRunCheckpointCommand(a), newRunRecoverableCommand(a))
	return cmd
}

func newRunStartCommand(a *app) *cobra.Command {
	var params map[string]string
	var key string
	var f following
	cmd := &cobra.Command{
		Use: "start TASK", Short: "Start a run of a task", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completes(false, taskNames),
		Long: `start requests a run. With --follow it prints the run's output as it comes, shows its progress on a terminal, and ends
with the exit code of the job; 124 stands for a run that was stopped at its timeout, 125 for one that ended without a
result (lost, reset), 126 for a program that could not be started, 130 for a run that was cancelled.

Ctrl-C ends the following and leaves the run; with --cancel-on-interrupt it cancels the run. Either way the exit code is 130.`,
		Example: `  segno run start load-orders
  segno run start load-orders --param date=2026-01-31 --follow
  segno run start load-orders --idempotency-key "$CI_PIPELINE_ID" -o json | jq -r .id`,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			if f.cancel && !f.follow {
				return usagef("--cancel-on-interrupt serves only with --follow")
			}
			request := wire.RunRequest{Params: params}
			var r wire.Run
			var err error
			if key != "" {
				r, err = c.StartRunWithKey(ctx, args[0], request, key)
			} else {
				r, err = c.StartRun(ctx, args[0], request)
			}
			if err != nil {
				return err
			}
			if f.follow {
				return a.followToEnd(ctx, c, r, f)
			}
			return a.print(r, func() {
				a.println(r.ID)
				a.note("Run of %s %s. Follow it: segno logs -f %s", r.Task, a.errStyle().state(string(r.State)), r.ID)
			})
		}),
	}
	flags := cmd.Flags()
	flags.StringToStringVar(&params, "param", nil, "parameter of the run, as `k=v`")
	flags.StringVar(&key, "idempotency-key", "", "`key` under which the same request gives the same run")
	flags.BoolVar(&f.follow, "follow", false, "print the output as it comes, and end with the job's exit code")
	flags.BoolVar(&f.cancel, "cancel-on-interrupt", false, "with --follow: Ctrl-C cancels the run")
	flags.BoolVar(&f.stderrColor, "stderr-color", false, "with --follow: colour what the job writes to standard error")
	return cmd
}

func newRunListCommand(a *app) *cobra.Command {
	var f task.RunFilter
	var states []string
	var since time.Duration
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "List runs, newest first", Args: cobra.NoArgs,
		Example: `  segno run list
  segno run list --task load-orders --state failed,lost --since 24h
  segno run list --late`,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, _ []string) error {
			if limit < 0 {
				return usagef("--limit must not be negative")
			}
			for _, word := range states {
				if !task.State(word).Valid() {
					return usagef("%q is no state of a run; there are %s", word, strings.Join(stateWords(), ", "))
				}
				f.States = append(f.States, task.State(word))
			}
			if since > 0 {
				f.Since = a.now().Add(-since)
			}
			runs, more, err := fetch(limit, func(p client.PageRequest) (wire.Page[wire.Run], error) { return c.Runs(ctx, f, p) })
			if err != nil {
				return err
			}
			return list(a, runs, more, "There are no such runs.",
				[]string{"id", "task", "state", "server", "attempt", "queued", "took", "exit", "reason"}, a.runRow)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.Task, "task", "", "only runs of this task")
	flags.StringSliceVar(&states, "state", nil, "only runs in these `states`")
	flags.StringVar(&f.Server, "server", "", "only runs on this job server")
	flags.StringVar(&f.VirtualServer, "virtual-server", "", "only runs on this virtual server")
	flags.BoolVar(&f.Late, "late", false, "only runs that have not ended and did not start or end by when they were expected to")
	flags.DurationVar(&since, "since", 0, "only runs requested within this time, such as 24h")
	flags.IntVar(&limit, "limit", 20, "how many; 0 for all")
	complete(cmd, "task", a.completes(true, taskNames))
	complete(cmd, "server", a.completes(true, serverNames))
	complete(cmd, "virtual-server", a.completes(true, virtualServerNames))
	complete(cmd, "state", cobra.FixedCompletions(stateWords(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func stateWords() []string {
	return each(task.States(), func(s task.State) string { return string(s) })
}

func (a *app) runRow(r wire.Run) []string {
	return []string{
		string(r.ID), r.Task, a.style().state(string(r.State)), text(r.Server), fmt.Sprint(r.Attempt), a.ago(&r.QueuedAt), a.took(r),
		number(r.ExitCode), shorten(line(r.Reason), 60),
	}
}

// took says how long a run has run, so far or in all.
func (a *app) took(r wire.Run) string {
	switch {
	case r.StartedAt == nil:
		return ""
	case r.EndedAt == nil:
		return span(a.now().Sub(r.StartedAt.Time))
	}
	return span(r.EndedAt.Sub(r.StartedAt.Time))
}

func number(n *int) string {
	if n == nil {
		return ""
	}
	return fmt.Sprint(*n)
}

func newRunShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "show RUN", Short: "Show a run with its attempts", Example: "  segno run show 01JD3Z5M7QW8X9Y0ABCDEFGHJK", Args: cobra.ExactArgs(1),
		ValidArgsFunction: a.completes(false, runNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			r, err := c.Run(ctx, task.RunID(args[0]))
			if err != nil {
				return err
			}
			return a.print(r, func() { a.showRun(r) })
		}),
	}
}

func (a *app) showRun(r wire.Run) {
	state := a.style().state(string(r.State))
	if r.Reason != "" {
		state += ": " + line(r.Reason)
	}
	progress := ""
	if p := r.Progress; p != nil {
		progress = fmt.Sprintf("%s %.0f %% %s", bar(p.Percent/100, 20), p.Percent, line(p.Message))
	}
	a.facts([][2]string{
		{"run", string(r.ID)}, {"task", r.Task}, {"state", state}, {"exit code", number(r.ExitCode)}, {"progress", progress},
		{"runs on", target(r.Target)}, {"server", text(r.Server)}, {"asked for by", line(strings.TrimSpace(string(r.Cause.Kind) + " " + r.Cause.By))},
		{"scheduled for", clock(r.ScheduledFor)}, {"queued", clock(&r.QueuedAt)}, {"started", clock(r.StartedAt)}, {"ended", clock(r.EndedAt)},
		{"took", a.took(r)}, {"then", pendingWord(r.Pending)}, {"goes on", a.nextWord(r.Next)}, {"failed before", timesWord(r.Tries)},
		{"if unavailable", a.unavailableWord(&r.Policy, r.UnavailableAfter, r.LeaveRunning)}, {"parameters", pairs(r.Params)},
	}...)
	a.warnOfLeaving(r.LeaveRunning)
	if len(r.Outputs) > 0 {
		a.println()
		a.table([]string{"output", "value"}, each(slices.Sorted(maps.Keys(r.Outputs)), func(name string) []string {
			return []string{line(name), line(r.Outputs[name])}
		}))
	}
	if len(r.Attempts) > 0 {
		a.println()
		a.table([]string{"attempt", "server", "state", "started", "ended", "exit", "cpu", "memory", "from", "ground", "reason"}, each(r.Attempts, a.attemptRow))
	}
	if len(r.Checkpoints) > 0 {
		a.println()
		a.table(checkpointHeader, each(r.Checkpoints, a.checkpointRow))
	}
}

func (a *app) attemptRow(t wire.Attempt) []string {
	code, cpu, memory := "", "", ""
	if e := t.Exit; e != nil {
		code, cpu, memory = fmt.Sprint(e.Code), fmt.Sprintf("%.2fs", e.CPU), size(e.PeakMemory)
	}
	from := ""
	if t.ResumedFrom != nil {
		from = "checkpoint " + number(t.ResumedFrom)
	}
	return []string{
		fmt.Sprint(t.Number), t.Server, a.style().state(string(t.State)), clock(t.StartedAt), clock(t.EndedAt), code, cpu, memory,
		from, text(t.Ground), shorten(line(t.Reason), 60),
	}
}

func newRunCancelCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "cancel RUN …", Short: "Stop runs, or keep them from starting", Example: "  segno run cancel 01JD3Z5M7QW8X9Y0ABCDEFGHJK",
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: a.completes(true, runNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			for _, id := range args {
				r, err := c.CancelRun(ctx, task.RunID(id))
				if err != nil {
					return fmt.Errorf("cancel %s: %w", id, err)
				}
				if err := a.print(r, func() { a.printf("%s %s\n", r.ID, a.style().state(string(r.State))) }); err != nil {
					return err
				}
			}
			return nil
		}),
	}
}
