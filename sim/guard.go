package sim

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/jobserver/guard"
	"github.com/segno-jobs/segno/task"
)

// guardProcess is the guard of a host: it owns the keepers, and is what the agent calls.
type guardProcess struct {
	*process
	host    *host
	keepers map[task.Ref]*keeper
	// clearing counts keepers that have died and whose jobs are being killed.
	clearing int
	// listener is the agent's ear, nil while it is not connected.
	listener func(jobserver.Grown)
}

func newGuard(h *host) *guardProcess {
	g := &guardProcess{host: h, keepers: map[task.Ref]*keeper{}}
	g.process = &process{w: h.w, name: h.name + " guard", clock: h.clock}
	g.process.start()
	g.every(time.Second, "looks at leases", g.patrol)
	return g
}

// patrol kills keepers that are long past their lease.
func (g *guardProcess) patrol() {
	for _, k := range g.all() {
		if l := k.lease(); l.Deadline > 0 && k.now() > l.Deadline+2*jobserver.WakeBound && k.core != nil && !k.core.Killed() {
			g.w.cover("guard killed a keeper past its lease")
			k.die()
		}
	}
}

// vanish ends the guard and its keepers with the machine.
func (g *guardProcess) vanish() {
	g.process.kill()
	for _, k := range g.all() {
		k.process.kill()
	}
}

// die kills the guard alone.
func (g *guardProcess) die() {
	g.w.cover("guard killed")
	g.process.kill()
	g.host.agent.bereft()
	for _, k := range g.all() {
		k.abandon()
	}
}

func (g *guardProcess) pause() {
	g.process.pause()
	for _, k := range g.all() {
		k.process.pause()
	}
}

func (g *guardProcess) resume() {
	for _, k := range g.all() {
		k.process.resume()
	}
	g.process.resume()
}

func (g *guardProcess) all() []*keeper {
	all := make([]*keeper, 0, len(g.keepers))
	for _, ref := range slices.SortedFunc(maps.Keys(g.keepers), compareRefs) {
		all = append(all, g.keepers[ref])
	}
	return all
}

func (g *guardProcess) anyPaused() bool {
	return slices.ContainsFunc(g.all(), func(k *keeper) bool { return k.paused > 0 })
}

func (g *guardProcess) tell(n jobserver.Grown) {
	if g.listener != nil {
		g.listener(n)
	}
}

// busy reports whether keepers or jobs of an earlier guard are still there: no spool may be settled until then.
func (g *guardProcess) busy(ref task.Ref) bool {
	return g.keepers[ref] != nil || g.host.jobs[ref] != nil
}

// The following is what an agent calls.

// prepare makes the spool of an attempt, which the agent holds until it hands it over.
func (g *guardProcess) prepare(e jobserver.Execution, by *agentProcess) error {
	if g.host.disk[e.Ref] != nil {
		return fault.Conflict
	}
	s := &spool{content: map[int][]byte{}, guard: g, by: by, held: true}
	g.host.disk[e.Ref] = s
	if e.Lease != nil {
		s.lease, s.boot = *e.Lease, g.host.bootID
	}
	if e.Resume != nil {
		g.host.resume[e.Ref] = g.host.files[e.ResumeContent]
		delete(g.host.files, e.ResumeContent)
	}
	return nil
}

// hand gives the spool of an attempt to a keeper, which looks at it when it has the processor.
func (g *guardProcess) hand(e jobserver.Execution) {
	k := newKeeper(g, e)
	g.keepers[e.Ref] = k
	k.spool.held = false
	late := g.w.rnd.between(0, time.Millisecond)
	if g.w.rnd.in(0.1) {
		late = g.w.rnd.wide(time.Millisecond, time.Second)
	}
	if g.w.mishap(g.w.profile.handovers) {
		k.after(late/2, "is killed before it takes an attempt", k.die)
		if g.w.rnd.in(0.5) {
			g.w.killAgent(g.host)
		}
	}
	k.after(late, "takes an attempt", k.launch)
}

