package main

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/cmd/segno/manifest"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/notification"
)

// shownChannel is a channel as differences are shown of it: of its secrets only that they are set.
type shownChannel struct {
	notification.ChannelSpec
	Secrets map[string]string `json:"secrets"`
}

func shown(s notification.ChannelSpec, secrets []string) shownChannel {
	c := shownChannel{ChannelSpec: s.Public().WithDefaults(), Secrets: map[string]string{}}
	for _, path := range secrets {
		c.Secrets[path] = "set"
	}
	return c
}

func planChannel(ctx context.Context, c *client.Client, doc manifest.Document, getenv func(string) string) (change, error) {
	want, err := doc.Spec(getenv)
	if err != nil {
		return change{}, err
	}
	if err := want.Validate(); err != nil {
		return change{}, err
	}
	stored, err := c.Channel(ctx, doc.Name)
	if errors.Is(err, fault.NotFound) {
		return planCreate(doc, shown(want, want.SecretsSet()), func(ctx context.Context, c *client.Client) error {
			_, err := c.CreateChannel(ctx, want)
			return err
		})
	}
	if err != nil {
		return change{}, err
	}
	patch, err := channelPatch(stored, want)
	if err != nil {
		return change{}, err
	}
	ch := change{Kind: doc.Kind, Name: doc.Name, Action: actionNone, doc: doc}
	ch.Fields, err = differences(shown(stored.ChannelSpec, stored.SecretsSet), shown(want, want.SecretsSet()))
	if err != nil {
		return change{}, err
	}
	if len(ch.Fields) > 0 {
		ch.Action = actionChange
		ch.do = func(ctx context.Context, c *client.Client) error {
			_, err := c.PatchChannel(ctx, doc.Name, stored.Version, patch)
			return err
		}
		return ch, nil
	}
	ch.secrets = func(ctx context.Context, c *client.Client) (bool, error) {
		after, err := c.PatchChannel(ctx, doc.Name, stored.Version, patch)
		return after.Version != stored.Version, err
	}
	return ch, nil
}

// channelPatch returns the merge patch that makes the stored channel, of which the secrets are not known, the wanted one:
// it holds all secrets that are wanted, and takes away those that are not.
func channelPatch(stored wire.Channel, want notification.ChannelSpec) (json.RawMessage, error) {
	patch, _, err := wire.Diff(stored.ChannelSpec, want)
	if err != nil {
		return nil, err
	}
	wanted := want.SecretsSet()
	for _, path := range stored.SecretsSet {
		of, _, _ := strings.Cut(path, ".")
		if slices.Contains(wanted, path) || of == "email" && want.Email == nil || of == "webhook" && want.Webhook == nil {
			continue
		}
		away, err := json.Marshal(nested(strings.SplitN(path, ".", 3)))
		if err != nil {
			return nil, err
		}
		// A merge patch of which null must stay null cannot be merged itself: it is put together as plain objects.
		if patch, err = together(patch, away); err != nil {
			return nil, err
		}
	}
	return patch, nil
}

// nested returns {"a": {"b": null}} for the path a, b.
func nested(path []string) any {
	if len(path) == 0 {
		return nil
	}
	return map[string]any{path[0]: nested(path[1:])}
}

// together returns a JSON object with the keys of both, the nested ones too.
func together(a, b json.RawMessage) (json.RawMessage, error) {
	var into, from map[string]any
	if err := json.Unmarshal(a, &into); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, &from); err != nil {
		return nil, err
	}
	var join func(into, from map[string]any)
	join = func(into, from map[string]any) {
		for key, value := range from {
			inner, ok1 := into[key].(map[string]any)
			outer, ok2 := value.(map[string]any)
			if ok1 && ok2 {
				join(inner, outer)
				continue
			}
			into[key] = value
		}
	}
	join(into, from)
	return json.Marshal(into)
}

// makeSecretsTrue writes the secrets of something that is otherwise as in its document.
func (a *app) makeSecretsTrue(ctx context.Context, c *client.Client, ch change) error {
	if ch.secrets == nil {
		return nil
	}
	changed, err := ch.secrets(ctx, c)
	if err == nil && changed {
		a.note("%s %s has new secrets.", ch.Kind, ch.Name)
	}
	return err
}
