package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

// truth is what really happened, as the jobs and the commits tell it.
type truth struct {
	w *World
	// living are the jobs that are alive, by run.
	living map[task.RunID][]*job
	// started are attempts of which a job has come to life, claims those whose claim is committed.
	started, claims map[task.Ref]bool
	// results are the exits that keepers wrote.
	results map[task.Ref]task.Exit
	runs    map[task.RunID]*history
	byTask  map[string][]*history
	// loosest is the highest limit that each concurrency group has had.
	loosest map[string]int
}

// history is the life of a run by its committed events.
type history struct {
	id    task.RunID
	task  string
	kind  policy.Kind
	left  bool
	state task.State
	// attempt is the newest one, last the newest of which a job came to life, final the one that gave the run its result.
	attempt, last, final int
	// wanted is the attempt that was the newest when an operator last wanted the run to go on, -1 for never; resetting is
	// true once an operator was told that it will be reset.
	wanted    int
	resetting bool
	// acked is the highest checkpoint whose call has returned to the job.
	acked int
}

func newTruth(w *World) *truth {
	return &truth{
		w: w, living: map[task.RunID][]*job{}, started: map[task.Ref]bool{}, claims: map[task.Ref]bool{},
		results: map[task.Ref]task.Exit{}, runs: map[task.RunID]*history{}, byTask: map[string][]*history{},
		loosest: map[string]int{},
	}
}

// begun notes that a job has come to life: invariants 2, 5 and 10.
func (t *truth) begun(j *job) {
	w, h := t.w, t.runs[j.ref.Run]
	w.trace("truth", "begun "+name(j.ref)+" on "+j.host.name)
	if t.started[j.ref] {
		w.fail("%s was started twice", name(j.ref))
	}
	if !t.claims[j.ref] {
		w.fail("%s was started without a committed claim", name(j.ref))
	}
	t.started[j.ref] = true
	for _, other := range t.living[j.ref.Run] {
		t.overlap(j, other, h.left)
	}
	for _, past := range t.byTask[j.task] {
		if past.state == task.Reset && past.id != j.ref.Run {
			for _, other := range t.living[past.id] {
				t.overlap(j, other, past.left)
			}
		}
	}
	h.last = max(h.last, j.ref.Number)
	t.living[j.ref.Run] = append(t.living[j.ref.Run], j)
	t.crowd(j)
}

func (t *truth) overlap(j, other *job, left bool) {
	if left || other.host.excused(other) {
		t.w.cover("overlap outside of the assumptions")
		return
	}
	t.w.fail("%s began while %s is alive on %s", name(j.ref), name(other.ref), other.host.name)
}

func (t *truth) died(j *job) {
	t.w.trace("truth", "died "+name(j.ref))
	left := slices.DeleteFunc(t.living[j.ref.Run], func(o *job) bool { return o == j })
	if len(left) == 0 {
		delete(t.living, j.ref.Run)
		return
	}
	t.living[j.ref.Run] = left
}

// resumed checks what a job goes on from, and returns how much work had been done: invariant 3.
func (t *truth) resumed(j *job, c task.Checkpoint) int {
	content := j.host.resume[j.ref]
	if hashOf(content) != c.SHA256 {
		t.w.fail("%s resumes from checkpoint %d with other content: %q", name(j.ref), c.Sequence, content)
	}
	done := 0
	var of string
	if _, err := fmt.Sscanf(string(content), "%s %d", &of, &done); err != nil || of != string(j.ref.Run) {
		t.w.fail("%s resumes from content of something else: %q", name(j.ref), content)
	}
	t.w.cover("resumed from a checkpoint")
	return done
}

// validated notes that a job was told that its checkpoint is durable.
func (t *truth) validated(ref task.Ref, sequence int) {
	h := t.runs[ref.Run]
	h.acked = max(h.acked, sequence)
	all, _ := t.w.store.Checkpoints(t.w.ctx, ref.Run)
	if !slices.ContainsFunc(all, func(c task.Checkpoint) bool { return c.Sequence >= sequence }) {
		t.w.fail("checkpoint %d of %s was validated, and is not stored", sequence, name(ref))
	}
}

