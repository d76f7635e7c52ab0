package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
)

// startRun is the route that is called most. The Idempotency-Key is kept with the run itself.
func (s *Server) startRun(c *call) (answer, error) {
	name, err := c.name("name")
	if err != nil {
		return answer{}, err
	}
	var in wire.RunRequest
	if err := c.readOptional(&in); err != nil {
		return answer{}, err
	}
	if err := checkParams(in.Params); err != nil {
		return answer{}, err
	}
	run, err := s.service.StartRun(c.ctx(), name, RunRequest{Params: in.Params, Key: c.key, By: c.by})
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusCreated, body: wire.WholeRunOf(run, nil, nil), location: location("runs", string(run.ID))}, nil
}

// checkParams refuses what no task could take; the task's own rules are the service's.
func checkParams(params map[string]string) error {
	if len(params) > task.MaxParams {
		return fault.Field("params", "must be at most %d, not %d", task.MaxParams, len(params))
	}
	var faults []error
	for name, value := range params {
		if err := task.CheckText(fmt.Sprintf("params.%.80s", name), value, task.MaxParamValue); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

func (s *Server) listRuns(c *call) (answer, error) {
	f := task.RunFilter{
		Query: c.query.text("q"), Task: c.query.text("task"), Server: c.query.text("server"), VirtualServer: c.query.text("virtual_server"),
		Since: c.query.instant("since"), Until: c.query.instant("until"),
		Late: c.query.flag("late"),
	}
	for _, state := range c.query.list("state") {
		if !task.State(state).Valid() {
			c.query.refuse("state", "has no value %.80q", state)
		}
		f.States = append(f.States, task.State(state))
	}
	for _, cause := range c.query.list("cause") {
		if !slices.Contains(causes, cause) {
			c.query.refuse("cause", "has no value %.80q", cause)
		}
		f.Causes = append(f.Causes, task.CauseKind(cause))
	}
	return listed(c, wire.RunOf, func(ctx context.Context, p page.Request) (page.Of[task.Run], error) {
		return s.service.Runs(ctx, f, p)
	})
}

// causes are the values of task.CauseKind.
var causes = []string{
	string(task.CauseManual), string(task.CauseTrigger), string(task.CausePlan), string(task.CauseChain), string(task.CauseAPI),
}

func (s *Server) getRun(c *call) (answer, error) {
	id, err := c.runID()
	if err != nil {
		return answer{}, err
	}
	run, err := s.service.Run(c.ctx(), id)
	if err != nil {
		return answer{}, err
	}
	placements, err := s.service.Placements(c.ctx(), id)
	if err != nil {
		return answer{}, fmt.Errorf("read the placements of run %s: %w", id, err)
	}
	checkpoints, err := s.service.Checkpoints(c.ctx(), id)
	if err != nil {
		return answer{}, fmt.Errorf("read the checkpoints of run %s: %w", id, err)
	}
	return ok(wire.WholeRunOf(run, placements, checkpoints))
}

func (s *Server) cancelRun(c *call) (answer, error) {
	id, err := c.runID()
	if err != nil {
		return answer{}, err
	}
	var none struct{}
	if err := c.readOptional(&none); err != nil {
		return answer{}, err
	}
	run, err := s.service.CancelRun(c.ctx(), id, c.by)
	if err != nil {
		return answer{}, err
	}
	return changedRun(run)
}

// changedRun answers with a run as a change left it. Its attempts are left out where they were not read.
func changedRun(run task.Run) (answer, error) {
	w := wire.WholeRunOf(run, nil, nil)
	w.Checkpoints = nil
	if run.Attempt > 0 && len(run.Attempts) == 0 {
		w.Attempts = nil
	}
	return ok(w)
}

func (s *Server) listRunEvents(c *call) (answer, error) {
	id, err := c.runID()
	if err != nil {
		return answer{}, err
	}
	return listed(c, wire.EventOf, func(ctx context.Context, p page.Request) (page.Of[task.Event], error) {
		return s.service.RunEvents(ctx, id, p)
	})
}
