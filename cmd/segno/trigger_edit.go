package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/cmd/segno/manifest"
	"github.com/segno-jobs/segno/task"
)

func newTriggerEditCommand(a *app) *cobra.Command {
	var f triggerFlags
	var file string
	cmd := &cobra.Command{
		Use: "edit OWNER NAME", Short: "Change a trigger", Args: cobra.ExactArgs(2), ValidArgsFunction: a.completes(false, ownerNames, triggerNames),
		Long: `edit changes what the flags name, and leaves the rest as it is; an empty text or 0 puts a default back. A flag of another
kind, such as --every for a trigger with cron, makes it one of that kind. With --from the trigger becomes exactly what the
file says, which holds what stands for it below the key triggers of segno apply. Without either it is opened in $VISUAL or
$EDITOR (else vi). segno trigger pause and resume are for pauses.`,
		Example: `  segno trigger edit load-orders nightly --cron "45 2 * * *" --calendar holidays
  segno trigger edit load-orders nightly --calendar "" --param day=yesterday
  segno trigger edit plan:nightly at-two -f at-two.yaml
  segno trigger edit load-orders in`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
				owner, err := ownerArg(args)
				if err != nil {
					return err
				}
				stored, err := c.Trigger(ctx, owner, args[1])
				if err != nil {
					return err
				}
				switch {
				case file != "":
					return a.editTriggerFrom(ctx, c, owner, stored, file)
				case len(f.given(cmd)) == 0:
					return a.edit(ctx, a.editableTrigger(c, owner, stored))
				}
				patch, err := f.patch(cmd, stored.TriggerSpec)
				if err != nil {
					return err
				}
				edited, err := c.PatchTrigger(ctx, owner, stored.Name, stored.Version, patch)
				if err != nil {
					return fmt.Errorf("edit trigger %s: %w", triggerName(owner, stored.Name), err)
				}
				return a.print(edited, func() { a.showTrigger(edited) })
			})(cmd, args)
		},
	}
	f.add(a, cmd)
	cmd.Flags().StringVarP(&file, "from", "f", "", "YAML `file` with the trigger in place of flags, or - for standard input")
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		if file != "" && (len(f.given(cmd)) > 0 || cmd.Flags().Changed("paused")) {
			return usagef("give either --from or flags of the trigger")
		}
		return nil
	}
	return cmd
}

// createTriggerFrom gives a task or plan the trigger of a file.
func (a *app) createTriggerFrom(ctx context.Context, c *client.Client, owner task.Owner, name, file string) error {
	doc, err := manifest.LoadTrigger(a.in, file, name)
	if err != nil {
		return err
	}
	t, err := c.CreateTrigger(ctx, owner, *doc.Trigger)
	if err != nil {
		return located(doc, err)
	}
	return a.print(t, func() { a.showTrigger(t) })
}

// editableTrigger is a trigger as a document in an editor.
func (a *app) editableTrigger(c *client.Client, owner task.Owner, stored wire.Trigger) editable {
	return editable{kind: manifest.KindTrigger, name: stored.Name, spec: stored.TriggerSpec, apply: func(ctx context.Context, file string) error {
		return a.editTriggerFrom(ctx, c, owner, stored, file)
	}}
}

// editTriggerFrom makes a stored trigger what a file says. Conflict if it was changed since it was read.
func (a *app) editTriggerFrom(ctx context.Context, c *client.Client, owner task.Owner, stored wire.Trigger, file string) error {
	doc, err := manifest.LoadTrigger(a.in, file, stored.Name)
	if err != nil {
		return err
	}
	ch, err := planTrigger(owner, doc, map[string]wire.Trigger{stored.Name: stored})
	if err != nil {
		return located(doc, err)
	}
	return a.apply(ctx, c, []change{ch}, false, true)
}

// triggerKeys are the keys of a trigger that its flags set, with a dot between a key and one below it.
var triggerKeys = map[string]string{
	"cron": "cron", "every": "every", "at": "at", "timezone": "timezone", "in-gap": "in_gap", "in-overlap": "in_overlap", "misfire": "misfire",
	"misfire-window": "misfire_window", "start": "start", "end": "end", "calendar": "calendar", "jitter": "jitter", "param": "params", "description": "description",
	"file": "file.path", "on-server": "file.server", "on-virtual-server": "file.virtual_server", "mask": "file.mask", "depth": "file.depth",
	"on": "file.on", "settle": "file.settle", "poll": "file.poll", "after": "after.task", "on-end": "after.on", "webhook": "webhook.signature",
}

// triggerKinds are the keys of which a trigger has exactly one.
var triggerKinds = []task.TriggerKind{task.TriggerCron, task.TriggerEvery, task.TriggerAt, task.TriggerFile, task.TriggerAfter, task.TriggerWebhook}

// given returns the flags of a trigger that stand on the command line.
func (f *triggerFlags) given(cmd *cobra.Command) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(triggerKeys)), func(name string) bool { return !cmd.Flags().Changed(name) })
}

// patch returns the merge patch of the given flags: what they say, and null where they name a default or a trigger of their
// kind cannot have what the stored one has.
func (f *triggerFlags) patch(cmd *cobra.Command, stored task.TriggerSpec) (map[string]any, error) {
	spec, err := f.trigger(stored.Name)
	if err != nil {
		return nil, err
	}
	file, after := f.events.fileTrigger(), f.events.afterTrigger()
	spec.File, spec.After, spec.Webhook = &file, &after, &task.WebhookTrigger{Signature: task.WebhookSignature(f.events.webhook)}
	text, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("write the trigger: %w", err)
	}
	var said map[string]any
	if err := json.Unmarshal(text, &said); err != nil {
		return nil, fmt.Errorf("write the trigger: %w", err)
	}
	patch := map[string]any{}
	for _, flag := range f.given(cmd) {
		key, inner, nested := strings.Cut(triggerKeys[flag], ".")
		if slices.Contains(triggerKinds, task.TriggerKind(key)) && task.TriggerKind(key) != stored.Kind() {
			patch[string(stored.Kind())] = nil
		}
		if !nested {
			patch[key] = said[key]
			continue
		}
		below, _ := patch[key].(map[string]any)
		if below == nil {
			below = map[string]any{}
			patch[key] = below
		}
		below[inner] = said[key].(map[string]any)[inner]
		if other := map[string]string{"server": "virtual_server", "virtual_server": "server"}[inner]; other != "" && below[other] == nil {
			below[other] = nil
		}
	}
	return patch, nil
}
