package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/cmd/segno/manifest"
	"github.com/segno-jobs/segno/task"
)

func newTaskEditCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "edit NAME", Short: "Change a task in an editor", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completes(false, taskNames),
		Long: `edit opens the task with its triggers as a document of segno apply in $VISUAL or $EDITOR (else vi), and applies what is saved. Where that
cannot be done, the document stays in its file and the message says where.`,
		Example: "  segno task edit load-orders\n  EDITOR=nano segno task edit load-orders",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			t, err := c.Task(ctx, args[0])
			if err != nil {
				return err
			}
			return a.editOwner(ctx, c, task.TaskOwner(t.Name), manifest.KindTask, t.Spec, t.Version, func(ctx context.Context) (int64, error) {
				now, err := c.Task(ctx, t.Name)
				return now.Version, err
			})
		}),
	}
}

func newPlanEditCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "edit NAME", Short: "Change a plan in an editor", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completes(false, planNames),
		Long: `edit opens the plan with its triggers as a document of segno apply in $VISUAL or $EDITOR (else vi), and applies what is saved. Where that
cannot be done, the document stays in its file and the message says where.`,
		Example: "  segno plan edit nightly\n  EDITOR=nano segno plan edit nightly",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			p, err := c.Plan(ctx, args[0])
			if err != nil {
				return err
			}
			return a.editOwner(ctx, c, task.PlanOwner(p.Name), manifest.KindPlan, p.Spec, p.Version, func(ctx context.Context) (int64, error) {
				now, err := c.Plan(ctx, p.Name)
				return now.Version, err
			})
		}),
	}
}

func newCalendarEditCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "edit NAME", Short: "Change a calendar in an editor", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completes(false, calendarNames),
		Long: `edit opens the calendar as a document of segno apply in $VISUAL or $EDITOR (else vi), and applies what is saved; the triggers
that use it follow it from then on. Where that cannot be done, the document stays in its file and the message says where.`,
		Example: "  segno calendar edit holidays",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			cal, err := c.Calendar(ctx, args[0])
			if err != nil {
				return err
			}
			return a.editAlone(ctx, c, manifest.KindCalendar, cal.Name, cal.CalendarSpec, cal.Version, func(ctx context.Context) (int64, error) {
				now, err := c.Calendar(ctx, cal.Name)
				return now.Version, err
			})
		}),
	}
}

func newRuleEditCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "edit NAME", Short: "Change a rule in an editor", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completes(false, ruleNames),
		Long: `edit opens the rule as a document of segno apply in $VISUAL or $EDITOR (else vi), and applies what is saved. Where that cannot be
done, the document stays in its file and the message says where.`,
		Example: "  segno notification rule edit failures",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			rule, err := c.NotificationRule(ctx, args[0])
			if err != nil {
				return err
			}
			return a.editAlone(ctx, c, manifest.KindRule, rule.Name, rule.RuleSpec, rule.Version, func(ctx context.Context) (int64, error) {
				now, err := c.NotificationRule(ctx, rule.Name)
				return now.Version, err
			})
		}),
	}
}

// editOwner lets the user edit a task or plan together with its triggers, and applies what was saved, unless someone else has
// changed either meanwhile.
func (a *app) editOwner(ctx context.Context, c *client.Client, owner task.Owner, kind manifest.Kind, spec any, version int64, current func(context.Context) (int64, error)) error {
	triggers, before, err := triggersToEdit(ctx, c, owner)
	if err != nil {
		return err
	}
	e := editable{kind: kind, name: owner.Name, spec: spec, triggers: triggers}
	e.apply = func(ctx context.Context, file string) error {
		return a.applyEdited(ctx, c, e, file, func(ctx context.Context) error {
			if err := unchanged(ctx, e, version, current); err != nil {
				return err
			}
			_, after, err := triggersToEdit(ctx, c, owner)
			if err == nil && !maps.Equal(before, after) {
				err = fmt.Errorf("the triggers of the %s %s were changed by someone else meanwhile", kind, owner.Name)
			}
			return err
		})
	}
	return a.edit(ctx, e)
}

