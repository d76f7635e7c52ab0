package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/cmd/segno/manifest"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

func newPlanCommand(a *app) *cobra.Command {
	cmd := group("plan", "Execution plans: tasks that follow one another", `A plan is a graph of tasks: nodes, groups of nodes that run at once, and edges on ok, on error or after. docs/plans.md
describes its documents; segno apply takes them too.`, `  segno plan create -f nightly.yaml
  segno plan run nightly --param date=2026-01-31 --follow
  segno plan runs nightly
  segno plan resume 01JD3Z5M7QW8X9Y0ABCDEFGHJK`)
	cmd.AddCommand(newPlanListCommand(a), newPlanShowCommand(a), newPlanCreateCommand(a), newPlanEditCommand(a),
		newDeleteCommand(a, "plan", "Delete a plan; its runs stay", "segno plan delete nightly", planNames, (*client.Client).DeletePlan),
		newPlanRunCommand(a), newPlanRunsCommand(a), newPlanStatusCommand(a), newPlanCancelCommand(a), newPlanResumeCommand(a))
	return cmd
}

func planNames(ctx context.Context, c *client.Client, typed string) ([]string, error) {
	got, err := c.Plans(ctx, plan.Filter{Query: typed}, client.PageRequest{Limit: 500})
	return each(got.Items, func(p wire.Plan) string { return p.Name + "\t" + line(p.Description) }), err
}

func planRunNames(ctx context.Context, c *client.Client, _ string) ([]string, error) {
	got, err := c.PlanRuns(ctx, plan.RunFilter{}, client.PageRequest{Limit: 100})
	return each(got.Items, func(r wire.PlanRun) string { return string(r.ID) + "\t" + r.Plan + " " + string(r.State) }), err
}

func newPlanListCommand(a *app) *cobra.Command {
	var f plan.Filter
	cmd := &cobra.Command{
		Use: "list", Short: "List plans", Example: "  segno plan list\n  segno plan list --task load-orders", Args: cobra.NoArgs,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, _ []string) error {
			plans, more, err := fetch(0, func(p client.PageRequest) (wire.Page[wire.Plan], error) { return c.Plans(ctx, f, p) })
			if err != nil {
				return err
			}
			return list(a, plans, more, "There are no plans. `segno plan create` or `segno apply` makes one.",
				[]string{"name", "nodes", "changed", "description"}, func(p wire.Plan) []string {
					return []string{p.Name, fmt.Sprint(len(p.Nodes)), a.ago(&p.UpdatedAt), line(p.Description)}
				})
		}),
	}
	cmd.Flags().StringVar(&f.Query, "name", "", "only plans whose name contains this")
	cmd.Flags().StringVar(&f.Task, "task", "", "only plans that run this task")
	complete(cmd, "task", a.completes(true, taskNames))
	return cmd
}

func newPlanShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Aliases: []string{"get"}, Short: "Show a plan as a graph", Args: cobra.ExactArgs(1),
		Example:           "  segno plan show nightly\n  segno plan show nightly -o yaml",
		ValidArgsFunction: a.completes(false, planNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			p, err := c.Plan(ctx, args[0])
			if err != nil {
				return err
			}
			return a.print(p, func() {
				a.facts([][2]string{
					{"name", p.Name}, {"description", line(p.Description)}, {"labels", pairs(p.Labels)}, {"parameters", pairs(p.Params)},
					{"limits", planLimitsWord(p.Spec)}, {"kept", planRetentionWord(p.Retention)}, {"changed", clock(&p.UpdatedAt)}, {"version", fmt.Sprint(p.Version)},
				}...)
				a.println()
				for _, l := range drawPlan(p.Spec).lines(a.style(), 0) {
					a.println(l)
				}
			})
		}),
	}
}

