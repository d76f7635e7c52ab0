package memstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// run is a stored run. Its Attempts are kept apart.
type run struct {
	task.Run
	key         string
	attempts    []*attempt
	priorReason string
	placements  map[int]virtualserver.Placement
	checkpoints []*checkpoint
	// from is the checkpoint that a pending recovery begins at, 0 for the last one.
	from int
	// next is what the next attempt begins with. It stays until another comes into its place.
	next *task.Continuation
	// counted is true where the run is counted when a further one of its task is asked for; expiresAt is when it has waited
	// for too long, zero for never.
	counted   bool
	expiresAt time.Time
}

type attempt struct {
	task.Attempt
	need   virtualserver.Need
	output []task.OutputPiece
	// endedOn is the ground on which it was ended without an exit record; made counts its checkpoints.
	endedOn string
	made    int
}

func (r *run) newest() *attempt {
	if len(r.attempts) == 0 {
		return nil
	}
	return r.attempts[len(r.attempts)-1]
}

// head returns the run without its attempts.
func (r *run) head() task.Run {
	v := r.Run
	v.Next = nil
	switch {
	case r.next != nil && r.State == task.Queued:
		next := *r.next
		v.Next = &next
	case r.Pending == task.IntentRecover:
		v.Next = &task.Continuation{Checkpoint: r.from}
	}
	return v
}

// view returns the run as a reader sees it.
func (r *run) view() task.Run {
	v := r.head()
	v.Outputs = maps.Clone(r.Outputs)
	v.Attempts = make([]task.Attempt, len(r.attempts))
	for i, a := range r.attempts {
		v.Attempts[i] = a.Attempt
	}
	return v
}

// become changes the state of a run, and records it. The run's attempts are brought into their states by the caller.
func (s *Store) become(r *run, to task.State, reason string, now time.Time, data []byte) {
	from := r.State
	r.State, r.Reason = to, reason
	delete(s.queued, r.ID)
	delete(s.open, r.ID)
	if to == task.Queued {
		s.queued[r.ID] = r
	}
	if a := r.newest(); a != nil && a.State.Open() {
		s.open[r.ID] = r
	}
	if to.Final() {
		at := stored(now)
		r.EndedAt = &at
	} else {
		r.EndedAt = nil
	}
	s.record(task.Event{
		At: now, Kind: "run." + string(to), Subject: string(r.ID), Task: r.Task, Attempt: r.Attempt,
		From: from, To: to, Reason: reason, Data: data,
	})
}

// openOn returns the runs whose newest attempt is open on a server, by id.
func (s *Store) openOn(server string) []*run {
	var found []*run
	for _, id := range sortedKeys(s.open) {
		if r := s.open[id]; server == "" || r.newest().Server == server {
			found = append(found, r)
		}
	}
	return found
}

// InsertRun stores a queued run.
func (s *Store) InsertRun(_ context.Context, n task.Run, key string) (got task.Run, created bool, err error) {
	err = s.transaction("InsertRun", func() (err error) {
		got, created, err = s.insert(n, key)
		return err
	})
	return got, created, err
}

// InsertPlacedRun stores a run with its first attempt.
func (s *Store) InsertPlacedRun(_ context.Context, n task.Run, key string, a virtualserver.Assignment) (got task.Run, created bool, err error) {
	err = s.transaction("InsertPlacedRun", func() (err error) {
		if err := s.takes(a); err != nil {
			return err
		}
		if got, created, err = s.insert(n, key); err != nil || !created {
			return err
		}
		if err := s.assign(a, n.QueuedAt); err != nil {
			return err
		}
		got = s.runs[n.ID].view()
		return nil
	})
	return got, created, err
}

// insert stores a queued run, unless one has its key.
func (s *Store) insert(n task.Run, key string) (got task.Run, created bool, err error) {
	if n.ID == "" {
		return got, false, fault.Field("id", "must not be empty")
	}
	if id, there := s.keys[key]; key != "" && there {
		old := s.runs[id]
		if old.Task != n.Task || !maps.Equal(old.Params, n.Params) {
			return got, false, fmt.Errorf("the key %q was used for another request: %w", key, fault.Conflict)
		}
		return old.view(), false, nil
	}
	if s.runs[n.ID] != nil {
		return got, false, fmt.Errorf("it exists already: %w", fault.Conflict)
	}
	if err := s.admit(n); err != nil {
		return got, false, err
	}
	n.State, n.Prior, n.Attempt, n.Server, n.Attempts = "", "", 0, "", nil
	n.Pending, n.Next, n.Tries = "", nil, 0
	n.QueuedAt, n.ScheduledFor = stored(n.QueuedAt), storedOrNil(n.ScheduledFor)
	r := &run{Run: n, key: key, placements: map[int]virtualserver.Placement{}}
	s.runs[n.ID] = r
	if key != "" {
		s.keys[key] = n.ID
	}
	at, _ := slices.BinarySearch(s.order, n.ID)
	s.order = slices.Insert(s.order, at, n.ID)
	r.limit()
	s.become(r, task.Queued, n.Reason, n.QueuedAt, nil)
	return r.view(), true, nil
}

