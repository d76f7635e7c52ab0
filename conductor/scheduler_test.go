package conductor_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
	"github.com/segno-jobs/segno/virtualserver"
)

// oneTrigger is a store of one trigger, which notes when it was asked and what was fired.
type oneTrigger struct {
	conductor.TriggerStore
	mu      sync.Mutex
	trigger task.Trigger
	asked   []time.Time
	fired   []time.Time
	late    time.Duration
	// broken, where it is set, is what Fire answers once.
	broken error
}

func (o *oneTrigger) DueTriggers(_ context.Context, now time.Time, _ int) (due []task.DueTrigger, next time.Time, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, now)
	switch t := o.trigger; {
	case t.DueAt == nil:
	case t.DueAt.After(now):
		next = *t.DueAt
	default:
		due = append(due, task.DueTrigger{Trigger: t, Task: &task.Task{Spec: task.Spec{Name: "load", Job: task.Job{Command: []string{"true"}}}}})
	}
	return due, next, nil
}

func (o *oneTrigger) Fire(_ context.Context, fs []task.Firing, _ map[task.RunID]virtualserver.Assignment, now time.Time) []error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.broken; err != nil {
		o.broken = nil
		return []error{err}
	}
	for _, f := range fs {
		for _, made := range f.Occurrences {
			o.fired = append(o.fired, made.ScheduledFor)
			o.late = max(o.late, now.Sub(made.ScheduledFor))
		}
		o.trigger.Next, o.trigger.DueAt = f.Next, f.DueAt
	}
	return make([]error, len(fs))
}

func (o *oneTrigger) ResumeTriggers(_ context.Context, _ task.Owner, _ string, now time.Time) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	at := now.Add(10 * time.Millisecond)
	o.trigger.Next, o.trigger.DueAt = &at, &at
	return nil
}

// scheduling runs the loop of due triggers over a store for a time by a clock of its own.
func scheduling(t *testing.T, o *oneTrigger, length time.Duration, during func(c *conductor.Conductor)) {
	t.Helper()
	c, err := conductor.New(nil, conductor.Options{Triggers: o})
	check(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Schedule(ctx) }()
	during(c)
	time.Sleep(length)
	synctest.Wait()
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the loop ended with %v", err)
	}
}

func every(at time.Time, interval time.Duration) task.Trigger {
	return task.Trigger{
		TriggerSpec: task.TriggerSpec{Name: "t", Every: task.Duration(interval), Start: &at}, Owner: task.TaskOwner("load"), Next: &at, DueAt: &at,
	}
}

func TestATriggerIsActedOnAtItsTimeAndTheLoopSleepsBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := time.Now().Add(7300 * time.Millisecond)
		o := &oneTrigger{trigger: every(first, 40*time.Second)}
		scheduling(t, o, time.Hour, func(*conductor.Conductor) {})
		if len(o.fired) != 90 || o.late != 0 {
			t.Errorf("acted on %d occurrences, at most %s late; want 90 in time", len(o.fired), o.late)
		}
		if most := int(time.Hour/time.Second) + 2*90 + 10; len(o.asked) > most {
			t.Errorf("asked %d times in an hour, want at most %d", len(o.asked), most)
		}
	})
}

func TestAnEditWakesTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &oneTrigger{}
		scheduling(t, o, 100*time.Millisecond, func(c *conductor.Conductor) {
			time.Sleep(50 * time.Millisecond)
			o.mu.Lock()
			o.trigger = every(time.Now().Add(time.Hour), time.Hour)
			o.mu.Unlock()
			check(t, c.ResumeTriggers(t.Context(), task.Owner{}, "ops"))
		})
		if len(o.fired) != 1 || o.late != 0 {
			t.Errorf("acted on %v, at most %s late", o.fired, o.late)
		}
	})
}

func TestAnErrorIsTriedAgainAndLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &oneTrigger{trigger: every(time.Now().Add(time.Second), time.Second), broken: errors.New("the disk is full")}
		scheduling(t, o, 10*time.Second+time.Millisecond, func(*conductor.Conductor) {})
		if len(o.fired) != 10 || o.late == 0 || o.late > time.Second {
			t.Errorf("acted on %d occurrences, at most %s late, want all 10", len(o.fired), o.late)
		}
	})
}

