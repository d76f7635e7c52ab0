package chaos

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/segno-jobs/segno/task"
)

// storm is a while in which things go wrong at random instants, each for a random time.
type storm struct {
	*world
	// repairs undo what went wrong, each at its time.
	repairs []repair
	// broken are the hosts, and "conductor", of which something is stopped or gone.
	broken map[string]bool
	counts map[string]int
}

type repair struct {
	at time.Time
	do func()
}

// mishap is something that goes wrong with a job server. It reports false where it cannot happen now.
type mishap struct {
	name string
	do   func(*storm, *host) bool
}

var mishaps = []mishap{
	{"cut", func(s *storm, h *host) bool {
		return s.breaks(h.name+" cut", func() {
			s.isolate(h, []string{"both ways", "mute", "deaf"}[s.rnd.IntN(3)])
		}, func() { s.join(h) })
	}},
	{"agent killed", func(s *storm, h *host) bool {
		return s.breaks(h.name, func() { h.endAgent(syscall.SIGKILL) }, h.startAgent)
	}},
	{"agent stopped", func(s *storm, h *host) bool { return s.stops(h, "run") }},
	{"guard stopped", func(s *storm, h *host) bool { return s.stops(h, "guard") }},
	{"keeper stopped", func(s *storm, h *host) bool { return s.stops(h, "keeper") }},
	{"guard killed", func(s *storm, h *host) bool {
		return !s.broken[h.name] && h.signal(syscall.SIGKILL, "jobserver", "guard") > 0
	}},
	{"keeper killed", func(s *storm, h *host) bool {
		keepers := h.find("jobserver", "keeper")
		if s.broken[h.name] || len(keepers) == 0 {
			return false
		}
		return syscall.Kill(keepers[s.rnd.IntN(len(keepers))], syscall.SIGKILL) == nil
	}},
	{"job killed", func(s *storm, h *host) bool {
		probes := h.probes()
		return len(probes) > 0 && syscall.Kill(probes[s.rnd.IntN(len(probes))], syscall.SIGKILL) == nil
	}},
	{"job stopped", func(s *storm, h *host) bool {
		probes := h.probes()
		if len(probes) == 0 {
			return false
		}
		pid := probes[s.rnd.IntN(len(probes))]
		return s.breaks(fmt.Sprint("process ", pid), func() { _ = syscall.Kill(pid, syscall.SIGSTOP) }, func() { _ = syscall.Kill(pid, syscall.SIGCONT) })
	}},
	{"host lost", func(s *storm, h *host) bool {
		return s.breaks(h.name, h.off, func() { s.reboot(h) })
	}},
	{"conductor killed", func(s *storm, _ *host) bool {
		return s.breaks("conductor", func() { s.endConductor(syscall.SIGKILL) }, s.startConductor)
	}},
	{"conductor stopped", func(s *storm, _ *host) bool {
		return s.breaks("conductor", func() { s.conductor.signal(syscall.SIGSTOP, "conductor", "serve") },
			func() { s.conductor.signal(syscall.SIGCONT, "conductor", "serve") })
	}},
}

func TestInAStormEveryRunEndsAsItsPolicySays(t *testing.T) {
	scenario(t, inShort)
	length, load := 6*time.Second, 6
	if *full {
		length, load = 60*time.Second, 40
	}
	weather(t, length, load)
}

func TestInAnotherStormEveryRunEndsAsItsPolicySays(t *testing.T) {
	scenario(t, inFull)
	weather(t, 120*time.Second, 80)
}

// weather requests so many runs of each policy during a storm, and checks all of them when it is over.
func weather(t *testing.T, length time.Duration, load int) {
	w := newWorld(t, []string{"js-1", "js-2", "js-3"})
	w.Group("etl", "js-1", "js-2", "js-3")
	s := &storm{world: w, broken: map[string]bool{}, counts: map[string]int{}}
	end := time.Now().Add(length)
	for i := 0; time.Now().Before(end); w.lasts(s.upTo(length / 40)) {
		for _, kind := range kinds {
			if s.broken["conductor"] || len(w.runs) >= load*len(kinds) {
				break
			}
			p := probe{
				Ticks: 20 + w.rnd.IntN(150), Every: 40 * time.Millisecond, Checkpoint: 10, Code: 3 * w.rnd.IntN(2), Daemon: w.rnd.IntN(3) == 0,
			}
			e := w.start(fmt.Sprintf("%s-%d", kind, i), "etl", p, kind, lost(time.Duration(5+w.rnd.IntN(4))*time.Second))
			e.killed = true
		}
		i++
		h := w.servers[w.rnd.IntN(len(w.servers))]
		if m := mishaps[w.rnd.IntN(len(mishaps))]; m.do(s, h) {
			w.note("%s: %s", h.name, m.name)
			s.counts[m.name]++
		}
		s.repair(time.Now())
	}
	s.repair(end.Add(time.Hour))
	w.note("the storm is over: %v", s.counts)
	w.checkAll()
	ends := map[task.State]int{}
	for _, e := range w.runs {
		ends[w.GetRun(e.id).State]++
	}
	w.note("%d runs: %v", len(w.runs), ends)
}

// breaks lets something go wrong for a while, unless something of it is wrong already.
func (s *storm) breaks(what string, now, later func()) bool {
	if s.broken[what] {
		return false
	}
	s.broken[what] = true
	now()
	s.repairs = append(s.repairs, repair{time.Now().Add(s.upTo(9 * time.Second)), func() {
		delete(s.broken, what)
		later()
	}})
	return true
}

// stops stops all processes of one of Segno's programs on a host for a while. Two at once on one host are more than is
// promised.
func (s *storm) stops(h *host, command string) bool {
	var pids []int
	send := func(sig syscall.Signal) func() {
		return func() {
			for _, pid := range pids {
				_ = syscall.Kill(pid, sig)
			}
		}
	}
	pids = h.find("jobserver", command)
	return s.breaks(h.name, send(syscall.SIGSTOP), send(syscall.SIGCONT))
}

// repair undoes what was to last until then.
func (s *storm) repair(now time.Time) {
	var left []repair
	for _, r := range s.repairs {
		if r.at.Before(now) {
			r.do()
		} else {
			left = append(left, r)
		}
	}
	s.repairs = left
}

func (s *storm) upTo(d time.Duration) time.Duration { return time.Duration(s.rnd.Int64N(int64(d))) }