func newPlanCreateCommand(a *app) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "create -f FILE", Short: "Make plans from a file", Args: cobra.NoArgs,
		Long:    "create makes plans from the documents of a file, each together with its triggers or not at all. A plan that exists is refused; segno apply is for changing it.",
		Example: "  segno plan create -f nightly.yaml",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, _ []string) error {
			if file == "" {
				return usagef("give a file with --file")
			}
			docs, err := manifest.Load(a.in, file)
			if err != nil {
				return err
			}
			for _, doc := range docs {
				if doc.Kind != manifest.KindPlan {
					return fmt.Errorf("%s:%d: is a %s; `segno apply` takes every kind", doc.File, doc.Line, doc.Kind)
				}
			}
			return a.createPlans(ctx, c, docs)
		}),
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "YAML `file` with plans, or - for standard input")
	return cmd
}

func (a *app) createPlans(ctx context.Context, c *client.Client, docs []manifest.Document) error {
	var errs []error
	made := []wire.Plan{}
	for _, doc := range docs {
		err := doc.Plan.Validate()
		var p wire.Plan
		if err == nil {
			p, err = c.CreatePlan(ctx, *doc.Plan, doc.TriggerSpecs()...)
		}
		if err != nil {
			errs = append(errs, located(doc, err))
			continue
		}
		made = append(made, p)
	}
	if len(made) > 0 {
		if err := a.print(map[string][]wire.Plan{"items": made}, func() {
			for _, p := range made {
				a.printf("plan %s created. Run it: segno plan run %s --follow\n", p.Name, p.Name)
			}
		}); err != nil {
			return err
		}
	}
	return errors.Join(errs...)
}

func newPlanRunCommand(a *app) *cobra.Command {
	var params map[string]string
	var key string
	var follow, cancel bool
	cmd := &cobra.Command{
		Use: "run NAME", Aliases: []string{"start"}, Short: "Run a plan", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completes(false, planNames),
		Long: `run requests a run of a plan. With --follow it shows the graph with what each node does until the plan run has ended; away
from a terminal it prints a line for each change of a node. The exit code is then 0 for a plan run that succeeded, 1 for one
that failed and 130 for one that was cancelled. A plan run that waits for another one of its plan (max_concurrent) says so.

Ctrl-C ends the following and leaves the plan run; with --cancel-on-interrupt it cancels it. Either way the exit code is 130.`,
		Example: `  segno plan run nightly --follow
  segno plan run nightly --param date=2026-01-31
  segno plan run nightly --idempotency-key "$CI_PIPELINE_ID" -o json | jq -r .id`,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			if cancel && !follow {
				return usagef("--cancel-on-interrupt serves only with --follow")
			}
			r, err := c.StartPlanRun(ctx, args[0], wire.PlanRunRequest{Params: params}, key)
			if err != nil {
				return err
			}
			if follow {
				return a.followPlan(ctx, c, r, cancel)
			}
			return a.print(r, func() {
				a.println(r.ID)
				doing := a.errStyle().state(string(r.State))
				if r.State == plan.Waiting {
					doing = line(r.Reason)
				}
				a.note("Plan run of %s %s. Follow it: segno plan status %s --follow", r.Plan, doing, r.ID)
			})
		}),
	}
	flags := cmd.Flags()
	flags.StringToStringVar(&params, "param", nil, "parameter of the plan, as `k=v`")
	flags.StringVar(&key, "idempotency-key", "", "`key` under which the same request gives the same plan run")
	flags.BoolVarP(&follow, "follow", "f", false, "show the graph until the plan run has ended")
	flags.BoolVar(&cancel, "cancel-on-interrupt", false, "with --follow: Ctrl-C cancels the plan run")
	return cmd
}

