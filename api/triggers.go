package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/segno-jobs/segno/api/strictjson"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
)

// triggerRoutes are the routes of the triggers of tasks or plans, below the path of their owner.
func (s *Server) triggerRoutes(kind task.OwnerKind, collection, idOf string) []route {
	owner, one := "/"+collection+"/{name}", "/"+collection+"/{name}/triggers/{trigger}"
	h := triggerHandlers{s: s, kind: kind, collection: collection}
	word := string(kind)
	return append(h.eventTriggerRoutes(one, idOf), []route{
		get(owner+"/triggers", "list"+idOf+"Triggers", h.list, "List the triggers of a "+word+" by name").takes("limit", "cursor").gives(wire.Page[wire.Trigger]{}),
		post(owner+"/triggers", "create"+idOf+"Trigger", h.create, "Give a "+word+" a trigger").reads(task.TriggerSpec{}, required).creates(wire.Trigger{}),
		get(one, "get"+idOf+"Trigger", h.get, "Read a trigger").tagged().gives(wire.Trigger{}),
		patch(one, "patch"+idOf+"Trigger", h.patch, "Edit a trigger").tagged().merges(task.TriggerSpec{}).gives(wire.Trigger{}),
		remove(one, "delete"+idOf+"Trigger", h.remove, "Remove a trigger; its occurrences stay").tagged(),
		get(one+"/preview", "preview"+idOf+"Trigger", h.preview, "Say what becomes of the next times of a trigger").takes("count", "from").gives(wire.Page[wire.Preview]{}),
		post(one+"/pause", "pause"+idOf+"Trigger", h.pauseOne, "Keep a trigger from being due").reads(wire.PauseRequest{}, optional).gives(wire.Trigger{}).isAudited(),
		post(one+"/resume", "resume"+idOf+"Trigger", h.resumeOne, "End the pause of a trigger").gives(wire.Trigger{}).isAudited(),
		post(owner+"/pause", "pause"+idOf, h.pauseAll, "Pause all triggers of a "+word).reads(wire.PauseRequest{}, optional).gives(wire.Page[wire.Pause]{}).isAudited(),
		post(owner+"/resume", "resume"+idOf, h.resumeAll, "End the pause of all triggers of a "+word).gives(wire.Page[wire.Pause]{}).isAudited(),
		get(owner+"/occurrences", "list"+idOf+"Occurrences", h.occurrences, "List what became of the due instants of a "+word+", newest first").takes("trigger", "skipped", "since", "until", "limit", "cursor").gives(wire.Page[wire.Occurrence]{}),
	}...)
}

// triggerHandlers handle the routes below one kind of owner.
type triggerHandlers struct {
	s          *Server
	kind       task.OwnerKind
	collection string
}

func (h triggerHandlers) owner(c *call) (task.Owner, error) {
	name, err := c.name("name")
	return task.Owner{Kind: h.kind, Name: name}, err
}

// trigger returns the owner and the name that the path holds.
func (h triggerHandlers) trigger(c *call) (owner task.Owner, name string, err error) {
	if owner, err = h.owner(c); err == nil {
		name, err = c.name("trigger")
	}
	return owner, name, err
}

func (h triggerHandlers) list(c *call) (answer, error) {
	owner, err := h.owner(c)
	if err != nil {
		return answer{}, err
	}
	return h.s.triggersOf(c, task.TriggerFilter{Owner: owner})
}

// triggersOf lists triggers. No triggers of an owner that does not exist are not the same as none.
func (s *Server) triggersOf(c *call, f task.TriggerFilter) (answer, error) {
	var err error
	switch f.Owner.Kind {
	case task.OwnerTask:
		_, err = s.service.Task(c.ctx(), f.Owner.Name)
	case task.OwnerPlan:
		_, err = s.service.Plan(c.ctx(), f.Owner.Name)
	}
	if err != nil {
		return answer{}, err
	}
	return listed(c, wire.TriggerOf, func(ctx context.Context, p page.Request) (page.Of[task.Trigger], error) {
		return s.service.Triggers(ctx, f, p)
	})
}