// missed is called when a keeper has died before it took what it was handed: the agent hands it to another one, if it still
// is the one that did.
func (g *guardProcess) missed(e jobserver.Execution) {
	s := g.host.disk[e.Ref]
	if a := s.by; a.up && a.guard == g {
		g.w.cover("attempt handed to another keeper")
		s.held = true
		a.soon("hands an attempt over again", func() {
			switch {
			case g.host.disk[e.Ref] != s || g.keepers[e.Ref] != nil:
			case g.up:
				g.hand(e)
			default: // There is nobody to take it; whoever comes next settles it.
				g.w.cover("guard gone before an attempt was handed over again")
				s.held = false
			}
		})
	}
}

func (g *guardProcess) Stop(ref task.Ref, kind task.ExitKind) error {
	k := g.keepers[ref]
	if k == nil {
		return fmt.Errorf("stop %s: %w", name(ref), fault.NotFound)
	}
	k.stop(kind)
	return nil
}

// Renew writes the lease of an attempt to disk. It reports whether the keeper has to be told, as it is an earlier one at
// the end of a hold: of later ones a keeper learns when it looks.
func (g *guardProcess) Renew(ref task.Ref, l jobserver.Lease) (tell bool, err error) {
	s := g.host.disk[ref]
	if s == nil || s.ended || s.lease.Deadline == 0 {
		return false, fault.NotFound
	}
	earlier := l.Deadline < s.lease.Deadline
	if earlier && !s.lease.Held {
		return false, nil
	}
	s.lease, s.boot = l, g.host.bootID
	return earlier, nil
}

// Look tells a keeper to look at its lease.
func (g *guardProcess) Look(ref task.Ref) {
	if k := g.keepers[ref]; k != nil {
		k.run(k.life, "is told to look at its lease", func() {
			if !k.ended && k.core != nil {
				k.take(k.core.Step(k.now(), guard.Renewed{Lease: k.lease()}))
				k.arm()
			}
		})
	}
}

func (g *guardProcess) Expire(ref task.Ref) error {
	s, k := g.host.disk[ref], g.keepers[ref]
	switch {
	case s == nil:
		return fault.NotFound
	case k == nil:
		return nil
	case k.lease().Deadline == 0 || k.now() < k.lease().Deadline+jobserver.WakeBound:
		return fault.Conflict
	}
	g.w.cover("agent ended an attempt past its lease")
	k.die()
	return nil
}

func (g *guardProcess) Validated(ref task.Ref, sequence int, refused string) error {
	if k := g.keepers[ref]; k != nil {
		k.validated(sequence, refused)
	}
	return nil
}

func (g *guardProcess) Kept() []jobserver.Kept {
	var kept []jobserver.Kept
	for _, ref := range slices.SortedFunc(maps.Keys(g.host.disk), compareRefs) {
		s := g.host.disk[ref]
		if s.unbegun() && s.guard == g && !g.busy(ref) {
			g.w.cover("spool that no keeper took removed")
			delete(g.host.disk, ref)
			delete(g.host.resume, ref)
			continue
		}
		if !s.ended && !g.busy(ref) && (s.taken || s.unbegun()) {
			g.w.cover("spool of a dead keeper settled")
			s.write(g.host, ref, task.Record{Exit: &task.Exit{Kind: task.ExitLost, Code: -1, Detail: "nobody saw how it ended"}})
		}
		n := jobserver.Kept{Ref: ref, Ended: s.ended}
		if k := g.keepers[ref]; k != nil {
			n.Unkillable = k.unkillable
			if l := k.lease(); l.Deadline > 0 {
				n.Lease = &l
			}
		}
		kept = append(kept, n)
	}
	return kept
}

func (g *guardProcess) Read(ref task.Ref, after int64) ([]task.Record, error) {
	s := g.host.disk[ref]
	if s == nil {
		return nil, fault.NotFound
	}
	if after >= int64(len(s.records)) {
		return nil, nil
	}
	return slices.Clone(s.records[after:]), nil
}

func (g *guardProcess) Drop(ref task.Ref) error {
	s := g.host.disk[ref]
	if s == nil {
		return fault.NotFound
	}
	g.w.truth.dropped(ref, s)
	delete(g.host.disk, ref)
	delete(g.host.resume, ref)
	return nil
}
