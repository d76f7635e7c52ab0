package sim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// host is one job server: a machine with a disk, on which a guard, its keepers and an agent run.
type host struct {
	w     *World
	name  string
	clock *clock
	// bootID names the present start of the machine, boots counts them; up is false while it is off.
	bootID string
	boots  int
	up     bool
	// frozen is true while the whole machine stands still; frost is what waits for it to go on.
	frozen   bool
	frozenAt time.Duration
	frost    []func()
	// out and back are the links to the conductor and from it.
	out, back *link

	agent *agentProcess
	guard *guardProcess
	jobs  map[task.Ref]*job
	// disk is what survives a reboot, resume the content of checkpoints that attempts begin from.
	disk   map[task.Ref]*spool
	resume map[task.Ref][]byte
	// files are what the agent has fetched; agents counts its processes.
	files  map[string][]byte
	agents int
	// excuses are jobs that were alive while the host was frozen for longer than its assumptions allow.
	excuses map[*job]bool
	health  health
}

// spool is what an attempt left on the disk.
type spool struct {
	records []task.Record
	ended   bool
	// content is that of the checkpoints whose records are in the spool.
	content map[int][]byte
	// lease is the lease file, and boot the start of the machine that it was written in.
	lease jobserver.Lease
	boot  string
	// guard is the one that it was made for, by the agent that made it. held is true while that has yet to hand it over, and
	// taken once a keeper has it.
	guard       *guardProcess
	by          *agentProcess
	held, taken bool
}

// unbegun reports whether nobody holds the spool and no keeper ever had it.
func (s *spool) unbegun() bool { return !s.ended && !s.taken && !(s.held && s.by.up) }

func newHost(w *World, name string) *host {
	h := &host{
		w: w, name: name, out: newLink(w), back: newLink(w), disk: map[task.Ref]*spool{}, resume: map[task.Ref][]byte{},
		jobs: map[task.Ref]*job{}, files: map[string][]byte{}, excuses: map[*job]bool{},
	}
	h.clock = newClock(w, epoch.Add(w.rnd.between(-time.Hour, time.Hour)))
	h.boot()
	h.health = health{h: h}
	h.health.listened()
	return h
}

// boot starts the machine, its guard and its agent.
func (h *host) boot() {
	h.boots++
	h.bootID = fmt.Sprintf("%s-boot-%d", h.name, h.boots)
	h.up, h.frozen, h.frost = true, false, nil
	h.clock.restart()
	h.guard = newGuard(h)
	h.agent = newAgent(h)
}

// lose takes the machine down: everything on it is gone but the disk.
func (h *host) lose() {
	h.w.cover("host lost")
	h.health.hindered = true
	h.up = false
	h.boots++
	h.agent.kill()
	h.guard.vanish()
	for _, j := range h.living() {
		j.keeper = nil
		j.die()
	}
	// What was not written through to the disk is missing after a crash: the spools of attempts that have not ended.
	for _, ref := range slices.SortedFunc(maps.Keys(h.disk), compareRefs) {
		if !h.disk[ref].ended && h.w.rnd.in(0.3) {
			h.w.cover("spool lost with its host")
			delete(h.disk, ref)
		}
	}
}

func (h *host) living() []*job {
	refs := slices.SortedFunc(maps.Keys(h.jobs), compareRefs)
	all := make([]*job, len(refs))
	for i, ref := range refs {
		all[i] = h.jobs[ref]
	}
	return all
}

// freeze makes the machine stand still for a while, as a virtual machine that is moved does. Its clock goes on.
func (h *host) freeze(d time.Duration) {
	if !h.up || h.frozen {
		return
	}
	h.w.cover("host frozen")
	h.health.hindered = true
	h.frozen, h.frozenAt = true, h.w.now
	h.agent.pause()
	h.guard.pause()
	for _, j := range h.living() {
		h.excuses[j] = true // it goes on for a moment although its lease may have run out meanwhile
	}
	boots := h.boots
	h.w.after(d, h.name+" thaws", func() {
		if h.boots == boots && h.frozen {
			h.thaw()
		}
	})
}

func (h *host) thaw() {
	h.frozen = false
	waiting := h.frost
	h.frost = nil
	h.guard.resume()
	h.agent.resume()
	for _, do := range waiting {
		do()
	}
}

// thawed does something as soon as the machine is not frozen, unless it was started anew.
func (h *host) thawed(boots int, do func()) {
	switch {
	case h.boots != boots:
	case h.frozen:
		h.frost = append(h.frost, func() { h.thawed(boots, do) })
	default:
		do()
	}
}

func (h *host) excused(j *job) bool { return h.excuses[j] || j.unkillable }

func compareRefs(a, b task.Ref) int {
	return cmp.Or(cmp.Compare(a.Run, b.Run), cmp.Compare(a.Number, b.Number))
}

// contentOf returns the content of a checkpoint that is on the disk.
func (h *host) contentOf(ref task.Ref, sequence int) ([]byte, error) {
	if s := h.disk[ref]; s != nil && s.content[sequence] != nil {
		return s.content[sequence], nil
	}
	return nil, fault.NotFound
}

// newGuard starts a guard in the place of one that died.
func (h *host) newGuard() {
	if h.up && !h.guard.up {
		old := h.guard
		h.guard = newGuard(h)
		h.guard.keepers = old.keepers
	}
}

// revive ends all that is wrong with the host.
func (h *host) revive() {
	switch {
	case !h.up:
		h.boot()
		return
	case h.frozen:
		h.thaw()
	}
	if h.guard.paused > 0 {
		h.guard.process.paused = 1
		h.guard.process.resume()
	}
	for _, k := range h.guard.all() {
		if k.paused > 0 {
			k.process.paused = 1
			k.process.resume()
		}
	}
	if !h.guard.up {
		h.newGuard()
	}
	switch {
	case !h.agent.up:
		h.agent = newAgent(h)
	case h.agent.paused > 0:
		h.agent.paused = 1
		h.agent.resume()
	}
}

// write appends a record.
func (s *spool) write(h *host, ref task.Ref, r task.Record) {
	r.Sequence, r.At = int64(len(s.records))+1, h.clock.now()
	s.records = append(s.records, r)
	if r.Exit != nil {
		s.ended = true
		h.w.truth.wrote(ref, *r.Exit)
	}
}