// due is a world whose conductor acts on triggers.
func due(t *testing.T, edit func(*task.Spec), triggers ...task.TriggerSpec) (*world, *conductor.Conductor) {
	t.Helper()
	w := newWorld(t, "js-1")
	spec := task.Spec{Name: "load", Target: task.Target{VirtualServer: "etl"}, Job: task.Job{Command: []string{"echo", "${{ params.day }}"}}, Params: map[string]string{"day": "one"}}
	edit(&spec)
	_, err := w.db.CreateTask(t.Context(), spec, noon)
	check(t, err)
	c, err := conductor.New(w.db, conductor.Options{Triggers: w.db, Now: func() time.Time { return w.at }, Seed: 1})
	check(t, err)
	check(t, c.Load(t.Context()))
	for _, s := range triggers {
		_, err := c.CreateTrigger(t.Context(), task.TaskOwner("load"), s)
		check(t, err)
	}
	return w, c
}

func occurrences(t *testing.T, c *conductor.Conductor) []task.Occurrence {
	t.Helper()
	got, err := c.Occurrences(t.Context(), task.OccurrenceFilter{}, page.Request{})
	check(t, err)
	return got.Items
}

func TestARunOfATriggerHasItsParametersAndItsTime(t *testing.T) {
	w, c := due(t, func(*task.Spec) {}, task.TriggerSpec{Name: "nightly", Cron: "@hourly", Params: map[string]string{"day": "two"}})
	w.at = noon.Add(time.Hour + time.Second)
	next, err := c.FireDue(t.Context())
	check(t, err)
	if !next.Equal(noon.Add(2 * time.Hour)) {
		t.Errorf("due next at %s", next)
	}
	all := occurrences(t, c)
	if len(all) != 1 || all[0].Run == "" {
		t.Fatalf("got %+v", all)
	}
	run, err := c.Run(t.Context(), all[0].Run)
	check(t, err)
	if run.Cause != (task.Cause{Kind: task.CauseTrigger, By: "nightly"}) || !run.ScheduledFor.Equal(noon.Add(time.Hour)) || run.Spec.Job.Command[1] != "two" {
		t.Errorf("got the run %+v", run)
	}
	if _, err := c.FireDue(t.Context()); err != nil || len(occurrences(t, c)) != 1 {
		t.Errorf("a second pass made more of it: %v", err)
	}
}

// TestARunOfATriggerIsPlacedAsItIsStored: with its first attempt, unless another run waits that it would overtake.
func TestARunOfATriggerIsPlacedAsItIsStored(t *testing.T) {
	w := newWorld(t, "js-1")
	w.task("load", policy.Policy{})
	w.task("apart", policy.Policy{}, func(s *task.Spec) { s.Requires = map[string]string{"gpu": "yes"} })
	_, err := w.c.CreateTrigger(t.Context(), task.TaskOwner("load"), task.TriggerSpec{Name: "often", Cron: "* * * * *"})
	check(t, err)
	w.pass(time.Second)
	fire := func() task.Run {
		t.Helper()
		w.at = w.at.Truncate(time.Minute).Add(time.Minute)
		for _, a := range w.hosts {
			a.step()
		}
		_, err := w.c.FireDue(t.Context())
		check(t, err)
		run, err := w.c.Run(t.Context(), occurrences(t, w.c)[0].Run)
		check(t, err)
		return run
	}
	if run := fire(); run.State != task.Starting || run.Server != "js-1" {
		t.Errorf("it is %s on %q, want it offered to js-1", run.State, run.Server)
	}
	w.pass(time.Second)
	_, err = w.c.StartRun(t.Context(), "apart", task.RunRequest{})
	check(t, err)
	w.pass(time.Second)
	if run := fire(); run.State != task.Queued {
		t.Errorf("it is %s although another run waits", run.State)
	}
	w.pass(time.Second)
	if run, err := w.c.Run(t.Context(), occurrences(t, w.c)[0].Run); err != nil || run.State == task.Queued {
		t.Errorf("it still waits: %v", err)
	}
}

func TestABusyTaskLeavesARowWithTheReason(t *testing.T) {
	w, c := due(t, func(s *task.Spec) { s.MaxConcurrent, s.WhenBusy = 1, task.BusySkip }, task.TriggerSpec{Name: "often", Cron: "* * * * *"})
	for minute := 1; minute <= 2; minute++ {
		w.at = noon.Add(time.Duration(minute) * time.Minute)
		_, err := c.FireDue(t.Context())
		check(t, err)
	}
	all := occurrences(t, c)
	if len(all) != 2 || all[1].Run == "" || all[0].Run != "" || !strings.Contains(all[0].Reason, "busy") {
		t.Errorf("got %+v, want a run, and then a row that says that the task is busy", all)
	}
}

