package agent

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// simulation drives a core against a model of a conductor, of a guard, and of a network that loses, delays, repeats and
// reorders. It checks after each action what must never happen, and in the end what must have happened.
type simulation struct {
	t   *rapid.T
	now time.Time
	// boot is what CLOCK_BOOTTIME says.
	boot time.Duration
	core *Core

	// pending are effects that were asked for and not carried out yet, answers what came of those that were.
	pending []Effect
	answers []Event
	// sent are all offers ever made, so that old ones can come again.
	sent []Offered

	runs   []*simRun
	spools map[task.Ref]*simSpool
	starts map[task.Ref]int
	// guard is false while the guard is gone.
	guard bool
	term  uint64
	life  int
}

// simRun is the conductor's view of a run.
type simRun struct {
	id       task.RunID
	attempts []*simAttempt
}

func (r *simRun) newest() *simAttempt { return r.attempts[len(r.attempts)-1] }

type simAttempt struct {
	ref       task.Ref
	claimed   int // the life of the agent that claimed it, or 0
	withdrawn bool
	cancelled bool
	durable   int64
	exit      *task.Exit
	lost      bool

	// length is that of its lease, or 0. sent is when the newest claim or heartbeat was sent that was answered with it, held
	// how long the last hold was.
	length, sent, held time.Duration
	// content and visible are the checkpoints of which the conductor has the content, and the record too.
	content, visible map[int]bool
}

// allowed is the latest deadline that the conductor has acknowledged, holds left out.
func (a *simAttempt) allowed() time.Duration { return a.sent + a.length }

func (a *simAttempt) over() bool { return a.withdrawn || a.lost || a.exit != nil }

type simSpool struct {
	records int64
	ended   bool
	// lease is what stands on disk, nil without deadline.
	lease *jobserver.Lease
	// checkpoints are the records that are checkpoints, with their sequences. told are those of which the job knows.
	checkpoints map[int64]int
	told        map[int]bool
}

// upTo returns how far records can be read from after on, and the checkpoint in front of which the reading stops.
func (sp *simSpool) upTo(after int64, most int64, uploaded int) (last int64, next *task.Checkpoint) {
	for last = after; last < sp.records && last-after < most; last++ {
		if sequence := sp.checkpoints[last+1]; sequence > uploaded {
			return last, &task.Checkpoint{Sequence: sequence, Name: "c"}
		}
	}
	return last, nil
}

func newSimulation(t *rapid.T) *simulation {
	s := &simulation{t: t, now: time.Unix(1e9, 0), spools: map[task.Ref]*simSpool{}, starts: map[task.Ref]int{}}
	s.restart()
	return s
}

func (s *simulation) restart() {
	s.life++
	s.core = NewCore(func() float64 { return 0.5 })
	s.pending, s.answers = nil, nil
	s.guard = true
	s.step(GuardUp{})
}

func (s *simulation) step(e Event) {
	for _, effect := range s.core.Step(s.now, e) {
		switch e := effect.(type) {
		case Note, Discard:
		case Validate:
			s.validate(e)
		default:
			s.pending = append(s.pending, effect)
		}
	}
}

func (s *simulation) attempt(ref task.Ref) *simAttempt {
	for _, r := range s.runs {
		if r.id == ref.Run && ref.Number <= len(r.attempts) {
			return r.attempts[ref.Number-1]
		}
	}
	s.t.Fatalf("there is no attempt %v", ref)
	return nil
}

func (s *simulation) fenced(ref task.Ref) bool {
	for _, r := range s.runs {
		if r.id == ref.Run {
			return r.newest().ref.Number > ref.Number || r.newest().withdrawn || r.newest().lost
		}
	}
	return true
}

func (s *simulation) offer(a *simAttempt) {
	o := Offered{Term: s.term, Execution: jobserver.Execution{Ref: a.ref, Job: task.Job{Command: []string{"true"}}}}
	s.sent = append(s.sent, o)
	s.step(o)
}

