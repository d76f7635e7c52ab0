package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/cmd/segno/manifest"
)

func newTaskEditCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "edit NAME", Short: "Change a task in an editor", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completes(false, taskNames),
		Long: `edit opens the task as a document of segno apply in $VISUAL or $EDITOR (else vi), and applies what is saved. Where that
cannot be done, the document stays in its file and the message says where.`,
		Example: "  segno task edit load-orders\n  EDITOR=nano segno task edit load-orders",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			t, err := c.Task(ctx, args[0])
			if err != nil {
				return err
			}
			return a.edit(ctx, c, editable{manifest.KindTask, t.Name, t.Spec, t.Version, func(ctx context.Context) (int64, error) {
				now, err := c.Task(ctx, t.Name)
				return now.Version, err
			}})
		}),
	}
}

func newPlanEditCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "edit NAME", Short: "Change a plan in an editor", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completes(false, planNames),
		Long: `edit opens the plan as a document of segno apply in $VISUAL or $EDITOR (else vi), and applies what is saved. Where that
cannot be done, the document stays in its file and the message says where.`,
		Example: "  segno plan edit nightly\n  EDITOR=nano segno plan edit nightly",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			p, err := c.Plan(ctx, args[0])
			if err != nil {
				return err
			}
			return a.edit(ctx, c, editable{manifest.KindPlan, p.Name, p.Spec, p.Version, func(ctx context.Context) (int64, error) {
				now, err := c.Plan(ctx, p.Name)
				return now.Version, err
			}})
		}),
	}
}

// editable is what can be changed as a document in an editor.
type editable struct {
	kind    manifest.Kind
	name    string
	spec    any
	version int64
	// current returns the version that is stored now.
	current func(context.Context) (int64, error)
}

// edit lets the user edit a document, and applies what was saved.
func (a *app) edit(ctx context.Context, c *client.Client, e editable) error {
	file, err := e.write()
	if err != nil {
		return err
	}
	if err := a.applyEdited(ctx, c, e, file); err != nil {
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
	if err := writeYAML(&text, e.spec); err != nil {
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

func (a *app) applyEdited(ctx context.Context, c *client.Client, e editable, file string) error {
	if err := a.openEditor(ctx, file); err != nil {
		return err
	}
	docs, err := manifest.Load(nil, file)
	switch {
	case err != nil:
		return err
	case len(docs) != 1 || docs[0].Kind != e.kind || docs[0].Name != e.name:
		return fmt.Errorf("the document must be one %s with the name %s; segno apply is for others", e.kind, e.name)
	}
	version, err := e.current(ctx)
	switch {
	case err != nil:
		return err
	case version != e.version:
		return fmt.Errorf("the %s %s was changed by someone else meanwhile", e.kind, e.name)
	}
	changes, err := a.plan(ctx, c, docs)
	if err != nil {
		return err
	}
	return a.apply(ctx, c, changes, false, true)
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
