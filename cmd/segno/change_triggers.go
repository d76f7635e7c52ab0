package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/cmd/segno/manifest"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// planTriggers makes the triggers of a task or plan what its document says: those that it does not have are deleted. A
// document without the key triggers leaves them alone.
func planTriggers(ctx context.Context, c *client.Client, doc manifest.Document) ([]change, error) {
	if doc.Triggers == nil {
		return nil, nil
	}
	owner := doc.Owner()
	has, _, err := fetch(0, func(p client.PageRequest) (wire.Page[wire.Trigger], error) { return c.Triggers(ctx, owner, p) })
	if err != nil && !errors.Is(err, fault.NotFound) {
		return nil, located(doc, err)
	}
	stored := map[string]wire.Trigger{}
	for _, t := range has {
		stored[t.Name] = t
	}
	var changes []change
	var errs []error
	for _, trigger := range doc.Triggers {
		ch, err := planTrigger(owner, trigger, stored)
		if err != nil {
			errs = append(errs, located(trigger, err))
			continue
		}
		changes = append(changes, ch)
		delete(stored, trigger.Name)
	}
	for _, t := range has {
		if _, left := stored[t.Name]; left {
			changes = append(changes, change{
				Kind: manifest.KindTrigger, Name: triggerName(owner, t.Name), Action: actionDelete, Fields: []fieldChange{}, doc: doc,
				do: func(ctx context.Context, c *client.Client) error {
					return c.DeleteTrigger(ctx, owner, t.Name, t.Version)
				},
			})
		}
	}
	return changes, errors.Join(errs...)
}

// triggerName names a trigger among those of all tasks and plans.
func triggerName(owner task.Owner, name string) string {
	if owner.Kind == task.OwnerPlan {
		return planPrefix + owner.Name + "/" + name
	}
	return owner.Name + "/" + name
}

func planTrigger(owner task.Owner, doc manifest.Document, stored map[string]wire.Trigger) (ch change, err error) {
	want := *doc.Trigger
	if err := want.Validate(); err != nil {
		return ch, err
	}
	if has, exists := stored[doc.Name]; exists {
		ch, err = planPatch(doc, has.TriggerSpec.WithDefaults(), want.WithDefaults(), has.TriggerSpec, want, func(ctx context.Context, c *client.Client, patch json.RawMessage) error {
			_, err := c.PatchTrigger(ctx, owner, doc.Name, has.Version, patch)
			return err
		})
	} else {
		ch, err = planCreate(doc, want, func(ctx context.Context, c *client.Client) error {
			_, err := c.CreateTrigger(ctx, owner, want)
			return err
		})
	}
	ch.Name = triggerName(owner, doc.Name)
	return ch, err
}