// fate is what becomes of a call.
type fate int

const (
	done   fate = iota // carried out and answered
	lost               // carried out, but the answer is lost
	failed             // not carried out
)

// carryOut performs a pending effect on the model. The core hears of it when the answer arrives.
func (s *simulation) carryOut(i int, f fate) {
	effect := s.pending[i]
	s.pending = slices.Delete(s.pending, i, i+1)
	s.answers = append(s.answers, s.perform(effect, f))
}

func (s *simulation) arrive(i int) {
	answer := s.answers[i]
	s.answers = slices.Delete(s.answers, i, i+1)
	s.step(answer)
}

func (s *simulation) perform(effect Effect, f fate) Event {
	switch e := effect.(type) {
	case Claim:
		return s.claim(e, f)
	case Start:
		return s.start(e, f)
	case Stop:
		err := s.guardError(f)
		if sp := s.spools[e.Ref]; f != failed && s.guard && sp != nil {
			s.end(sp)
		}
		return StopDone{Ref: e.Ref, Err: err}
	case Deliver:
		return s.deliver(e, f)
	case Drop:
		return s.drop(e, f)
	case Renew:
		return s.renew(e, f)
	case Expire:
		if sp := s.spools[e.Ref]; f != failed && s.guard && sp != nil && sp.lease != nil && s.boot > sp.lease.Deadline+jobserver.WakeBound {
			s.end(sp)
		}
		return ExpireDone{Ref: e.Ref, Err: s.guardError(f)}
	case Upload:
		return s.upload(e, f)
	case Review:
		done := Reviewed{Ref: e.Ref}
		for record := e.After + 1; record <= e.To; record++ {
			if sp := s.spools[e.Ref]; sp != nil && sp.checkpoints[record] > 0 {
				done.Checkpoints = append(done.Checkpoints, task.Checkpoint{Sequence: sp.checkpoints[record], Name: "c"})
			}
		}
		return done
	case Look:
		if err := s.guardError(f); err != nil {
			return Listed{Number: e.Number, Err: err}
		}
		return Listed{Number: e.Number, Kept: s.list()}
	}
	s.t.Fatalf("nobody carries out %T", effect)
	return nil
}

func (s *simulation) list() []jobserver.Kept {
	var list []jobserver.Kept
	for ref, sp := range s.spools {
		list = append(list, jobserver.Kept{Ref: ref, Ended: sp.ended, Lease: sp.lease})
	}
	slices.SortFunc(list, func(a, b jobserver.Kept) int { return compareRefs(a.Ref, b.Ref) })
	return list
}

func (s *simulation) guardError(f fate) error {
	if f != done || !s.guard {
		return fmt.Errorf("call the guard: %w", fault.Unavailable)
	}
	return nil
}

func (s *simulation) claim(e Claim, f fate) Event {
	if f == failed {
		return ClaimDone{Err: fault.Unavailable}
	}
	var verdicts []Verdict
	var grants []Grant
	for _, ref := range e.Refs {
		a := s.attempt(ref)
		switch {
		case s.fenced(ref), a.over(), a.cancelled && a.claimed == 0, a.claimed != 0 && a.claimed != s.life:
			verdicts = append(verdicts, Refused)
		default:
			a.claimed = s.life
			verdicts = append(verdicts, Granted)
			grants = s.grant(grants, a)
		}
	}
	if f == lost {
		return ClaimDone{Err: fault.Unavailable}
	}
	return ClaimDone{Term: s.term, Verdicts: verdicts, Sent: s.boot, Leases: grants}
}

// grant renews the lease of an attempt in the answer to what is sent now.
func (s *simulation) grant(grants []Grant, a *simAttempt) []Grant {
	if a.length == 0 {
		return grants
	}
	a.sent = max(a.sent, s.boot)
	return append(grants, Grant{Ref: a.ref, Length: a.length})
}

