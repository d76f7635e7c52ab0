package agent

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/protocol"
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
	// beats are the heartbeats of this life.
	beats []HeartbeatSent
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
	s.pending, s.answers, s.beats = nil, nil, nil
	for i := range s.sent {
		s.sent[i].Claim = protocol.Claim{} // What is claimed for a process comes to no other.
	}
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
	o := Offered{Term: s.term, At: s.boot, Execution: jobserver.Execution{Ref: a.ref, Job: task.Job{Command: []string{"true"}}}}
	if a.claimed == s.life || a.claimed == 0 && !a.over() && !a.cancelled && rapid.Bool().Draw(s.t, "claimed with the offer") {
		o.Claim = s.headStart(a)
	}
	s.sent = append(s.sent, o)
	s.step(o)
}

// headStart makes the claim of an attempt, which may be answered with a heartbeat of this life.
func (s *simulation) headStart(a *simAttempt) protocol.Claim {
	a.claimed = s.life
	if len(s.beats) == 0 || rapid.IntRange(0, 3).Draw(s.t, "asked again") == 0 {
		return protocol.Claim{Made: true}
	}
	b := rapid.SampledFrom(s.beats).Draw(s.t, "answered")
	if a.length > 0 {
		a.sent = max(a.sent, b.At)
	}
	return protocol.Claim{Made: true, Heartbeat: b.Number, Lease: a.length}
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
	beat := HeartbeatSent{Number: uint64(len(s.beats) + 1), At: s.boot}
	s.beats = append(s.beats, beat)
	s.step(beat)
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
			o := rapid.SampledFrom(s.sent).Draw(t, "repeated offer")
			o.At = s.boot
			s.step(o)
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
			if a := r.newest(); (a.claimed == 0 || a.claimed == s.life) && !a.over() {
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
