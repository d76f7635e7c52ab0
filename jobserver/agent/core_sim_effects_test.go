package agent

import (
	"errors"
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

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