// renew writes a lease to disk, and sees that it is one that the conductor has acknowledged.
func (s *simulation) renew(e Renew, f fate) Event {
	done := RenewDone{Ref: e.Ref, Lease: e.Lease, Err: s.guardError(f)}
	sp, a := s.spools[e.Ref], s.attempt(e.Ref)
	if f == failed || !s.guard || sp == nil || sp.ended {
		return RenewDone{Ref: e.Ref, Lease: e.Lease, Err: fault.Unavailable}
	}
	s.checkLease(a, e.Lease)
	if sp.lease == nil || e.Lease.Deadline < sp.lease.Deadline && !sp.lease.Held {
		s.t.Fatalf("the lease %+v of %v is shortened to %+v", sp.lease, e.Ref, e.Lease)
	}
	lease := e.Lease
	sp.lease = &lease
	return done
}

func (s *simulation) checkLease(a *simAttempt, l jobserver.Lease) {
	if !l.Held && l.Deadline > a.allowed() {
		s.t.Fatalf("%v has the deadline %v, and the conductor acknowledged %v", a.ref, l.Deadline, a.allowed())
	}
	if l.Held && l.Deadline > a.sent+a.held {
		s.t.Fatalf("%v has the deadline %v of a hold, and was last heard at %v, with a hold of %v", a.ref, l.Deadline, a.sent, a.held)
	}
}

// upload takes the content of a checkpoint.
func (s *simulation) upload(e Upload, f fate) Event {
	a := s.attempt(e.Ref)
	switch {
	case f == failed:
		return UploadDone{Ref: e.Ref, Err: fault.Unavailable}
	case s.fenced(e.Ref) || a.exit != nil:
		return UploadDone{Ref: e.Ref, Fenced: f == done, Err: s.callError(f)}
	case s.spools[e.Ref] == nil:
		return UploadDone{Ref: e.Ref, Err: fault.NotFound}
	case e.Checkpoint.Sequence%5 == 0: // this conductor does not like it
		return UploadDone{Ref: e.Ref, Refused: "no", Err: s.callError(f)}
	}
	a.content[e.Checkpoint.Sequence] = true
	return UploadDone{Ref: e.Ref, Err: s.callError(f)}
}

func (s *simulation) callError(f fate) error {
	if f != done {
		return fault.Unavailable
	}
	return nil
}

// validate tells the job of a checkpoint.
func (s *simulation) validate(e Validate) {
	if e.Refused == "" && !s.attempt(e.Ref).visible[e.Sequence] {
		s.t.Fatalf("the job of %v was told that checkpoint %d is durable, and it is not", e.Ref, e.Sequence)
	}
	if sp := s.spools[e.Ref]; sp != nil {
		sp.told[e.Sequence] = true
	}
}

// end ends a job.
func (s *simulation) end(sp *simSpool) {
	if !sp.ended {
		sp.records++
		sp.ended = true
	}
}

// expire ends what its keeper has to: at the deadline that stands on disk.
func (s *simulation) expire() {
	for _, sp := range s.spools {
		if sp.lease != nil && s.boot >= sp.lease.Deadline {
			s.end(sp)
		}
	}
}

func (s *simulation) start(e Start, f fate) Event {
	ref := e.Execution.Ref
	if f == failed || !s.guard {
		return StartDone{Ref: ref, Err: fmt.Errorf("fork: %w", errors.New("resource temporarily unavailable"))}
	}
	if s.spools[ref] != nil {
		return StartDone{Ref: ref, Err: fault.Conflict}
	}
	s.performStart(e.Execution)
	return StartDone{Ref: ref, Err: s.guardError(f)}
}

func (s *simulation) performStart(x jobserver.Execution) {
	ref := x.Ref
	if a := s.attempt(ref); (x.Lease != nil) != (a.length > 0) {
		s.t.Fatalf("%v was started with the lease %v, and its length is %v", ref, x.Lease, a.length)
	} else if x.Lease != nil {
		s.checkLease(a, *x.Lease)
	}
	if s.attempt(ref).claimed == 0 {
		s.t.Fatalf("%v was started without a committed claim", ref)
	}
	if s.starts[ref]++; s.starts[ref] > 1 {
		s.t.Fatalf("%v was started twice", ref)
	}
	for other, sp := range s.spools {
		if other.Run == ref.Run && !sp.ended {
			s.t.Fatalf("%v was started while %v is alive", ref, other)
		}
	}
	s.spools[ref] = &simSpool{records: 1, lease: x.Lease, checkpoints: map[int64]int{}, told: map[int]bool{}}
}

