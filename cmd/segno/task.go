package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/cmd/segno/manifest"
	"github.com/segno-jobs/segno/task"
)

func newTaskCommand(a *app) *cobra.Command {
	cmd := group("task", "Tasks: what is run, and where", "", `  segno task list
  segno task create hello --virtual-server etl -- echo "hello, world"
  segno task show hello`)
	cmd.AddCommand(newTaskListCommand(a), newTaskShowCommand(a), newTaskCreateCommand(a), newTaskEditCommand(a),
		newDeleteCommand(a, "task", "Delete a task; its runs stay", "segno task delete hello", taskNames, (*client.Client).DeleteTask))
	return cmd
}

func newTaskListCommand(a *app) *cobra.Command {
	var f task.Filter
	cmd := &cobra.Command{
		Use: "list", Short: "List tasks", Example: "  segno task list\n  segno task list --virtual-server etl", Args: cobra.NoArgs,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, _ []string) error {
			tasks, more, err := fetch(0, func(p client.PageRequest) (wire.Page[wire.Task], error) { return c.Tasks(ctx, f, p) })
			if err != nil {
				return err
			}
			return list(a, tasks, more, "There are no tasks. `segno task create` or `segno apply` makes one.",
				[]string{"name", "runs on", "job", "timeout", "changed", "description"}, func(t wire.Task) []string {
					return []string{t.Name, target(t.Target), jobWord(t.Job), durationWord(t.Timeout), a.ago(&t.UpdatedAt), line(t.Description)}
				})
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.Query, "name", "", "only tasks whose name contains this")
	flags.StringVar(&f.VirtualServer, "virtual-server", "", "only tasks that run on this virtual server")
	flags.StringVar(&f.Server, "server", "", "only tasks that run on this job server")
	complete(cmd, "virtual-server", a.completes(true, virtualServerNames))
	complete(cmd, "server", a.completes(true, serverNames))
	return cmd
}

func target(t task.Target) string {
	if t.Server != "" {
		return "server " + t.Server
	}
	return t.VirtualServer
}

// jobWord says in a word or two what a job is.
func jobWord(j task.Job) string {
	switch {
	case j.Script != nil:
		return count(strings.Count(strings.TrimRight(j.Script.Text, "\n"), "\n")+1, "line") + " of script"
	case len(j.Steps) > 0:
		return count(len(j.Steps), "step")
	case j.Archive != nil:
		return "archive " + archiveWord(*j.Archive)
	}
	return shorten(line(strings.Join(j.Command, " ")), 40)
}

// archiveWord names an archive with its version.
func archiveWord(a task.Archive) string {
	if a.Latest() {
		return a.Name + " " + task.LatestVersion
	}
	return a.Name + " " + a.Version
}

func shorten(s string, width int) string {
	if r := []rune(s); len(r) > width {
		return string(r[:width-1]) + "…"
	}
	return s
}

func durationWord(d task.Duration) string {
	if d == 0 {
		return ""
	}
	return span(time.Duration(d))
}

func newTaskShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Short: "Show a task", Example: "  segno task show load-orders\n  segno task show load-orders -o yaml", Args: cobra.ExactArgs(1),
		ValidArgsFunction: a.completes(false, taskNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			t, err := c.Task(ctx, args[0])
			if err != nil {
				return err
			}
			return a.print(t, func() { a.showTask(t) })
		}),
	}
}

func (a *app) showTask(t wire.Task) {
	failed := ""
	if t.PauseOnError {
		failed = "a failed run pauses its triggers"
	}
	priority := ""
	if t.Priority != 0 {
		priority = fmt.Sprint(t.Priority)
	}
	a.facts([][2]string{
		{"name", t.Name}, {"description", line(t.Description)}, {"labels", pairs(t.Labels)}, {"runs on", target(t.Target)},
		{"requires", pairs(t.Requires)}, {"needs", resources(t.Resources)}, {"parameters", pairs(t.Params)}, {"environment", pairs(t.Job.Env)},
		{"runs as", t.Job.RunAs},
		{"timeout", durationWord(t.Timeout)}, {"priority", priority}, {"retries", retriesWord(t.Retries)},
		{"on error", failed}, {"limits", limitsWord(t.Spec)}, {"groups", strings.Join(t.ConcurrencyGroups, ", ")},
		{"kept", retentionWord(t.Retention)},
		{"if unavailable", first(a.unavailableWord(t.OnUnavailable, &t.UnavailableAfter, t.LeaveRunning), "as its group has it, else wait")},
		{"changed", clock(&t.UpdatedAt)}, {"version", fmt.Sprint(t.Version)},
	}...)
	a.warnOfLeaving(t.LeaveRunning)
	a.println()
	switch {
	case t.Job.Script != nil:
		a.println(a.style().dim("# " + strings.Join(t.Job.Script.Interpreter, " ")))
		a.println(strings.TrimRight(printable(t.Job.Script.Text), "\n"))
	case len(t.Job.Steps) > 0:
		a.table([]string{"step", "command", "keeps"}, each(t.Job.Steps, func(s task.Step) []string {
			return []string{s.Name, words(s.Command), words(s.Keep)}
		}))
	case t.Job.Archive != nil:
		of := t.Job.Archive
		a.facts([][2]string{
			{"archive", archiveWord(*of)}, {"command", words(of.Command)}, {"arguments", words(of.Args)}, {"context", of.Context},
		}...)
	default:
		a.println(words(t.Job.Command))
	}
}

