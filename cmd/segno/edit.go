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
	"github.com/segno-jobs/segno/api/wire"
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
			return a.editTask(ctx, c, t)
		}),
	}
}

// editTask lets the user edit a task, and applies the document that was saved.
func (a *app) editTask(ctx context.Context, c *client.Client, t wire.Task) error {
	file, err := writeDocument(t)
	if err != nil {
		return err
	}
	if err := a.applyEdited(ctx, c, t, file); err != nil {
		return fmt.Errorf("%w\nYour document is still in %s", err, file)
	}
	if err := os.Remove(file); err != nil {
		return fmt.Errorf("remove the edited document: %w", err)
	}
	return nil
}

func writeDocument(t wire.Task) (file string, err error) {
	var text bytes.Buffer
	text.WriteString("kind: task\n")
	if err := writeYAML(&text, t.Spec); err != nil {
		return "", err
	}
	f, err := os.CreateTemp("", "segno-task-*.yaml")
	if err != nil {
		return "", fmt.Errorf("write the task for the editor: %w", err)
	}
	_, err = f.Write(text.Bytes())
	if err := errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("write the task for the editor: %w", err)
	}
	return f.Name(), nil
}

func (a *app) applyEdited(ctx context.Context, c *client.Client, t wire.Task, file string) error {
	if err := a.openEditor(ctx, file); err != nil {
		return err
	}
	docs, err := manifest.Load(nil, file)
	switch {
	case err != nil:
		return err
	case len(docs) != 1 || docs[0].Kind != manifest.KindTask || docs[0].Name != t.Name:
		return fmt.Errorf("the document must be one task with the name %s; segno apply is for others", t.Name)
	}
	now, err := c.Task(ctx, t.Name)
	switch {
	case err != nil:
		return err
	case now.Version != t.Version:
		return fmt.Errorf("the task %s was changed by someone else meanwhile", t.Name)
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
