package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

// planLook is how often a plan run is looked at without a sign that anything has changed: the progress of jobs is no event.
const planLook = time.Second

// followPlan shows a plan run until it has ended, and returns an error with the exit code that its end stands for.
func (a *app) followPlan(ctx context.Context, c *client.Client, r wire.PlanRun, cancel bool) error {
	view := a.newPlanView()
	end, err := a.watchPlan(ctx, c, r, view)
	if ctx.Err() != nil && !end.State.Final() {
		return a.planInterrupted(ctx, c, r.ID, cancel)
	}
	if err != nil {
		return fmt.Errorf("follow plan run %s: %w", r.ID, err)
	}
	if a.output != "table" {
		if err := a.print(end, nil); err != nil {
			return err
		}
	}
	switch end.State {
	case plan.Succeeded:
		return nil
	case plan.Cancelled:
		return &exit{code: exitInterrupted}
	}
	return &exit{code: exitError}
}

// watchPlan shows each state of a plan run, and returns the last one that was read.
func (a *app) watchPlan(ctx context.Context, c *client.Client, r wire.PlanRun, view planView) (wire.PlanRun, error) {
	ctx, stop := context.WithCancel(ctx)
	news := make(chan struct{}, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		// Where events cannot be had, the looks in between are enough.
		_ = c.FollowEvents(ctx, task.EventFilter{Subject: string(r.ID)}, func(wire.Event) error {
			select {
			case news <- struct{}{}:
			default:
			}
			return nil
		})
	}()
	defer func() { stop(); <-ended }()
	ticker := time.NewTicker(planLook)
	defer ticker.Stop()
	for {
		now, err := c.PlanRun(ctx, r.ID)
		if err != nil {
			return r, err
		}
		r = now
		view.show(r)
		if r.State.Final() {
			return r, nil
		}
		select {
		case <-ctx.Done():
			return r, ctx.Err()
		case <-news:
		case <-ticker.C:
		}
	}
}

// planInterrupted leaves the plan run, or cancels it where that was asked for.
func (a *app) planInterrupted(ctx context.Context, c *client.Client, id plan.RunID, cancel bool) error {
	if !cancel {
		a.note("\nThe plan run goes on.\n  follow it   segno plan status %s --follow\n  stop it     segno plan cancel %s", id, id)
		return &exit{code: exitInterrupted}
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), cancelTime)
	defer stop()
	r, err := c.CancelPlanRun(ctx, id)
	if err != nil {
		return fmt.Errorf("cancel plan run %s: %w", id, err)
	}
	a.note("\nThe plan run is %s.", r.State)
	return &exit{code: exitInterrupted}
}

// planView shows the states of a plan run as they come.
type planView interface{ show(r wire.PlanRun) }

// newPlanView returns a graph that lives where there is a terminal, and else a line for each change of a node.
func (a *app) newPlanView() planView {
	out, terminal := a.logWriter()
	if terminal {
		return &liveGraph{a: a, out: out}
	}
	return &planLines{a: a, out: out, told: map[string]plan.NodeState{}}
}

// liveGraph draws the graph over itself.
type liveGraph struct {
	a   *app
	out io.Writer
	// drawn is how many lines there are to draw over.
	drawn int
}

func (g *liveGraph) show(r wire.PlanRun) {
	lines := g.a.planRunLines(r, style{g.a.colors(true)}, columns(g.out))
	// What has left the screen at its top cannot be drawn over: of a long graph the end is shown until all is over.
	if most := rows(g.out) - 1; !r.State.Final() && len(lines) > most {
		lines = append(lines[:1:1], lines[len(lines)-most+1:]...)
	}
	var b strings.Builder
	if g.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\r\x1b[J", g.drawn)
	}
	for _, l := range lines {
		b.WriteString(l + "\n")
	}
	g.drawn = len(lines)
	_, _ = io.WriteString(g.out, b.String())
}

// planLines prints a line for each node that has changed, and for what becomes of the plan run.
type planLines struct {
	a    *app
	out  io.Writer
	told map[string]plan.NodeState
	// state is that of the plan run when it was shown last, empty before the first time.
	state plan.State
}

func (l *planLines) show(r wire.PlanRun) {
	if l.state == "" {
		fmt.Fprintf(l.out, "plan run %s of %s\n", r.ID, r.Plan)
	}
	if r.State != l.state {
		switch r.State {
		case plan.Waiting:
			fmt.Fprintln(l.out, line(r.Reason))
		case plan.Stopping:
			fmt.Fprintf(l.out, "%s: %s\n", r.State, line(r.Reason))
		}
		l.state = r.State
	}
	for _, n := range r.Nodes {
		key := fmt.Sprint(n.Name, " ", n.Try)
		if l.told[key] == n.State || n.State == plan.NodeWaiting {
			continue
		}
		l.told[key] = n.State
		at := n.EndedAt
		if at == nil {
			at = n.StartedAt
		}
		run := ""
		if n.Run != nil && n.State == plan.NodeRunning {
			run = "  run " + string(*n.Run)
		}
		fmt.Fprintf(l.out, "%s  %s  %s%s\n", clock(at), n.Name, l.a.nodeText(n), run)
	}
	if r.State.Final() {
		text := string(r.State) + " after " + l.a.tookSince(&r.StartedAt, r.EndedAt)
		if r.Reason != "" {
			text += ": " + line(r.Reason)
		}
		fmt.Fprintln(l.out, text)
	}
}