func (s *simulation) deliver(e Deliver, f fate) Event {
	var reports []Report
	budget := rapid.IntRange(1, 5).Draw(s.t, "budget")
	sent := 0
	for _, w := range e.Wants {
		r := Report{Ref: w.Ref, Reached: budget > 0}
		sp := s.spools[w.Ref]
		switch {
		case budget <= 0:
		case w.Exit != nil:
			r.Sent, r.Exit, r.Last = true, true, w.After+1
		case sp == nil:
			r.ReadErr = fault.NotFound
		default:
			r.Last, r.Next = sp.upTo(w.After, 2, w.Uploaded)
			r.Sent, r.More = r.Last > w.After, r.Next == nil && r.Last < sp.records
			r.Exit = sp.ended && r.Last == sp.records
			if !r.Sent {
				r.Last = 0
			}
			for record := w.After + 1; record <= r.Last; record++ {
				if sequence := sp.checkpoints[record]; sequence > 0 && w.Refused[sequence] == "" {
					r.Checkpoints = append(r.Checkpoints, SentCheckpoint{Record: record, Sequence: sequence})
				}
			}
		}
		if r.Sent {
			budget--
			sent++
			if f != failed {
				s.commit(w, &r)
			}
		}
		reports = append(reports, r)
	}
	var err error
	if f != done && sent > 0 {
		err = fault.Unavailable
	}
	return DeliverDone{Term: s.term, Reports: reports, Err: err}
}

func (s *simulation) commit(w Want, r *Report) {
	a := s.attempt(w.Ref)
	if s.fenced(w.Ref) {
		r.Fenced = true
		return
	}
	if a.exit == nil && w.After <= a.durable {
		// What came may be stored in part.
		stored := r.Last - rapid.SampledFrom([]int64{0, 0, 0, 1}).Draw(s.t, "left out")
		for _, c := range r.Checkpoints {
			if c.Record > a.durable && c.Record <= stored {
				if !a.content[c.Sequence] {
					s.t.Fatalf("the record of checkpoint %d of %v came before its content", c.Sequence, a.ref)
				}
				a.visible[c.Sequence] = true
			}
		}
		a.durable = max(a.durable, stored)
		if r.Exit && a.durable == r.Last {
			a.exit = &task.Exit{Kind: task.ExitExited}
			if w.Exit != nil {
				a.exit = w.Exit
			}
		}
	}
	r.Acked = a.durable
}

func (s *simulation) drop(e Drop, f fate) Event {
	if err := s.guardError(f); err != nil && (f == failed || !s.guard) {
		return DropDone{Ref: e.Ref, Err: err}
	}
	if sp := s.spools[e.Ref]; sp != nil {
		if !sp.ended {
			s.t.Fatalf("the spool of %v was dropped before it had ended", e.Ref)
		}
		if a := s.attempt(e.Ref); a.exit == nil && !s.fenced(e.Ref) {
			s.t.Fatalf("the spool of %v was dropped before its exit was delivered", e.Ref)
		}
		delete(s.spools, e.Ref)
	}
	return DropDone{Ref: e.Ref, Err: s.guardError(f)}
}

