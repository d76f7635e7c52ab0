package chaos

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/systemtest"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

// expected is a run and what may become of it.
type expected struct {
	id    task.RunID
	task  string
	probe probe
	kind  policy.Kind
	// overlaps is true where the promise of no overlap was given up for the run.
	overlaps bool
	// further is true where there may be more attempts than its policy gives: retries, or at an operator's word.
	further bool
	// killed is true where its processes may have been killed one by one, so that an end may be another than the job's.
	killed bool
}

// lived is what a probe wrote down of one attempt.
type lived struct {
	started         bool
	from, ticks     int
	param           string
	uid             int
	ended           bool
	code            int
	checkpoints     []int
	validatedBefore int
}

// start creates a task of a probe with the policy, and requests a run of it.
func (w *world) start(name, group string, p probe, kind policy.Kind, edits ...func(*task.Spec)) *expected {
	w.t.Helper()
	p.Dir = w.truth
	edits = append([]func(*task.Spec){func(s *task.Spec) {
		word := policy.Word(kind)
		s.OnUnavailable = &word
		s.StopGrace = task.Duration(time.Second)
		s.Params = map[string]string{"given": p.Param}
	}}, edits...)
	w.Task(name, group, p.job(), edits...)
	return w.again(name, p, kind)
}

// again requests a run of a task that exists.
func (w *world) again(name string, p probe, kind policy.Kind) *expected {
	w.t.Helper()
	p.Dir = w.truth
	e := &expected{id: w.StartRun(name), task: name, probe: p, kind: kind}
	w.runs = append(w.runs, e)
	return e
}

// read returns what the attempts of a run wrote, by fence, and how often one found another alive.
func (w *world) read(e *expected) (attempts map[int]*lived, overlaps int) {
	w.t.Helper()
	attempts = map[int]*lived{}
	text, err := os.ReadFile(filepath.Join(w.truth, string(e.id)))
	if err != nil {
		return attempts, 0 // none has begun
	}
	validated := 0
	for line := range strings.Lines(string(text)) {
		var kind, value string
		var fence, n int
		if _, err := fmt.Sscan(line, &kind, &fence, &value); err != nil || !strings.HasSuffix(line, "\n") {
			continue // the last one of a probe that was killed at it
		}
		_, _ = fmt.Sscan(value, &n)
		a := attempts[fence]
		if a == nil {
			a = &lived{}
			attempts[fence] = a
		}
		switch kind {
		case "param":
			a.param = strings.TrimSuffix(value, ".")
		case "uid":
			a.uid = n
		case "start":
			if a.started {
				w.t.Errorf("attempt %d of %s was started twice", fence, e.task)
			}
			if newest := slices.Max(slices.Collect(maps.Keys(attempts))); newest > fence {
				w.t.Errorf("attempt %d of %s was started after attempt %d", fence, e.task, newest)
			}
			a.started, a.from, a.ticks, a.validatedBefore = true, n, n, validated
		case "tick":
			a.ticks = n
		case "checkpoint":
			a.checkpoints = append(a.checkpoints, n)
			validated = max(validated, n)
		case "end":
			a.ended, a.code = true, n
		case "overlap":
			overlaps++
		}
	}
	return attempts, overlaps
}

// awaitTick waits until some attempt of the run has counted so far.
func (w *world) awaitTick(e *expected, n int) {
	w.t.Helper()
	w.Eventually(fmt.Sprintf("%s has counted to %d", e.task, n), func(context.Context) (bool, error) {
		attempts, _ := w.read(e)
		return slices.ContainsFunc(slices.Collect(maps.Values(attempts)), func(a *lived) bool { return a.ticks >= n }), nil
	})
}

// awaitCheckpoint waits until the job was told that a checkpoint at or above a number is durable.
func (w *world) awaitCheckpoint(e *expected, n int) {
	w.t.Helper()
	w.Eventually(fmt.Sprintf("%s has handed over checkpoint %d", e.task, n), func(context.Context) (bool, error) {
		attempts, _ := w.read(e)
		return slices.ContainsFunc(slices.Collect(maps.Values(attempts)), func(a *lived) bool {
			return slices.ContainsFunc(a.checkpoints, func(c int) bool { return c >= n })
		}), nil
	})
}

// checkAll waits for the end of every run and holds all of them against what their probes wrote.
func (w *world) checkAll() {
	w.t.Helper()
	for _, e := range w.runs {
		w.AwaitRun(e.id, task.Succeeded, task.Failed, task.TimedOut, task.Cancelled, task.Reset, task.Lost)
	}
	for _, e := range w.runs {
		w.check(e)
	}
}

// check holds a run that has ended against what its probes wrote: the invariants.
func (w *world) check(e *expected) {
	w.t.Helper()
	run := w.GetRun(e.id)
	attempts, overlaps := w.read(e)
	w.noteEnd(e, run, attempts)
	if overlaps > 0 && !e.overlaps {
		w.t.Errorf("%s: two of its attempts were alive at once", e.task)
	}
	w.checkEnd(e, run, attempts)
	w.checkAttempts(e, run, attempts)
	w.checkEvents(e)
	for _, a := range run.Attempts {
		if l := attempts[a.Number]; l != nil && l.started {
			w.checkLog(e, a, l)
		}
	}
	if !e.overlaps {
		systemtest.Eventually(w.t, "nothing of "+e.task+" is left", func(context.Context) (bool, error) {
			return len(systemtest.ProcessesOf("SEGNO_RUN_ID="+string(e.id))) == 0, nil
		})
	}
}