// editAlone lets the user edit a thing that has no triggers, and applies what was saved, unless someone else has changed it
// meanwhile.
func (a *app) editAlone(ctx context.Context, c *client.Client, kind manifest.Kind, name string, spec any, version int64, current func(context.Context) (int64, error)) error {
	e := editable{kind: kind, name: name, spec: spec}
	e.apply = func(ctx context.Context, file string) error {
		return a.applyEdited(ctx, c, e, file, func(ctx context.Context) error { return unchanged(ctx, e, version, current) })
	}
	return a.edit(ctx, e)
}

// unchanged returns an error if a thing has another version than the one that was edited.
func unchanged(ctx context.Context, e editable, version int64, current func(context.Context) (int64, error)) error {
	now, err := current(ctx)
	if err == nil && now != version {
		err = fmt.Errorf("the %s %s was changed by someone else meanwhile", e.kind, e.name)
	}
	return err
}

// applyEdited makes a thing what the file says, unless check returns an error.
func (a *app) applyEdited(ctx context.Context, c *client.Client, e editable, file string, check func(context.Context) error) error {
	docs, err := manifest.Load(nil, file)
	switch {
	case err != nil:
		return err
	case len(docs) != 1 || docs[0].Kind != e.kind || docs[0].Name != e.name:
		return fmt.Errorf("the document must be one %s with the name %s; segno apply is for others", e.kind, e.name)
	}
	if err := check(ctx); err != nil {
		return err
	}
	changes, err := a.plan(ctx, c, docs)
	if err != nil {
		return err
	}
	return a.apply(ctx, c, changes, false, true)
}

// triggersToEdit returns the triggers of an owner, and their versions by name.
func triggersToEdit(ctx context.Context, c *client.Client, owner task.Owner) (specs []task.TriggerSpec, versions map[string]int64, err error) {
	stored, _, err := fetch(0, func(p client.PageRequest) (wire.Page[wire.Trigger], error) { return c.Triggers(ctx, owner, p) })
	versions = map[string]int64{}
	for _, t := range stored {
		specs = append(specs, t.TriggerSpec)
		versions[t.Name] = t.Version
	}
	return specs, versions, err
}

// editable is what can be changed as a document in an editor.
type editable struct {
	kind     manifest.Kind
	name     string
	spec     any
	triggers []task.TriggerSpec
	// apply makes what it is about what the file says.
	apply func(ctx context.Context, file string) error
}

// edit lets the user edit a document, and applies what was saved.
func (a *app) edit(ctx context.Context, e editable) error {
	file, err := e.write()
	if err != nil {
		return err
	}
	if err = a.openEditor(ctx, file); err == nil {
		err = e.apply(ctx, file)
	}
	if err != nil {
		return fmt.Errorf("%w\nYour document is still in %s", err, file)
	}
	if err := os.Remove(file); err != nil {
		return fmt.Errorf("remove the edited document: %w", err)
	}
	return nil
}

// write writes the document into a new file.
func (e editable) write() (file string, err error) {
	var text bytes.Buffer
	fmt.Fprintf(&text, "kind: %s\n", e.kind)
	err = writeYAML(&text, e.spec)
	if err == nil && len(e.triggers) > 0 {
		err = writeYAML(&text, map[string]any{"triggers": e.triggers})
	}
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp("", fmt.Sprintf("segno-%s-*.yaml", e.kind))
	if err != nil {
		return "", fmt.Errorf("write the %s for the editor: %w", e.kind, err)
	}
	_, err = f.Write(text.Bytes())
	if err := errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("write the %s for the editor: %w", e.kind, err)
	}
	return f.Name(), nil
}

// openEditor runs the user's editor, which may be a command with arguments, on a file.
func (a *app) openEditor(ctx context.Context, file string) error {
	words := strings.Fields(first(a.getenv("VISUAL"), a.getenv("EDITOR"), "vi"))
	if len(words) == 0 {
		return errors.New("there is no editor in $EDITOR")
	}
	cmd := exec.CommandContext(ctx, words[0], append(words[1:], file)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.in, a.out, a.err
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run the editor %s: %w", words[0], err)
	}
	return nil
}