func (h triggerHandlers) create(c *call) (answer, error) {
	owner, err := h.owner(c)
	if err != nil {
		return answer{}, err
	}
	var spec task.TriggerSpec
	if err := c.read(&spec); err != nil {
		return answer{}, err
	}
	if err := spec.Validate(); err != nil {
		return answer{}, err
	}
	t, err := h.s.service.CreateTrigger(c.ctx(), owner, spec)
	if err != nil {
		return answer{}, err
	}
	return answer{
		status: http.StatusCreated, body: wire.TriggerOf(t), version: t.Version,
		location: location(h.collection, owner.Name+"/triggers/"+t.Name),
	}, nil
}

func (h triggerHandlers) get(c *call) (answer, error) {
	owner, name, err := h.trigger(c)
	if err != nil {
		return answer{}, err
	}
	return oneTrigger(h.s.service.Trigger(c.ctx(), owner, name))
}

// oneTrigger answers with a trigger. Its times change without its version, so that it is never answered with 304.
func oneTrigger(t task.Trigger, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	return answer{body: wire.TriggerOf(t), etag: etag(t.Version)}, nil
}

func (h triggerHandlers) patch(c *call) (answer, error) {
	owner, name, err := h.trigger(c)
	if err != nil {
		return answer{}, err
	}
	e, err := readEdit[task.TriggerSpec](c)
	if err != nil {
		return answer{}, err
	}
	t, err := h.s.service.EditTrigger(c.ctx(), owner, name, e.version, func(stored *task.TriggerSpec) error {
		after, err := strictjson.Merge(*stored, task.TriggerSpec{}, e.patch)
		if err != nil {
			return err
		}
		if err := keepsName(stored.Name, after.Name); err != nil {
			return err
		}
		*stored = after
		return after.Validate()
	})
	return oneTrigger(t, edited(err, e.version, h.version(c, owner, name)))
}

func (h triggerHandlers) remove(c *call) (answer, error) {
	owner, name, err := h.trigger(c)
	if err != nil {
		return answer{}, err
	}
	version, err := c.ifMatch()
	if err != nil {
		return answer{}, err
	}
	err = h.s.service.DeleteTrigger(c.ctx(), owner, name, version)
	if err = edited(err, version, h.version(c, owner, name)); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusNoContent}, nil
}

func (h triggerHandlers) version(c *call, owner task.Owner, name string) func() (int64, error) {
	return func() (int64, error) {
		t, err := h.s.service.Trigger(c.ctx(), owner, name)
		return t.Version, err
	}
}

func (h triggerHandlers) pauseOne(c *call) (answer, error) {
	owner, name, err := h.trigger(c)
	if err != nil {
		return answer{}, err
	}
	reason, err := c.pauseReason()
	if err != nil {
		return answer{}, err
	}
	return oneTrigger(h.s.service.PauseTrigger(c.ctx(), owner, name, reason, c.by))
}

func (h triggerHandlers) resumeOne(c *call) (answer, error) {
	owner, name, err := h.trigger(c)
	if err != nil {
		return answer{}, err
	}
	return oneTrigger(h.s.service.ResumeTrigger(c.ctx(), owner, name, c.by))
}

func (h triggerHandlers) pauseAll(c *call) (answer, error) {
	owner, err := h.owner(c)
	if err != nil {
		return answer{}, err
	}
	return h.s.pause(c, owner)
}

func (h triggerHandlers) resumeAll(c *call) (answer, error) {
	owner, err := h.owner(c)
	if err != nil {
		return answer{}, err
	}
	return h.s.resume(c, owner)
}

func (h triggerHandlers) occurrences(c *call) (answer, error) {
	owner, err := h.owner(c)
	if err != nil {
		return answer{}, err
	}
	return h.s.occurrencesOf(c, owner)
}

func (h triggerHandlers) preview(c *call) (answer, error) {
	owner, name, err := h.trigger(c)
	if err != nil {
		return answer{}, err
	}
	t, err := h.s.service.Trigger(c.ctx(), owner, name)
	if err != nil {
		return answer{}, err
	}
	return h.s.previewOf(c, owner, t.TriggerSpec)
}