func TestParametersThatTheTaskLostLeaveARowWithTheReason(t *testing.T) {
	w, c := due(t, func(*task.Spec) {}, task.TriggerSpec{Name: "often", Cron: "* * * * *", Params: map[string]string{"day": "two"}})
	_, err := c.EditTask(t.Context(), "load", 0, func(s *task.Spec) error {
		s.Params, s.Job.Command = nil, []string{"true"}
		return nil
	})
	check(t, err)
	w.at = noon.Add(time.Minute)
	_, err = c.FireDue(t.Context())
	check(t, err)
	all := occurrences(t, c)
	if len(all) != 1 || all[0].Run != "" || !strings.Contains(all[0].Reason, "params.day") {
		t.Errorf("got %+v, want a row that names the parameter", all)
	}
}

func TestAForecastMergesTheTimesOfAllTriggers(t *testing.T) {
	_, c := due(t, func(*task.Spec) {}, task.TriggerSpec{Name: "a", Cron: "*/20 * * * *"}, task.TriggerSpec{Name: "b", Cron: "30 * * * *"},
		task.TriggerSpec{Name: "held", Cron: "* * * * *", Paused: true})
	for _, f := range []task.TriggerFilter{{}, {Owner: task.TaskOwner("load")}} {
		got, err := c.Forecast(t.Context(), f, noon.Add(time.Hour), 10)
		check(t, err)
		var words []string
		for _, o := range got {
			words = append(words, o.Trigger+o.ScheduledFor.Format("04"))
		}
		if strings.Join(words, " ") != "a20 b30 a40" {
			t.Errorf("got %q", words)
		}
		if first, err := c.Forecast(t.Context(), f, noon.Add(time.Hour), 1); err != nil || len(first) != 1 || first[0].Trigger != "a" {
			t.Errorf("got %v and %v, want the first alone", first, err)
		}
	}
}

func TestAPreviewOfAStoredTriggerCountsFromItsCreation(t *testing.T) {
	w, c := due(t, func(*task.Spec) {}, task.TriggerSpec{Name: "often", Every: task.Duration(7 * time.Minute)})
	w.at = noon.Add(10 * time.Minute)
	spec := task.TriggerSpec{Name: "often", Every: task.Duration(7 * time.Minute)}
	for owner, want := range map[task.Owner]time.Time{
		task.TaskOwner("load"): noon.Add(14 * time.Minute), {}: noon.Add(17 * time.Minute), task.TaskOwner("new"): noon.Add(17 * time.Minute),
	} {
		got, err := c.Preview(t.Context(), owner, spec, time.Time{}, 1)
		check(t, err)
		if len(got) != 1 || !got[0].ScheduledFor.Equal(want) {
			t.Errorf("of %q: got %v, want %s", owner.Name, got, want)
		}
	}
	_, err := c.Preview(t.Context(), task.Owner{}, task.TriggerSpec{Name: "x", Cron: "@daily", Calendar: "nosuch"}, time.Time{}, 1)
	if fields := fault.Fields(err); len(fields) != 1 || fields[0].Field != "calendar" {
		t.Errorf("got %v, want the calendar refused", err)
	}
}

func TestWithoutAStoreOfTriggersTheyAreUnavailable(t *testing.T) {
	c, err := conductor.New(nil, conductor.Options{})
	check(t, err)
	if _, err := c.Triggers(t.Context(), task.TriggerFilter{}, page.Request{}); !errors.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
}

func TestADueTriggerOfAPlanBeginsARunOfIt(t *testing.T) {
	w, _ := due(t, func(*task.Spec) {})
	c, err := conductor.New(w.db, conductor.Options{Triggers: w.db, Plans: w.db, Now: func() time.Time { return w.at }, Seed: 1})
	check(t, err)
	_, err = c.CreatePlan(t.Context(), plan.Spec{Name: "night", Nodes: []plan.Node{{Name: "first", Task: "load"}}})
	check(t, err)
	_, err = c.CreateTrigger(t.Context(), task.Owner{Kind: task.OwnerPlan, Name: "night"}, task.TriggerSpec{Name: "hourly", Cron: "@hourly"})
	check(t, err)
	w.at = noon.Add(time.Hour)
	for range 2 {
		_, err = c.FireDue(t.Context())
		check(t, err)
	}
	all := occurrences(t, c)
	if len(all) != 1 || all[0].Run == "" {
		t.Fatalf("got %+v, want one occurrence with a run of the plan", all)
	}
	run, err := c.PlanRun(t.Context(), plan.RunID(all[0].Run))
	check(t, err)
	if run.Plan != "night" || run.Cause.Kind != task.CauseTrigger || !run.ScheduledFor.Equal(w.at) {
		t.Errorf("got the plan run %+v", run)
	}
}