func resources(r task.Resources) string {
	var parts []string
	if r.CPU > 0 {
		parts = append(parts, cpus(r.CPU))
	}
	if r.Memory > 0 {
		parts = append(parts, r.Memory.String()+" of memory")
	}
	if r.Slots > 1 {
		parts = append(parts, count(r.Slots, "slot"))
	}
	return strings.Join(parts, ", ")
}

// words writes an argument vector so that a person sees where each argument begins and ends.
func words(args []string) string {
	return strings.Join(each(args, func(arg string) string {
		if arg == "" || strings.ContainsAny(arg, " \t\n'\"\\$&;|<>()*?[]#~`!{}") {
			return "'" + strings.ReplaceAll(line(arg), "'", `'\''`) + "'"
		}
		return printable(arg)
	}), " ")
}

func newTaskCreateCommand(a *app) *cobra.Command {
	var file string
	var spec task.Spec
	var timeout time.Duration
	var fallback unavailableFlags
	cmd := &cobra.Command{
		Use: "create -f FILE | create NAME --virtual-server VS -- COMMAND [ARG …]", Short: "Make a task",
		Long: `create makes tasks from the documents of a file, or one from flags; the command after -- is run as it stands, without a
shell. A task is made together with the triggers of its document, or not at all. One that exists is refused; segno apply is
for changing it.`,
		Example: `  segno task create -f load-orders.yaml
  segno task create hello --virtual-server etl -- echo "hello, world"
  segno task create sums --virtual-server etl --on-unavailable restart -- sh sums.sh
  segno task create nightly --server js-1 --param date=2026-01-01 -- sh load.sh '${{ params.date }}'`,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			made := []wire.NewTask{}
			switch {
			case file != "" && len(args) > 0:
				return usagef("give either --file or a name and a command")
			case file != "":
				docs, err := manifest.Load(a.in, file)
				if err != nil {
					return err
				}
				for _, doc := range docs {
					if doc.Kind != manifest.KindTask {
						return fmt.Errorf("%s:%d: is a %s; `segno apply` takes every kind", doc.File, doc.Line, doc.Kind)
					}
					made = append(made, wire.NewTask{Spec: *doc.Task, Triggers: doc.TriggerSpecs()})
				}
			case len(args) < 2:
				return usagef("give --file, or a name and a command after --")
			default:
				spec.Name, spec.Job.Command, spec.Timeout = args[0], args[1:], task.Duration(timeout)
				spec.OnUnavailable, spec.UnavailableAfter, spec.LeaveRunning = fallback.policy(), task.Duration(fallback.after), fallback.leave
				made = append(made, wire.NewTask{Spec: spec})
			}
			return a.createTasks(ctx, c, made)
		}),
	}
	flags := cmd.Flags()
	flags.StringVarP(&file, "file", "f", "", "YAML `file` with tasks, or - for standard input")
	flags.StringVar(&spec.Target.VirtualServer, "virtual-server", "", "virtual server on which it runs")
	flags.StringVar(&spec.Target.Server, "server", "", "job server on which it runs")
	flags.StringVar(&spec.Description, "description", "", "what the task is for")
	flags.StringToStringVar(&spec.Params, "param", nil, "parameter and its default, as `k=v`")
	flags.StringToStringVar(&spec.Job.Env, "env", nil, "variable for the job's environment, as `K=v`")
	flags.BoolVar(&spec.PauseOnError, "pause-on-error", false, "a run that failed pauses the triggers of the task until someone resumes them")
	flags.DurationVar(&timeout, "timeout", 0, "how long one attempt may run; 0 is without limit")
	fallback.add(cmd)
	complete(cmd, "virtual-server", a.completes(true, virtualServerNames))
	complete(cmd, "server", a.completes(true, serverNames))
	return cmd
}

func (a *app) createTasks(ctx context.Context, c *client.Client, wanted []wire.NewTask) error {
	var made []wire.Task
	var errs []error
	for _, w := range wanted {
		t, err := c.CreateTask(ctx, w.Spec, w.Triggers...)
		if err != nil {
			errs = append(errs, fmt.Errorf("task %s: %w", w.Name, err))
			continue
		}
		a.warnOfLeaving(w.LeaveRunning)
		made = append(made, t)
	}
	var answer any = made
	if len(made) == 1 && len(wanted) == 1 {
		answer = made[0]
	}
	if len(made) > 0 {
		if err := a.print(answer, func() {
			for _, t := range made {
				a.printf("task %s created. Start it: segno run start %s --follow\n", t.Name, t.Name)
			}
		}); err != nil {
			return err
		}
	}
	return errors.Join(errs...)
}
