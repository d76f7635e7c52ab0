package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/cmd/segno/manifest"
	"github.com/segno-jobs/segno/internal/fault"
)

func newApplyCommand(a *app) *cobra.Command {
	var files []string
	var dryRun, yes bool
	cmd := &cobra.Command{
		Use: "apply -f FILE|DIR", Short: "Make servers, groups, calendars, tasks, plans and notifications what files say they are", Args: cobra.NoArgs,
		Long: `apply reads YAML documents, shows in which fields they differ from what the conductor has, and makes the changes: first
those of job servers, then of virtual servers, concurrency groups, calendars, tasks, plans, notification channels and rules,
and of what is kept for how long. On a terminal it asks before. Applied a second time, it has nothing to change.

Everything but a job server becomes exactly what its document says: a key that is left out goes back to its default. A job
server joins by itself; of its document only the keys that stand there are set. What has no document stays as it is.

    kind: server                  # labels, description, slots, power, unavailable_after
    name: js-1
    labels: {disk: ssd}
    ---
    kind: virtual-server
    name: etl
    members: [js-1, js-2]
    ---
    kind: concurrency-group
    name: orders-db
    max_concurrent: 1
    ---
    kind: calendar
    name: holidays
    entries: [{date: 12-25}, {date: 01-01}]
    ---
    kind: task
    name: load-orders
    target: {virtual_server: etl}
    concurrency_groups: [orders-db]
    job: {command: [sh, load.sh]}
    ---
    kind: plan
    name: nightly
    nodes: [{name: load, task: load-orders}, {name: report, task: report}]
    edges: [{from: load, to: report}]
    ---
    kind: notification-channel    # a secret is a text, {env: NAME} or {file: path}
    name: ops
    webhook: {url: {env: OPS_HOOK}, secret: {file: ops.key}}
    ---
    kind: notification-rule
    name: failures
    events: [run_failed, run_late]
    channels: [ops]
    ---
    kind: retention               # for all that has no rules of its own; see segno settings retention
    runs: 5000
    age: 720h

Secrets cannot be read back, so they are not shown among the differences: applying makes them those of the files, and says
where they were not.

The exit code is 0 once all is as the files say. With --dry-run nothing is changed, and it is 0 where there is nothing to
change and 2 where there is.`,
		Example: `  segno apply -f setup.yaml
  segno apply -f jobs/ --dry-run
  segno apply -f - --yes <setup.yaml`,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, _ []string) error {
			if len(files) == 0 {
				return usagef("give files or folders with --file")
			}
			docs, err := manifest.Load(a.in, files...)
			if err != nil {
				return err
			}
			changes, err := a.plan(ctx, c, docs)
			if err != nil {
				return err
			}
			return a.apply(ctx, c, changes, dryRun, yes)
		}),
	}
	flags := cmd.Flags()
	flags.StringSliceVarP(&files, "file", "f", nil, "YAML `file`, folder of such, or - for standard input; can be repeated")
	flags.BoolVar(&dryRun, "dry-run", false, "only show what would change; exit code 2 if anything would")
	flags.BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

// plan finds out what each document would change. All that is wrong with any of them is told at once, and nothing is
// changed.
func (a *app) plan(ctx context.Context, c *client.Client, docs []manifest.Document) ([]change, error) {
	var changes, later []change
	var errs []error
	for _, doc := range docs {
		made, err := a.planDocument(ctx, c, doc)
		if err != nil {
			if unreachable(err) {
				return nil, err
			}
			errs = append(errs, located(doc, err))
			continue
		}
		changes = append(changes, made)
		triggers, err := planTriggers(ctx, c, doc)
		if err != nil {
			if unreachable(err) {
				return nil, err
			}
			errs = append(errs, err)
		}
		later = append(later, triggers...)
	}
	// A trigger may name a task that comes after its own.
	return append(changes, later...), errors.Join(errs...)
}

func unreachable(err error) bool {
	return errors.Is(err, fault.Unavailable) || errors.Is(err, fault.Unauthorized) || errors.Is(err, fault.Forbidden) || errors.Is(err, context.Canceled)
}

// located puts file and line before an error; an error of certain fields gets a line for each.
func located(doc manifest.Document, err error) error {
	var fields []fault.FieldError
	if problem, ok := errors.AsType[*client.Error](err); ok {
		for _, f := range problem.Errors {
			fields = append(fields, fault.FieldError{Field: f.Field, Reason: f.Reason})
		}
	} else {
		fields = fault.Fields(err)
	}
	if len(fields) == 0 {
		return fmt.Errorf("%s:%d: %s %s: %w", doc.File, doc.Line, doc.Kind, doc.Name, err)
	}
	errs := make([]error, len(fields))
	for i := range fields {
		errs[i] = fmt.Errorf("%s: %s %s: %w", doc.Where(fields[i].Field), doc.Kind, doc.Name, &fields[i])
	}
	return errors.Join(errs...)
}

// apply shows the changes and makes them, unless it is a dry run or the user says no.
func (a *app) apply(ctx context.Context, c *client.Client, changes []change, dryRun, yes bool) error {
	due := 0
	for _, ch := range changes {
		if ch.Action != actionNone {
			due++
		}
	}
	if err := a.print(map[string][]change{"items": changes}, func() { a.tellChanges(changes, due) }); err != nil {
		return err
	}
	switch {
	case dryRun && due == 0:
		return nil
	case dryRun:
		return &exit{code: exitChanges}
	case due > 0 && !yes && a.inTerminal && a.outTerminal:
		if agreed, err := a.ask(count(due, "change") + ": apply? [y/N] "); err != nil || !agreed {
			return errors.Join(err, &exit{code: exitError, err: errors.New("nothing was changed")})
		}
	}
	return a.carryOut(ctx, c, changes)
}

// carryOut makes the changes, in their order, and stops at the first that fails.
func (a *app) carryOut(ctx context.Context, c *client.Client, changes []change) error {
	for _, ch := range changes {
		if ch.Action == actionNone {
			if err := a.makeSecretsTrue(ctx, c, ch); err != nil {
				return located(ch.doc, err)
			}
			continue
		}
		if err := ch.do(ctx, c); err != nil {
			return located(ch.doc, err)
		}
		a.note("%s %s %sd.", ch.Kind, ch.Name, ch.Action)
	}
	return nil
}

func (a *app) tellChanges(changes []change, due int) {
	for _, ch := range changes {
		if ch.Action == actionNone {
			continue
		}
		a.printf("%s %s: %s\n", ch.Kind, a.style().bold(ch.Name), ch.Action)
		for _, field := range ch.Fields {
			a.tellChange(field)
			a.warnOfLeaving(field.Path == "leave_running" && field.After == true)
		}
	}
	switch same := len(changes) - due; {
	case due == 0:
		a.printf("Nothing to change: %s as in the files.\n", plural(same, "is", "are"))
	case same > 0:
		a.printf("%s as in the files.\n", plural(same, "is", "are"))
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 thing " + one
	}
	return fmt.Sprintf("%d things %s", n, many)
}

// ask asks a person a question whose answer is no by default.
func (a *app) ask(question string) (bool, error) {
	fmt.Fprint(a.err, question)
	answer, err := bufio.NewReader(a.in).ReadString('\n')
	if err != nil && answer == "" {
		return false, nil
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes", nil
}