// heartbeat is what the conductor concludes from what the agent says it keeps.
func (s *simulation) heartbeat() {
	if s.guard {
		s.step(Listed{Number: s.core.BeginLook(), Kept: s.list()})
	}
	if !s.core.ready {
		return
	}
	if !s.core.Held() {
		for ref, sp := range s.spools {
			if !sp.ended && sp.lease != nil && sp.lease.Held {
				s.t.Fatalf("a heartbeat says that nothing is held, and %v is", ref)
			}
		}
	}
	grants := LeasesGranted{Term: s.term, Sent: s.boot}
	named := map[task.Ref]bool{}
	for _, k := range s.core.Kept() {
		named[k.Ref] = true
	}
	for _, r := range s.runs {
		if a := r.newest(); named[a.ref] && a.claimed != 0 && !a.over() {
			grants.Leases = s.grant(grants.Leases, a)
		}
		if a := r.newest(); a.claimed != 0 && a.claimed != s.life && !a.over() && !named[a.ref] {
			a.lost = true
		} else if a.cancelled && !a.over() {
			s.step(StopOrdered{Term: s.term, Ref: a.ref, Kind: task.ExitCancelled})
		}
	}
	for ref := range named {
		if s.fenced(ref) {
			s.step(StopOrdered{Term: s.term, Ref: ref, Kind: task.ExitFenced})
		}
	}
	if len(grants.Leases) > 0 {
		s.answers = append(s.answers, grants) // it may come late
	}
}

// hold tells the agent that the conductor will be away.
func (s *simulation) hold() {
	length := time.Duration(rapid.IntRange(1, 60).Draw(s.t, "hold")) * time.Second
	for _, r := range s.runs {
		for _, a := range r.attempts {
			a.held = max(a.held, length)
		}
	}
	s.step(HoldOrdered{Term: s.term, At: s.boot, Length: length})
}

// pass has time pass. Leases that have run out end their attempts.
func (s *simulation) pass(d time.Duration) {
	s.now, s.boot = s.now.Add(d), s.boot+d
	s.expire()
	s.step(Ticked{Boot: s.boot})
}

// newAttempt returns attempt n of a run, with a lease or without.
func (s *simulation) newAttempt(r *simRun) {
	r.attempts = append(r.attempts, &simAttempt{
		ref:     task.Ref{Run: r.id, Number: len(r.attempts) + 1},
		length:  time.Duration(rapid.SampledFrom([]int{0, 0, 1000, 3000, 20000}).Draw(s.t, "lease")) * time.Millisecond,
		content: map[int]bool{}, visible: map[int]bool{},
	})
}

func (s *simulation) act() {
	t := s.t
	switch rapid.IntRange(0, 24).Draw(t, "action") {
	case 0, 1:
		r := &simRun{id: task.RunID(fmt.Sprintf("r%02d", len(s.runs)))}
		s.newAttempt(r)
		s.runs = append(s.runs, r)
		s.offer(r.newest())
	case 2:
		if len(s.sent) > 0 {
			s.step(rapid.SampledFrom(s.sent).Draw(t, "repeated offer"))
		}
	case 3:
		if len(s.runs) > 0 {
			// The conductor gives the run a new attempt: it withdrew the offer, or an operator said the host was dead.
			r := rapid.SampledFrom(s.runs).Draw(t, "run")
			if a := r.newest(); a.exit == nil && !a.cancelled {
				a.withdrawn = true
				s.newAttempt(r)
				s.offer(r.newest())
			}
		}
	case 4:
		if len(s.runs) > 0 {
			a := rapid.SampledFrom(s.runs).Draw(t, "run").newest()
			a.cancelled = true
			if a.claimed == 0 {
				a.withdrawn = true
			}
			s.step(StopOrdered{Term: s.term, Ref: a.ref, Kind: task.ExitCancelled})
		}
	case 5, 6, 7, 8, 9:
		if len(s.pending) > 0 {
			i := rapid.IntRange(0, len(s.pending)-1).Draw(t, "effect")
			s.carryOut(i, fate(rapid.SampledFrom([]fate{done, done, done, lost, failed}).Draw(t, "fate")))
		}
	case 10, 11, 12:
		s.grow()
	case 13:
		s.pass(time.Duration(rapid.IntRange(0, 5000).Draw(t, "ms")) * time.Millisecond)
		s.step(Woken{})
	case 14:
		s.crashAgent()
	case 15:
		s.crashGuard()
	case 16:
		s.heartbeat()
	case 17:
		s.step(Connected{})
	case 18:
		s.hold()
	case 19, 20, 21, 22, 23, 24:
		if len(s.answers) > 0 {
			s.arrive(rapid.IntRange(0, len(s.answers)-1).Draw(t, "answer"))
		}
	}
}

