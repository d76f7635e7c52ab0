package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

func newTriggerCommand(a *app) *cobra.Command {
	cmd := group("trigger", "Triggers: why tasks and plans start by themselves", `A trigger belongs to a task or to a plan. Where a verb takes an OWNER, load-orders is the task of that name and
plan:nightly is the plan nightly.`, `  segno trigger list
  segno trigger create load-orders nightly --cron "30 2 * * mon-fri" --timezone Europe/Paris
  segno trigger create plan:nightly at-two --cron "0 2 * * *"
  segno trigger preview load-orders nightly
  segno trigger preview --cron "0 0 L * *" --count 12
  segno trigger edit load-orders nightly --cron "45 2 * * mon-fri"
  segno trigger pause load-orders --reason "the database is moved"`)
	cmd.AddCommand(newTriggerListCommand(a), newTriggerShowCommand(a), newTriggerCreateCommand(a), newTriggerEditCommand(a), newTriggerDeleteCommand(a),
		newTriggerPauseCommand(a), newTriggerResumeCommand(a), newTriggerPausesCommand(a), newTriggerPreviewCommand(a), newOccurrencesCommand(a), newForecastCommand(a),
		newTriggerWatchesCommand(a), newTriggerAddressCommand(a))
	return cmd
}

// planPrefix stands before the name of a plan where the name alone would be that of a task.
const planPrefix = "plan:"

// ownerArg returns what the argument OWNER, the first one, names: a task or, behind plan:, a plan. Where there are no
// arguments it is the zero owner, which stands for all tasks and plans.
func ownerArg(args []string) (task.Owner, error) {
	if len(args) == 0 {
		return task.Owner{}, nil
	}
	owner := task.TaskOwner(args[0])
	if name, isPlan := strings.CutPrefix(args[0], planPrefix); isPlan {
		owner = task.PlanOwner(name)
	}
	if owner.Name == "" {
		return owner, usagef("%q names neither a task, such as load-orders, nor a plan, such as plan:nightly", args[0])
	}
	return owner, nil
}

// ownerNames completes tasks, and plans behind plan:.
func ownerNames(ctx context.Context, c *client.Client, typed string) ([]string, error) {
	plans, err := planNames(ctx, c, strings.TrimPrefix(typed, planPrefix))
	found := each(plans, func(p string) string { return planPrefix + p })
	if err != nil || strings.HasPrefix(typed, planPrefix) {
		return found, err
	}
	tasks, err := taskNames(ctx, c, typed)
	return append(tasks, found...), err
}

// triggerNames completes the triggers of an owner; which one is not known here, so that those of all are offered.
func triggerNames(ctx context.Context, c *client.Client, _ string) ([]string, error) {
	got, err := c.Triggers(ctx, task.Owner{}, client.PageRequest{Limit: 500})
	return each(got.Items, func(t wire.Trigger) string { return t.Name + "\t" + ownerWord(t.Task, t.Plan) }), err
}

func ownerWord(taskName, plan *string) string {
	switch {
	case taskName != nil:
		return *taskName
	case plan != nil:
		return planPrefix + *plan
	}
	return ""
}

func newTriggerListCommand(a *app) *cobra.Command {
	var paused bool
	cmd := &cobra.Command{
		Use: "list [OWNER | --paused]", Short: "List triggers", Args: cobra.MaximumNArgs(1),
		Example:           "  segno trigger list\n  segno trigger list load-orders\n  segno trigger list plan:nightly\n  segno trigger list --paused",
		ValidArgsFunction: a.completes(false, ownerNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			owner, err := ownerArg(args)
			if err != nil {
				return err
			}
			if paused && len(args) > 0 {
				return usagef("give a task or plan, or --paused, not both")
			}
			nothing := "There are no triggers. `segno trigger create` or `segno apply` makes one."
			if paused {
				nothing = "No trigger is paused by itself. `segno trigger pauses` lists what holds up several."
			}
			all, more, err := fetch(0, func(p client.PageRequest) (wire.Page[wire.Trigger], error) {
				if paused {
					return c.PausedTriggers(ctx, p)
				}
				return c.Triggers(ctx, owner, p)
			})
			if err != nil {
				return err
			}
			return list(a, all, more, nothing,
				[]string{"owner", "name", "starts", "zone", "next", "last"}, func(t wire.Trigger) []string {
					return []string{ownerWord(t.Task, t.Plan), t.Name, triggerWord(t.TriggerSpec), t.Timezone, a.dueWord(t), a.lastWord(t)}
				})
		}),
	}
	cmd.Flags().BoolVar(&paused, "paused", false, "only those that are paused by themselves, of all tasks and plans")
	return cmd
}

