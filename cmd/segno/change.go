package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/cmd/segno/manifest"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// action is what is to be done for a document.
type action string

const (
	actionNone   action = "none"
	actionCreate action = "create"
	actionChange action = "change"
	actionDelete action = "delete"
)

// change is what one document asks for.
type change struct {
	Kind   manifest.Kind `json:"kind"`
	Name   string        `json:"name"`
	Action action        `json:"action"`
	Fields []fieldChange `json:"fields"`

	doc manifest.Document
	do  func(context.Context, *client.Client) error
	// secrets, where it is not nil, makes the secrets true of something that is otherwise as in its document, and reports
	// whether they were not: what they are cannot be read.
	secrets func(context.Context, *client.Client) (changed bool, err error)
}

func (a *app) planDocument(ctx context.Context, c *client.Client, doc manifest.Document) (change, error) {
	switch {
	case doc.Channel != nil:
		return planChannel(ctx, c, doc, a.getenv)
	case doc.Rule != nil:
		return rules(c).plan(ctx, doc, *doc.Rule)
	case doc.Server != nil:
		return planServer(ctx, c, doc)
	case doc.VirtualServer != nil:
		return virtualServers(c).plan(ctx, doc, *doc.VirtualServer)
	case doc.ConcurrencyGroup != nil:
		return concurrencyGroups(c).plan(ctx, doc, *doc.ConcurrencyGroup)
	case doc.Plan != nil:
		return plans(c).plan(ctx, doc, *doc.Plan)
	case doc.Retention != nil:
		return retention(c).plan(ctx, doc, *doc.Retention)
	case doc.Calendar != nil:
		return calendars(c).plan(ctx, doc, *doc.Calendar)
	}
	return tasks(c).plan(ctx, doc, *doc.Task)
}

func planServer(ctx context.Context, c *client.Client, doc manifest.Document) (change, error) {
	if err := task.CheckName("name", doc.Name); err != nil {
		return change{}, err
	}
	stored, err := c.Server(ctx, doc.Name)
	if errors.Is(err, fault.NotFound) {
		return change{}, fmt.Errorf("it has not joined; `segno server join-token %s` shows how", doc.Name)
	}
	if err != nil {
		return change{}, err
	}
	before, after := stored.ServerSettings, stored.ServerSettings
	set(&after.Description, doc.Server.Description)
	set(&after.Labels, doc.Server.Labels)
	set(&after.Slots, doc.Server.Slots)
	set(&after.Power, doc.Server.Power)
	set(&after.UnavailableAfter, doc.Server.UnavailableAfter)
	return planPatch(doc, before, after, before, after, func(ctx context.Context, c *client.Client, patch json.RawMessage) error {
		_, err := c.PatchServer(ctx, doc.Name, stored.Version, patch)
		return err
	})
}

// set puts a value in place, if there is one.
func set[T any](to *T, value *T) {
	if value != nil {
		*to = *value
	}
}

func planCreate(doc manifest.Document, want any, do func(context.Context, *client.Client) error) (change, error) {
	fields, err := differences(nil, want)
	if err != nil {
		return change{}, err
	}
	for i, f := range fields {
		if f.Path == "name" {
			fields = append(fields[:i], fields[i+1:]...)
			break
		}
	}
	return change{Kind: doc.Kind, Name: doc.Name, Action: actionCreate, Fields: fields, doc: doc, do: do}, nil
}

// planPatch compares what is meant (before and after, defaults filled in), and changes what is written (stored and
// want): a document that spells a default out means the same as one that leaves it out.
func planPatch(doc manifest.Document, before, after, stored, want any, do func(context.Context, *client.Client, json.RawMessage) error) (change, error) {
	ch := change{Kind: doc.Kind, Name: doc.Name, Action: actionNone, doc: doc}
	var err error
	if ch.Fields, err = differences(before, after); err != nil || len(ch.Fields) == 0 {
		return ch, err
	}
	patch, _, err := wire.Diff(stored, want)
	if err != nil {
		return ch, err
	}
	ch.Action = actionChange
	ch.do = func(ctx context.Context, c *client.Client) error { return do(ctx, c, patch) }
	return ch, nil
}
