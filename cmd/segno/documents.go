package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/cmd/segno/manifest"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/notification"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
	"github.com/segno-jobs/segno/virtualserver"
)

// documents are what the conductor keeps by name as one document each: S as it is written, V as it is read.
type documents[S interface{ Validate() error }, V any] struct {
	load  func(ctx context.Context, name string) (V, error)
	parts func(V) (S, int64)
	// defaults fills in what a document leaves out; nil where nothing can be.
	defaults func(S) S
	create   func(context.Context, S) (V, error)
	patch    func(ctx context.Context, name string, version int64, mergePatch any) (V, error)
}

// plan says what is to be done so that the conductor keeps what is wanted.
func (d documents[S, V]) plan(ctx context.Context, doc manifest.Document, want S) (change, error) {
	if err := want.Validate(); err != nil {
		return change{}, err
	}
	v, err := d.load(ctx, doc.Name)
	if errors.Is(err, fault.NotFound) {
		return planCreate(doc, want, func(ctx context.Context, _ *client.Client) error {
			_, err := d.create(ctx, want)
			return err
		})
	}
	if err != nil {
		return change{}, err
	}
	stored, version := d.parts(v)
	before, after := stored, want
	if d.defaults != nil {
		before, after = d.defaults(stored), d.defaults(want)
	}
	return planPatch(doc, before, after, stored, want, func(ctx context.Context, _ *client.Client, patch json.RawMessage) error {
		_, err := d.patch(ctx, doc.Name, version, patch)
		return err
	})
}

func virtualServers(c *client.Client) documents[virtualserver.Spec, wire.VirtualServer] {
	return documents[virtualserver.Spec, wire.VirtualServer]{
		load:     c.VirtualServer,
		parts:    func(v wire.VirtualServer) (virtualserver.Spec, int64) { return v.Spec, v.Version },
		defaults: virtualserver.Spec.WithDefaults,
		create:   c.CreateVirtualServer,
		patch:    c.PatchVirtualServer,
	}
}

func concurrencyGroups(c *client.Client) documents[task.ConcurrencyGroupSpec, wire.ConcurrencyGroup] {
	return documents[task.ConcurrencyGroupSpec, wire.ConcurrencyGroup]{
		load: c.ConcurrencyGroup,
		parts: func(v wire.ConcurrencyGroup) (task.ConcurrencyGroupSpec, int64) {
			return v.ConcurrencyGroupSpec, v.Version
		},
		create: c.CreateConcurrencyGroup,
		patch:  c.PatchConcurrencyGroup,
	}
}

func tasks(c *client.Client) documents[task.Spec, wire.Task] {
	return documents[task.Spec, wire.Task]{
		load:     c.Task,
		parts:    func(v wire.Task) (task.Spec, int64) { return v.Spec, v.Version },
		defaults: task.Spec.WithDefaults,
		create:   func(ctx context.Context, s task.Spec) (wire.Task, error) { return c.CreateTask(ctx, s) },
		patch:    c.PatchTask,
	}
}

func plans(c *client.Client) documents[plan.Spec, wire.Plan] {
	return documents[plan.Spec, wire.Plan]{
		load:     c.Plan,
		parts:    func(v wire.Plan) (plan.Spec, int64) { return v.Spec, v.Version },
		defaults: plan.Spec.WithDefaults,
		create:   func(ctx context.Context, s plan.Spec) (wire.Plan, error) { return c.CreatePlan(ctx, s) },
		patch:    c.PatchPlan,
	}
}

func calendars(c *client.Client) documents[task.CalendarSpec, wire.Calendar] {
	return documents[task.CalendarSpec, wire.Calendar]{
		load:   c.Calendar,
		parts:  func(v wire.Calendar) (task.CalendarSpec, int64) { return v.CalendarSpec, v.Version },
		create: c.CreateCalendar,
		patch:  c.PatchCalendar,
	}
}

func rules(c *client.Client) documents[notification.RuleSpec, wire.NotificationRule] {
	return documents[notification.RuleSpec, wire.NotificationRule]{
		load:   c.NotificationRule,
		parts:  func(v wire.NotificationRule) (notification.RuleSpec, int64) { return v.RuleSpec, v.Version },
		create: c.CreateNotificationRule,
		patch:  c.PatchNotificationRule,
	}
}

// retention is the one document that is always there.
func retention(c *client.Client) documents[task.RetentionSettings, wire.Retention] {
	return documents[task.RetentionSettings, wire.Retention]{
		load:  func(ctx context.Context, _ string) (wire.Retention, error) { return c.Retention(ctx) },
		parts: func(v wire.Retention) (task.RetentionSettings, int64) { return v.RetentionSettings, v.Version },
		patch: func(ctx context.Context, _ string, version int64, mergePatch any) (wire.Retention, error) {
			return c.PatchRetention(ctx, version, mergePatch)
		},
	}
}