// previewNew is POST /triggers/preview: what becomes of the times of a trigger that is not stored.
func (s *Server) previewNew(c *call) (answer, error) {
	var spec task.TriggerSpec
	if err := c.read(&spec); err != nil {
		return answer{}, err
	}
	if spec.Name == "" {
		spec.Name = "unnamed"
	}
	if err := spec.Validate(); err != nil {
		return answer{}, err
	}
	owner, err := c.ownerQuery()
	if err != nil {
		return answer{}, err
	}
	return s.previewOf(c, owner, spec)
}

func (s *Server) previewOf(c *call, owner task.Owner, spec task.TriggerSpec) (answer, error) {
	count := c.query.whole("count", 1, task.MaxPreview, 10)
	from := c.query.instant("from")
	if err := c.query.err(); err != nil {
		return answer{}, err
	}
	if !spec.Kind().Timed() {
		return answer{}, fmt.Errorf("a trigger of the kind %s waits for events and has no times: %w", spec.Kind(), fault.Conflict)
	}
	all, err := s.service.Preview(c.ctx(), owner, spec, from, int(count))
	if err != nil {
		return answer{}, err
	}
	return ok(wire.PageOf(page.Of[task.Preview]{Items: all}, wire.PreviewOf))
}

// listTriggers is GET /triggers: those of all tasks and plans.
func (s *Server) listTriggers(c *call) (answer, error) {
	f := task.TriggerFilter{
		Kind:     task.TriggerKind(c.query.oneOf("kind", "cron", "every", "at", "file", "after", "webhook")),
		Calendar: c.query.text("calendar"),
		Paused:   c.query.flag("paused"),
	}
	return listed(c, wire.TriggerOf, func(ctx context.Context, p page.Request) (page.Of[task.Trigger], error) {
		return s.service.Triggers(ctx, f, p)
	})
}

// listOccurrences is GET /occurrences: those of all tasks and plans.
func (s *Server) listOccurrences(c *call) (answer, error) {
	owner, err := c.ownerQuery()
	if err != nil {
		return answer{}, err
	}
	return s.occurrencesOf(c, owner)
}

// ownerQuery returns the task or plan that the query asks for, or the zero owner where it asks for neither.
func (c *call) ownerQuery() (task.Owner, error) {
	taskName, planName := c.query.text("task"), c.query.text("plan")
	switch {
	case taskName != "" && planName != "":
		return task.Owner{}, fault.Field("plan", "cannot be given together with task")
	case planName != "":
		return task.PlanOwner(planName), nil
	case taskName != "":
		return task.TaskOwner(taskName), nil
	}
	return task.Owner{}, nil
}

func (s *Server) occurrencesOf(c *call, owner task.Owner) (answer, error) {
	f := task.OccurrenceFilter{
		Owner: owner, Trigger: c.query.text("trigger"), Skipped: c.query.flag("skipped"),
		Since: c.query.instant("since"), Until: c.query.instant("until"),
	}
	return listed(c, wire.OccurrenceOf, func(ctx context.Context, p page.Request) (page.Of[task.Occurrence], error) {
		return s.service.Occurrences(ctx, f, p)
	})
}

// forecastHorizon is how far a forecast looks where the caller does not say.
const forecastHorizon = 24 * time.Hour

// forecast is GET /forecast.
func (s *Server) forecast(c *call) (answer, error) {
	owner, err := c.ownerQuery()
	if err != nil {
		return answer{}, err
	}
	f := task.TriggerFilter{Owner: owner}
	until, limit := c.query.instant("until"), c.query.whole("limit", 1, task.MaxForecast, 100)
	if err := c.query.err(); err != nil {
		return answer{}, err
	}
	if until.IsZero() {
		until = s.now().Add(forecastHorizon)
	}
	all, err := s.service.Forecast(c.ctx(), f, until, int(limit))
	if err != nil {
		return answer{}, err
	}
	return ok(wire.PageOf(page.Of[task.Forecast]{Items: all}, wire.ForecastOf))
}