// wrote notes the exit that a keeper wrote.
func (t *truth) wrote(ref task.Ref, exit task.Exit) {
	t.w.trace("truth", fmt.Sprintf("exit %s %s %d", name(ref), exit.Kind, exit.Code))
	if _, twice := t.results[ref]; twice {
		t.w.fail("%s has two exit records", name(ref))
	}
	t.results[ref] = exit
}

// dropped checks that nothing is lost with a spool: invariant 6.
func (t *truth) dropped(ref task.Ref, s *spool) {
	run, err := t.w.store.Run(t.w.ctx, ref.Run)
	if err != nil || ref.Number > len(run.Attempts) {
		t.w.fail("the spool of %s was dropped, which nobody knows", name(ref))
		return
	}
	a := run.Attempts[ref.Number-1]
	switch {
	case !s.ended:
		t.w.fail("the spool of %s was dropped before it had ended", name(ref))
	case a.State.Open():
		t.w.fail("the spool of %s was dropped before its end was delivered", name(ref))
	case a.Exit != nil && a.Delivered < int64(len(s.records)) && a.State != task.AttemptLost:
		t.w.fail("the spool of %s was dropped with %d of %d records delivered", name(ref), a.Delivered, len(s.records))
	}
}

// asked notes what an operator wants of a run. A reset that was wanted before may have given way to it, whether it is
// answered or not.
func (t *truth) asked(id task.RunID, intent task.Intent) {
	if h := t.runs[id]; h != nil && intent != task.IntentReset {
		h.wanted, h.resetting = h.attempt, false
	}
}

// answered notes that an operator was told that it will be done.
func (t *truth) answered(id task.RunID, intent task.Intent) {
	if h := t.runs[id]; h != nil {
		h.resetting = intent == task.IntentReset
	}
}

func (t *truth) history(e task.Event) *history {
	h := t.runs[task.RunID(e.Subject)]
	if h != nil {
		return h
	}
	h = &history{id: task.RunID(e.Subject), task: e.Task, wanted: -1}
	if r, err := t.w.store.Run(t.w.ctx, h.id); err == nil {
		h.kind, h.left = r.Spec.Policy().Kind(), r.Spec.LeaveRunning
	}
	t.runs[h.id] = h
	t.byTask[h.task] = append(t.byTask[h.task], h)
	return h
}

// committed takes in an event of the store.
func (t *truth) committed(e task.Event) {
	w := t.w
	w.trace("store", fmt.Sprintf("%s %s %d %s", e.Kind, e.Subject, e.Attempt, e.Reason))
	if e.To == "" {
		w.cover("event " + e.Kind)
		if strings.HasPrefix(e.Kind, "concurrency_group.") {
			t.limitEdited(e.Subject)
		}
		if e.Kind == "server.unreachable" {
			t.unreachable(e.Subject)
		}
		return
	}
	h := t.history(e)
	if e.Attempt < h.attempt {
		w.fail("%s of attempt %d of run %s came after attempt %d", e.Kind, e.Attempt, h.id, h.attempt)
	}
	if e.From != e.To {
		w.cover("run " + string(e.From) + " to " + string(e.To))
		if e.From != "" && !e.From.CanBecome(e.To) {
			w.fail("run %s went from %s to %s", h.id, e.From, e.To)
		}
	}
	t.replaced(e.Reason)
	h.attempt = e.Attempt
	ref := task.Ref{Run: h.id, Number: e.Attempt}
	switch {
	case e.To == task.Running && e.From == task.Starting:
		t.claims[ref] = true
	case e.To == task.Starting && e.From == task.Queued:
		t.assigned(h, ref)
	case e.To.Final() && e.From != e.To:
		t.over(h, ref, e.To)
		t.ended(h, ref, e)
	case e.To == task.Queued && e.From.OnServer():
		t.over(h, ref, e.To)
	case e.To == task.Queued && e.From.Final() && h.wanted < e.Attempt:
		w.fail("run %s was queued again after it was %s, and nobody asked for it", h.id, e.From)
	}
	h.state = e.To
}

// over checks that nothing of a run is alive that has ended, or is to begin anew.
func (t *truth) over(h *history, ref task.Ref, to task.State) {
	for _, j := range t.living[h.id] {
		if h.left || j.host.excused(j) {
			t.w.cover("given up while alive, outside of the assumptions")
			continue
		}
		t.w.fail("run %s became %s while %s is alive on %s", h.id, to, name(j.ref), j.host.name)
	}
}