// QueuedTargets returns what queued runs wait for.
func (s *Store) QueuedTargets(context.Context) ([]task.Target, error) {
	seen := map[task.Target]bool{}
	var targets []task.Target
	for _, id := range sortedKeys(s.queued) {
		if t := s.queued[id].Spec.Target; !seen[t] {
			seen[t] = true
			targets = append(targets, t)
		}
	}
	return targets, nil
}

// QueuedRuns returns queued runs for a target.
func (s *Store) QueuedRuns(_ context.Context, target task.Target, after task.QueuePosition, without []string, limit int) ([]task.Run, error) {
	var found []task.Run
	for _, r := range s.queued {
		if r.Spec.Target == target && !slices.Contains(without, r.Task) && (after == (task.QueuePosition{}) || after.Before(r.Position())) {
			found = append(found, r.head())
		}
	}
	slices.SortFunc(found, func(a, b task.Run) int {
		if a.Position().Before(b.Position()) {
			return -1
		}
		return 1
	})
	return found[:min(limit, len(found))], nil
}

// AssignRuns commits attempts.
func (s *Store) AssignRuns(_ context.Context, as []virtualserver.Assignment, now time.Time) []error {
	return s.each("AssignRuns", len(as), func(i int) error { return s.assign(as[i], now) })
}

// takes reports whether the server of an attempt takes it.
func (s *Store) takes(a virtualserver.Assignment) error {
	switch v := s.servers[a.Server]; {
	case v == nil:
		return fmt.Errorf("there is no such server: %w", fault.Conflict)
	case a.ClaimedBy != "" && v.State != jobserver.Online:
		return fmt.Errorf("its server is %s: %w", v.State, fault.Conflict)
	}
	return nil
}

// assign commits one attempt.
func (s *Store) assign(a virtualserver.Assignment, now time.Time) error {
	r := s.runs[a.Ref.Run]
	switch {
	case r == nil:
		return notFound("run", string(a.Ref.Run))
	case r.State != task.Queued:
		return fmt.Errorf("it is %s: %w", r.State, fault.Conflict)
	case r.Attempt != a.Ref.Number-1:
		return fmt.Errorf("its newest attempt is number %d: %w", r.Attempt, fault.Conflict)
	}
	if err := s.takes(a); err != nil {
		return err
	}
	n := &attempt{need: a.Placement.Need, Attempt: task.Attempt{
		Run: r.ID, Number: a.Ref.Number, Server: a.Server, State: task.AttemptOffered, OfferedAt: stored(now),
		Ground: a.Ground, UnavailableAfter: a.UnavailableAfter, Lease: a.Lease,
	}}
	if a.ResumedFrom != 0 {
		from := a.ResumedFrom
		n.ResumedFrom = &from
	}
	r.attempts = append(r.attempts, n)
	r.Attempt, r.Server = a.Ref.Number, a.Server
	r.placements[a.Ref.Number] = a.Placement
	s.become(r, task.Starting, "", now, onServer(a.Server))
	if a.ClaimedBy != "" {
		s.begin(r, n, a.ClaimedBy, now)
	}
	return nil
}

// begin makes an attempt that was offered run for an agent process.
func (s *Store) begin(r *run, a *attempt, instance string, now time.Time) {
	at := stored(now)
	a.State, a.ClaimedAt, a.Instance = task.AttemptRunning, &at, instance
	if r.StartedAt == nil {
		r.StartedAt = &at
	}
	s.become(r, task.Running, "", now, onServer(a.Server))
}