// grow has a running job write or end.
func (s *simulation) grow() {
	refs := s.alive()
	if len(refs) == 0 || !s.guard {
		return
	}
	ref := rapid.SampledFrom(refs).Draw(s.t, "grown")
	sp := s.spools[ref]
	sp.records++
	switch rapid.IntRange(0, 3).Draw(s.t, "grows by") {
	case 0:
		sp.checkpoints[sp.records] = len(sp.checkpoints) + 1
	case 1:
		sp.ended = true
	}
	s.step(Grew{jobserver.Grown{Ref: ref, Ended: sp.ended}})
}

func (s *simulation) alive() []task.Ref {
	var refs []task.Ref
	for ref, sp := range s.spools {
		if !sp.ended {
			refs = append(refs, ref)
		}
	}
	slices.SortFunc(refs, compareRefs)
	return refs
}

// crashAgent kills the agent: what was under way may still have been carried out, and nobody hears of it.
func (s *simulation) crashAgent() {
	for _, effect := range s.pending {
		if !rapid.Bool().Draw(s.t, "carried out") {
			continue
		}
		switch e := effect.(type) {
		case Claim:
			for _, ref := range e.Refs {
				if a := s.attempt(ref); !s.fenced(ref) && !a.over() && !a.cancelled && a.claimed == 0 {
					a.claimed = s.life
				}
			}
		case Start:
			if s.guard && s.spools[e.Execution.Ref] == nil {
				s.performStart(e.Execution)
			}
		case Renew:
			s.renew(e, lost)
		}
	}
	s.restart()
}

// crashGuard kills the guard and with it the jobs; a new one settles their spools.
func (s *simulation) crashGuard() {
	if s.guard {
		s.guard = false
		s.step(GuardDown{})
		return
	}
	for _, sp := range s.spools {
		s.end(sp)
	}
	s.guard = true
	s.step(GuardUp{})
}

// settle ends all faults and lets everything come to its end.
func (s *simulation) settle() {
	if !s.guard {
		s.crashGuard()
	}
	for range 400 {
		s.pass(20 * time.Second)
		s.step(Woken{})
		for range 5000 {
			switch {
			case len(s.answers) > 0:
				s.arrive(0)
			case len(s.pending) > 0:
				s.carryOut(0, done)
			}
		}
		for _, ref := range s.alive() {
			s.end(s.spools[ref])
			s.step(Grew{jobserver.Grown{Ref: ref, Ended: true}})
		}
		for _, r := range s.runs {
			if a := r.newest(); a.claimed == 0 && !a.over() {
				s.offer(a)
			}
		}
		s.heartbeat()
		if s.atRest() {
			break
		}
	}
	for _, r := range s.runs {
		if a := r.newest(); !a.over() {
			s.t.Fatalf("%v never came to its end at the conductor: %+v", a.ref, *a)
		}
	}
	for ref := range s.spools {
		s.t.Fatalf("the spool of %v was never dropped", ref)
	}
	if len(s.core.attempts) > 0 || !s.core.Idle() {
		s.t.Fatalf("the core still keeps %d attempts", len(s.core.attempts))
	}
}

func (s *simulation) atRest() bool {
	return len(s.pending) == 0 && len(s.answers) == 0 && len(s.spools) == 0 && len(s.core.attempts) == 0 &&
		!slices.ContainsFunc(s.runs, func(r *simRun) bool { return !r.newest().over() })
}

func TestTheCoreKeepsItsPromisesWhateverHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSimulation(t)
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			s.act()
		}
		s.settle()
	})
}