// own reports whether an exit is the job's own.
func own(e task.Exit) bool {
	return e.Kind == task.ExitExited || e.Kind == task.ExitNotStarted || e.Kind == task.ExitTimedOut
}

// assigned checks a further attempt: wait and reset start none by themselves, and recover takes the newest checkpoint.
func (t *truth) assigned(h *history, ref task.Ref) {
	run, err := t.w.store.Run(t.w.ctx, h.id)
	if err != nil {
		return
	}
	byItself := h.last > 0 && h.wanted < h.last && !t.failed(run, h.last)
	if byItself && (h.kind == policy.Wait || h.kind == policy.Reset) {
		t.w.fail("attempt %d of run %s was placed by the policy %s", ref.Number, h.id, h.kind)
	}
	if from := run.Attempts[ref.Number-1].ResumedFrom; byItself && h.kind == policy.Recover && (from == nil && h.acked > 0 || from != nil && *from < h.acked) {
		t.w.fail("attempt %d of run %s does not go on from checkpoint %d, which was validated", ref.Number, h.id, h.acked)
	}
	if ref.Number > 1 && h.last > 0 && run.Attempts[ref.Number-1].Ground == "" {
		t.w.fail("attempt %d of run %s has no ground", ref.Number, h.id)
	}
	for _, other := range t.byTask[h.task] {
		if other.resetting && other.id != h.id && other.state.OnServer() && t.pending(other.id) == task.IntentReset {
			t.w.fail("attempt %d of run %s was placed while run %s is to be reset", ref.Number, h.id, other.id)
		}
	}
	t.w.cover("ground " + run.Attempts[ref.Number-1].Ground)
	t.limits(run)
}

// failed reports whether the job of an attempt from last on has failed by itself, so that the task's retries count.
func (t *truth) failed(run task.Run, last int) bool {
	if exit, wrote := t.results[task.Ref{Run: run.ID, Number: last}]; wrote && own(exit) {
		return true
	}
	return slices.ContainsFunc(run.Attempts[last-1:], func(a task.Attempt) bool { return a.Exit != nil && own(*a.Exit) })
}

// pending returns what is wanted of a run, as it is stored.
func (t *truth) pending(id task.RunID) task.Intent {
	run, err := t.w.store.Run(t.w.ctx, id)
	if err != nil {
		return ""
	}
	return run.Pending
}

// ended checks a result against what the keeper wrote: invariant 6.
func (t *truth) ended(h *history, ref task.Ref, e task.Event) {
	if !e.From.OnServer() {
		return
	}
	exit, wrote := t.results[ref]
	if !wrote {
		if e.To == task.Succeeded || e.To == task.TimedOut {
			t.w.fail("run %s is %s, and no exit record of attempt %d was ever written", h.id, e.To, ref.Number)
		}
		return
	}
	want, _, _ := exit.Outcome()
	if run, err := t.w.store.Run(t.w.ctx, h.id); err == nil && run.Attempts[ref.Number-1].Exit != nil {
		if e.To != want && (own(exit) || e.To == task.Succeeded || e.To == task.Failed) {
			t.w.fail("run %s is %s, but attempt %d ended %s", h.id, e.To, ref.Number, want)
		}
		if h.final == ref.Number {
			t.w.fail("the end of attempt %d of run %s counted twice", ref.Number, h.id)
		}
		h.final = ref.Number
	}
}

// capacity checks that no server has more runs than slots: invariant 12.
func (t *truth) capacity() {
	used := map[string]int{}
	open, _ := t.w.store.OpenAttempts(t.w.ctx, "")
	for _, o := range open {
		used[o.Server] += max(1, o.Need.Slots)
	}
	for _, server := range slices.Sorted(maps.Keys(used)) {
		if used[server] > t.w.slots[server] {
			t.w.fail("%s has %d slots, and %d are taken", server, t.w.slots[server], used[server])
		}
	}
}

func name(ref task.Ref) string { return fmt.Sprintf("%s/%d", ref.Run, ref.Number) }

// alive reports whether a job of the run is alive.
func (t *truth) alive(id task.RunID) bool { return len(t.living[id]) > 0 }

// since is how long ago an instant of the store was, by the conductor's clock.
func (w *World) since(at time.Time) time.Duration { return w.conductor.clock.now().Sub(at) }