// triggerWord says in a few words when or on what a trigger is due.
func triggerWord(t task.TriggerSpec) string {
	switch t.Kind() {
	case task.TriggerCron:
		return t.Cron
	case task.TriggerEvery:
		return "every " + durationWord(t.Every)
	case task.TriggerAt:
		return "at " + clock(&wire.Time{Time: *t.At})
	}
	return eventWord(t)
}

// dueWord says when a trigger is due next, or why it is not.
func (a *app) dueWord(t wire.Trigger) string {
	switch {
	case t.Pause != nil:
		return a.style().yellow("paused")
	case t.NextAt != nil:
		return clock(t.NextAt)
	case task.TriggerKind(t.Kind).Timed():
		return "never"
	}
	return ""
}

func (a *app) lastWord(t wire.Trigger) string {
	switch {
	case t.Last == nil:
		return ""
	case t.Last.Run == nil:
		return clock(&t.Last.ScheduledFor) + " " + a.style().yellow("skipped")
	}
	return clock(&t.Last.ScheduledFor)
}

func newTriggerShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "show OWNER NAME", Short: "Show a trigger", Example: "  segno trigger show load-orders nightly", Args: cobra.ExactArgs(2),
		ValidArgsFunction: a.completes(false, ownerNames, triggerNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			owner, err := ownerArg(args)
			if err != nil {
				return err
			}
			t, err := c.Trigger(ctx, owner, args[1])
			if err != nil {
				return err
			}
			return a.print(t, func() { a.showTrigger(t) })
		}),
	}
}

func (a *app) showTrigger(t wire.Trigger) {
	pause := ""
	if p := t.Pause; p != nil {
		pause = strings.Join(strings.Fields(fmt.Sprintf("since %s by %s %s", clock(&p.At), p.By, line(p.Reason))), " ")
		if p.Level != task.PauseTrigger {
			pause += " (" + map[task.PauseLevel]string{task.PauseOwner: "all of its owner", task.PauseAll: "all triggers"}[p.Level] + ")"
		}
	}
	missed := ""
	if t.TriggerSpec.Kind().Timed() {
		missed = strings.TrimSpace(first(string(t.Misfire), string(task.MisfireLatest)) + " " + durationWord(t.MisfireWindow))
	}
	last := ""
	if o := t.Last; o != nil {
		last = clock(&o.ScheduledFor) + ": " + outcomeWord(*o)
	}
	a.facts([][2]string{
		{"name", t.Name}, {"owner", ownerWord(t.Task, t.Plan)}, {"description", line(t.Description)}, {"starts", triggerWord(t.TriggerSpec)},
		{"zone", t.Timezone}, {"local time left out", string(t.InGap)}, {"local time twice", string(t.InOverlap)},
		{"if missed", missed},
		{"calendar", t.Calendar}, {"from", instantWord(t.Start)}, {"until", instantWord(t.End)}, {"delayed up to", durationWord(t.Jitter)},
		{"parameters", pairs(t.Params)}, {"paused", pause}, {"next", a.dueWord(t)}, {"last", last}, {"changed", clock(&t.UpdatedAt)},
	}...)
}

func instantWord(t *time.Time) string {
	if t == nil {
		return ""
	}
	return clock(&wire.Time{Time: *t})
}

// outcomeWord says what became of a due instant.
func outcomeWord(o wire.Occurrence) string {
	if o.Run != nil {
		return "run " + string(*o.Run)
	}
	return "skipped: " + line(o.Reason)
}

// triggerFlags are the settings of a trigger as flags.
type triggerFlags struct {
	spec                 task.TriggerSpec
	every, window, delay time.Duration
	at, start, end       string
	misfire, gap, twice  string
	params               map[string]string
	events               eventFlags
}