func (w *world) noteEnd(e *expected, run wire.Run, attempts map[int]*lived) {
	var story []string
	for _, a := range run.Attempts {
		text := fmt.Sprintf("%d on %s %s", a.Number, a.Server, a.State)
		if a.Ground != nil {
			text += " (" + *a.Ground + ")"
		}
		if l := attempts[a.Number]; l != nil && l.started {
			text += fmt.Sprintf(" %d..%d", l.from, l.ticks)
		}
		story = append(story, text)
	}
	w.note("%s is %s: %s", e.task, run.State, strings.Join(story, ", "))
}

// checkEnd checks the result: it is what the last attempt itself ended with, and no success is made up.
func (w *world) checkEnd(e *expected, run wire.Run, attempts map[int]*lived) {
	w.t.Helper()
	last := attempts[run.Attempt]
	ended := last != nil && last.ended
	switch {
	case run.State == task.Succeeded && (!ended || last.code != 0):
		w.t.Errorf("%s succeeded, but its attempt %d did not", e.task, run.Attempt)
	case run.State == task.Succeeded && run.Outputs["total"] != fmt.Sprint(total(e.probe.Ticks)):
		w.t.Errorf("%s has the total %s, an undisturbed run has %d", e.task, run.Outputs["total"], total(e.probe.Ticks))
	case run.State == task.Failed && !e.killed && (!ended || run.ExitCode == nil || *run.ExitCode != last.code):
		w.t.Errorf("%s failed with code %v because %q, which its attempt %d did not", e.task, run.ExitCode, run.Reason, run.Attempt)
	}
	if run.State != task.Succeeded && run.Reason == "" {
		w.t.Errorf("%s is %s, and does not say why", e.task, run.State)
	}
}

// checkAttempts checks that each attempt had a ground, and what the policy says of it.
func (w *world) checkAttempts(e *expected, run wire.Run, attempts map[int]*lived) {
	w.t.Helper()
	lives := 0
	for _, a := range run.Attempts {
		l := attempts[a.Number]
		if lives > 0 && (a.Ground == nil || *a.Ground == "") {
			w.t.Errorf("%s: attempt %d has no ground", e.task, a.Number)
		}
		if l == nil || !l.started {
			continue
		}
		if lives++; lives > 1 && !e.further && (e.kind == policy.Wait || e.kind == policy.Reset) {
			w.t.Errorf("%s: the policy %s made attempt %d", e.task, e.kind, a.Number)
		}
		if l.param != e.probe.Param {
			w.t.Errorf("%s: attempt %d was given %q, and the run %q", e.task, a.Number, l.param, e.probe.Param)
		}
		if l.uid != e.probe.UID {
			w.t.Errorf("%s: attempt %d ran as the user %d, want %d", e.task, a.Number, l.uid, e.probe.UID)
		}
		switch {
		case e.kind == policy.Recover && l.from < l.validatedBefore && !e.further:
			w.t.Errorf("%s: attempt %d goes on from %d, though %d was validated", e.task, a.Number, l.from, l.validatedBefore)
		case e.kind == policy.Restart && l.from != 0 && !e.further:
			w.t.Errorf("%s: attempt %d goes on from %d and is to begin at the beginning", e.task, a.Number, l.from)
		}
	}
}

// checkEvents checks that the run's history is one that may be, and that it ended once.
func (w *world) checkEvents(e *expected) {
	w.t.Helper()
	p := client.PageRequest{}
	ends := 0
	for {
		page, err := w.Client.RunEvents(w.t.Context(), e.id, p)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, event := range page.Items {
			if event.From == event.To || event.To == "" {
				continue
			}
			if event.From != "" && !event.From.CanBecome(event.To) {
				w.t.Errorf("%s went from %s to %s", e.task, event.From, event.To)
			}
			if event.To.Final() {
				ends++
			}
		}
		if page.NextCursor == nil {
			break
		}
		p.Cursor = *page.NextCursor
	}
	if ends != 1 && !e.further {
		w.t.Errorf("%s ended %d times", e.task, ends)
	}
}

// checkLog checks the stored output of an attempt: what the probe printed, all of it where the attempt's end was taken
// in, and otherwise a beginning of it.
func (w *world) checkLog(e *expected, a wire.Attempt, l *lived) {
	w.t.Helper()
	var want strings.Builder
	sum, last := total(l.from), e.probe.Ticks
	if l.ended {
		last = l.ticks
	}
	for i := l.from + 1; i <= last; i++ {
		sum = next(sum, i)
		want.WriteString(line(i, sum))
	}
	got := w.output(e.id, a.Number)
	complete := l.ended && (a.State == task.AttemptSucceeded || a.State == task.AttemptFailed)
	if complete && got != want.String() || !strings.HasPrefix(want.String(), got) {
		w.t.Errorf("%s: the output of attempt %d (%s) has %d bytes that are not what it printed, which is %d:\n%s",
			e.task, a.Number, a.State, len(got), want.Len(), got[max(0, len(got)-300):])
	}
}

// output returns what is stored of an attempt's own output.
func (w *world) output(id task.RunID, attempt int) string {
	w.t.Helper()
	var text strings.Builder
	from := client.LogPosition{Attempt: attempt}
	for {
		chunk, err := w.Client.Log(w.t.Context(), id, from, 0)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, piece := range chunk.Pieces {
			if piece.Stream == wire.Stdout {
				text.WriteString(piece.Text)
			}
		}
		if chunk.End || len(chunk.Pieces) == 0 {
			return text.String()
		}
		from.Offset = chunk.Next
	}
}