// ExplainQueued stores why runs wait.
func (s *Store) ExplainQueued(_ context.Context, es []virtualserver.Explanation, now time.Time) error {
	for _, e := range es {
		r := s.queued[e.Run]
		if r == nil || r.Reason == e.Reason {
			continue
		}
		err := s.transaction("ExplainQueued", func() error {
			r.Reason = e.Reason
			if e.Placement != nil {
				r.placements[0] = *e.Placement
			}
			s.record(task.Event{
				At: now, Kind: "run.waiting", Subject: string(r.ID), Task: r.Task, Attempt: r.Attempt,
				From: task.Queued, To: task.Queued, Reason: e.Reason,
			})
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// find returns the run and the attempt that a ref names.
func (s *Store) find(ref task.Ref) (*run, *attempt, error) {
	r := s.runs[ref.Run]
	if r == nil || ref.Number < 1 || ref.Number > len(r.attempts) {
		return nil, nil, fmt.Errorf("there is no such attempt: %w", fault.NotFound)
	}
	return r, r.attempts[ref.Number-1], nil
}

// end closes an attempt.
func (a *attempt) end(state task.AttemptState, reason string, now time.Time) {
	at := stored(now)
	a.State, a.Reason, a.EndedAt = state, reason, &at
}

// WithdrawOffers takes offers back.
func (s *Store) WithdrawOffers(_ context.Context, refs []task.Ref, reason string, now time.Time) []error {
	return s.each("WithdrawOffers", len(refs), func(i int) error {
		r, a, err := s.find(refs[i])
		if err != nil {
			return err
		}
		if r.State != task.Starting || r.Attempt != a.Number {
			return fmt.Errorf("it is %s: %w", a.State, fault.Conflict)
		}
		a.end(task.AttemptWithdrawn, reason, now)
		r.Server = ""
		s.become(r, task.Queued, reason, now, onServer(a.Server))
		return nil
	})
}

// ClaimAttempts commits claims.
func (s *Store) ClaimAttempts(_ context.Context, server, instance string, refs []task.Ref, now time.Time) []error {
	defer func() {
		if v := s.servers[server]; v != nil && len(refs) > 0 {
			s.contact(v, now)
		}
	}()
	return s.each("ClaimAttempts", len(refs), func(i int) error {
		r, a, err := s.find(refs[i])
		if err != nil || r.Attempt != a.Number || a.Server != server || !a.State.Open() {
			return fault.Fenced
		}
		if a.State != task.AttemptOffered {
			if a.Instance != instance {
				return fmt.Errorf("another instance of the agent has claimed it: %w", fault.Fenced)
			}
			return nil
		}
		s.begin(r, a, instance, now)
		return nil
	})
}

// Run returns a run with its attempts.
func (s *Store) Run(_ context.Context, id task.RunID) (task.Run, error) {
	if r := s.runs[id]; r != nil {
		return r.view(), nil
	}
	return task.Run{}, notFound("run", string(id))
}

// Runs returns runs, newest first.
func (s *Store) Runs(_ context.Context, f task.RunFilter, p page.Request) (page.Of[task.Run], error) {
	var all []task.Run
	for _, v := range slices.Backward(s.order) {
		r := s.runs[v]
		switch {
		case f.Task != "" && r.Task != f.Task, f.Server != "" && r.Server != f.Server,
			f.VirtualServer != "" && r.Spec.Target.VirtualServer != f.VirtualServer,
			len(f.States) > 0 && !slices.Contains(f.States, r.State),
			!f.Since.IsZero() && r.QueuedAt.Before(f.Since), !f.Until.IsZero() && !r.QueuedAt.Before(f.Until):
			continue
		}
		v := r.head()
		v.Attempts, v.Outputs = nil, nil
		all = append(all, v)
	}
	return paged(all, p, func(r task.Run) string { return string(r.ID) }, true)
}

// Placements returns the stored placements of a run.
func (s *Store) Placements(_ context.Context, id task.RunID) (map[int]virtualserver.Placement, error) {
	if r := s.runs[id]; r != nil {
		return maps.Clone(r.placements), nil
	}
	return nil, notFound("run", string(id))
}

// OpenAttempts returns attempts that may still act.
func (s *Store) OpenAttempts(_ context.Context, server string) ([]virtualserver.OpenAttempt, error) {
	var all []virtualserver.OpenAttempt
	for _, r := range s.openOn(server) {
		a := r.newest()
		o := virtualserver.OpenAttempt{
			Attempt: a.Attempt, Task: r.Task, RunState: r.State, ScheduledFor: r.ScheduledFor, Spec: r.Spec,
			Params: r.Params, Need: a.need, Pending: r.Pending,
		}
		o.LastCheckpoint = r.lastCheckpoint()
		if a.ResumedFrom != nil {
			if c := r.visible(*a.ResumedFrom); c != nil {
				resume := c.Checkpoint
				o.Resume = &resume
			}
		}
		all = append(all, o)
	}
	return all, nil
}

// Output returns output of an attempt.
func (s *Store) Output(_ context.Context, ref task.Ref, offset int64, limit int) (out task.Output, end bool, err error) {
	_, a, err := s.find(ref)
	if err != nil {
		return out, false, err
	}
	out.Offset = offset
	at, read := int64(0), int64(0)
	for _, p := range a.output {
		size := int64(len(p.Data))
		if skip := min(max(offset-at, 0), size); skip < size && read < int64(limit) {
			p.Data = p.Data[skip:]
			p.Data = p.Data[:min(int64(len(p.Data)), int64(limit)-read)]
			out.Lines = append(out.Lines, p)
			read += int64(len(p.Data))
		}
		at += size
	}
	return out, a.EndedAt != nil && offset+read >= a.LogBytes, nil
}