func (f *triggerFlags) add(a *app, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.spec.Description, "description", "", "what the trigger is for")
	flags.StringVar(&f.spec.Cron, "cron", "", "five `fields` (minute hour day month weekday), six with seconds before them, or a word such as @daily")
	flags.DurationVar(&f.every, "every", 0, "interval such as 10m")
	flags.StringVar(&f.at, "at", "", "the one `instant` at which it is due, such as 2026-01-31T09:05:00Z")
	flags.StringVar(&f.spec.Timezone, "timezone", "", "`zone` whose clock cron goes by, such as Europe/Paris; by default UTC")
	flags.StringVar(&f.gap, "in-gap", "", "a local time that a change of the clock leaves out: run or skip")
	flags.StringVar(&f.twice, "in-overlap", "", "a local time that a change of the clock brings twice: once or twice")
	flags.StringVar(&f.misfire, "misfire", "", "what was missed: skip, latest (the default) or all")
	flags.DurationVar(&f.window, "misfire-window", 0, "how old it may be to be run")
	flags.StringVar(&f.start, "start", "", "`instant` before which it is not due")
	flags.StringVar(&f.end, "end", "", "`instant` from which on it is not due")
	flags.StringVar(&f.spec.Calendar, "calendar", "", "`name` of the calendar that it keeps to")
	flags.DurationVar(&f.delay, "jitter", 0, "most that its runs are delayed, such as 5m")
	flags.StringToStringVar(&f.params, "param", nil, "`name=value` that overrides a parameter of the task or plan; can be repeated")
	f.events.add(a, cmd)
	complete(cmd, "calendar", a.completes(true, calendarNames))
	for flag, words := range map[string][]string{"in-gap": {"run", "skip"}, "in-overlap": {"once", "twice"}, "misfire": {"skip", "latest", "all"}} {
		complete(cmd, flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	}
}

// trigger returns the trigger that the flags describe.
func (f *triggerFlags) trigger(name string) (s task.TriggerSpec, err error) {
	s = f.spec
	s.Name, s.Params = name, f.params
	f.events.into(&s)
	s.Every, s.MisfireWindow, s.Jitter = task.Duration(f.every), task.Duration(f.window), task.Duration(f.delay)
	s.InGap, s.InOverlap, s.Misfire = task.GapChoice(f.gap), task.OverlapChoice(f.twice), task.MisfireChoice(f.misfire)
	for flag, v := range map[string]struct {
		text string
		to   **time.Time
	}{"at": {f.at, &s.At}, "start": {f.start, &s.Start}, "end": {f.end, &s.End}} {
		if v.text == "" {
			continue
		}
		at, err := instantFlag(flag, v.text)
		if err != nil {
			return s, err
		}
		*v.to = &at
	}
	return s, nil
}

func instantFlag(flag, text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, usagef("--%s must be an instant such as 2026-01-31T09:05:00Z, not %q", flag, text)
	}
	return at.UTC(), nil
}

func newTriggerCreateCommand(a *app) *cobra.Command {
	var f triggerFlags
	var file string
	cmd := &cobra.Command{
		Use: "create OWNER NAME", Short: "Give a task or plan a trigger", Args: cobra.ExactArgs(2), ValidArgsFunction: a.completes(false, ownerNames),
		Long: `create gives a task or plan a trigger: one that is due at times, or one that waits for files, for the end of another task, or for
requests to a secret address, which segno trigger address makes.`,
		Example: `  segno trigger create load-orders nightly --cron "30 2 * * mon-fri" --timezone Europe/Paris
  segno trigger create plan:nightly at-two --cron "0 2 * * *" --param date=yesterday
  segno trigger create load-orders often --every 10m --jitter 30s
  segno trigger create load-orders launch --at 2026-12-01T09:00:00Z
  segno trigger create load-orders in --file /data/in --mask "*.csv" --on-server js-1
  segno trigger create load-orders next --after extract-orders --param rows='${{ run.outputs.rows }}'
  segno trigger create deploy push --webhook github --param branch='${{ body.ref }}'`,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			owner, err := ownerArg(args)
			if err != nil {
				return err
			}
			if file != "" {
				return a.createTriggerFrom(ctx, c, owner, args[1], file)
			}
			spec, err := f.trigger(args[1])
			if err != nil {
				return err
			}
			t, err := c.CreateTrigger(ctx, owner, spec)
			if err != nil {
				return err
			}
			return a.print(t, func() { a.showTrigger(t) })
		}),
	}
	f.add(a, cmd)
	cmd.Flags().BoolVar(&f.spec.Paused, "paused", false, "make it paused")
	cmd.Flags().StringVarP(&file, "from", "f", "", "YAML `file` with the trigger in place of flags, or - for standard input")
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		if file != "" && (len(f.given(cmd)) > 0 || cmd.Flags().Changed("paused")) {
			return usagef("give either --from or flags of the trigger")
		}
		return nil
	}
	return cmd
}

func newTriggerDeleteCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "delete OWNER NAME …", Short: "Delete triggers of a task or plan; what became of them stays", Args: cobra.MinimumNArgs(2),
		Example: "  segno trigger delete load-orders nightly", ValidArgsFunction: a.completes(true, ownerNames, triggerNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			owner, err := ownerArg(args)
			if err != nil {
				return err
			}
			for _, name := range args[1:] {
				if err := c.DeleteTrigger(ctx, owner, name, 0); err != nil {
					return err
				}
				a.note("trigger %s of %s deleted.", name, args[0])
			}
			return nil
		}),
	}
}