func newPlanRunsCommand(a *app) *cobra.Command {
	var states []string
	var limit int
	cmd := &cobra.Command{
		Use: "runs [NAME]", Short: "List runs of plans, newest first", Args: cobra.MaximumNArgs(1), ValidArgsFunction: a.completes(false, planNames),
		Example: "  segno plan runs\n  segno plan runs nightly --state failed",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			var f plan.RunFilter
			if len(args) > 0 {
				f.Plan = args[0]
			}
			for _, s := range states {
				f.States = append(f.States, plan.State(s))
			}
			runs, more, err := fetch(limit, func(p client.PageRequest) (wire.Page[wire.PlanRun], error) { return c.PlanRuns(ctx, f, p) })
			if err != nil {
				return err
			}
			return list(a, runs, more, "There are no plan runs.", []string{"id", "plan", "state", "nodes", "started", "took", "reason"}, func(r wire.PlanRun) []string {
				return []string{string(r.ID), r.Plan, a.style().state(string(r.State)), countsWord(r.Counts), a.ago(&r.StartedAt), a.tookSince(&r.StartedAt, r.EndedAt), line(r.Reason)}
			})
		}),
	}
	cmd.Flags().StringSliceVar(&states, "state", nil, "only plan runs in these `states`: waiting, running, stopping, succeeded, failed, cancelled")
	cmd.Flags().IntVar(&limit, "limit", 20, "how many to list; 0 is all")
	complete(cmd, "state", cobra.FixedCompletions(each(plan.States(), func(s plan.State) string { return string(s) }), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// countsWord says how many nodes have ended, of how many.
func countsWord(counts map[plan.NodeState]int) string {
	ended, all := 0, 0
	for s, n := range counts {
		all += n
		if s.Final() {
			ended += n
		}
	}
	return fmt.Sprintf("%d/%d", ended, all)
}

// tookSince says how long something took, or has taken so far.
func (a *app) tookSince(from, to *wire.Time) string {
	switch {
	case from == nil:
		return ""
	case to == nil:
		return span(a.now().Sub(from.Time))
	}
	return span(to.Sub(from.Time))
}

func newPlanStatusCommand(a *app) *cobra.Command {
	var follow bool
	cmd := &cobra.Command{
		Use: "status ID", Short: "Show a plan run with the state of each node", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completes(false, planRunNames),
		Example: "  segno plan status 01JD3Z5M7QW8X9Y0ABCDEFGHJK\n  segno plan status 01JD3Z5M7QW8X9Y0ABCDEFGHJK --follow",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			r, err := c.PlanRun(ctx, plan.RunID(args[0]))
			if err != nil {
				return err
			}
			if follow {
				return a.followPlan(ctx, c, r, false)
			}
			return a.print(r, func() {
				for _, l := range a.planRunLines(r, a.style(), 0) {
					a.println(l)
				}
			})
		}),
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "show the graph until the plan run has ended")
	return cmd
}

func newPlanCancelCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "cancel ID …", Short: "Start nothing more of a plan run, and stop what runs", Args: cobra.MinimumNArgs(1),
		Example: "  segno plan cancel 01JD3Z5M7QW8X9Y0ABCDEFGHJK", ValidArgsFunction: a.completes(true, planRunNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			for _, id := range args {
				r, err := c.CancelPlanRun(ctx, plan.RunID(id))
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

func newPlanResumeCommand(a *app) *cobra.Command {
	var follow bool
	cmd := &cobra.Command{
		Use: "resume ID", Short: "Let a plan run that failed or was cancelled go on", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completes(false, planRunNames),
		Long: `resume starts again at the nodes that did not succeed. Nodes that succeeded keep their results and their outputs, unless
they ran because of one that starts again.`,
		Example: "  segno plan resume 01JD3Z5M7QW8X9Y0ABCDEFGHJK --follow",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			r, err := c.ResumePlanRun(ctx, plan.RunID(args[0]))
			if err != nil {
				return err
			}
			if follow {
				return a.followPlan(ctx, c, r, false)
			}
			return a.print(r, func() { a.printf("%s %s\n", r.ID, a.style().state(string(r.State))) })
		}),
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "show the graph until the plan run has ended")
	return cmd
}

// planLimitsWord says how many runs of a plan go on at once, and what becomes of further ones.
func planLimitsWord(s plan.Spec) string {
	return limitsWord(task.Spec{MaxConcurrent: s.MaxConcurrent, WhenBusy: s.WhenBusy, MaxQueued: s.MaxQueued, MaxQueueTime: s.MaxQueueTime})
}
