package sim

import (
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/sim/memstore"
)

// mishap is something that goes wrong somewhere.
type mishap struct {
	name string
	do   func(*World, *host)
}

// faults are all kinds of them.
var faults = []mishap{
	{"host cut off", func(w *World, h *host) {
		h.out.cut, h.back.cut = true, true
		w.later(h, func() { h.out.cut, h.back.cut = false, false })
	}},
	{"way to the conductor cut", func(w *World, h *host) { h.out.cut = true; w.later(h, func() { h.out.cut = false }) }},
	{"way from the conductor cut", func(w *World, h *host) { h.back.cut = true; w.later(h, func() { h.back.cut = false }) }},
	{"bad links", func(w *World, h *host) {
		h.out.worsen()
		h.back.worsen()
		w.later(h, func() { h.out.heal(); h.back.heal() })
	}},
	{"answers late, and then none", func(w *World, h *host) {
		h.back.slow, h.back.most = 1, w.rnd.between(time.Second, 6*time.Second)
		w.after(w.rnd.wide(2*time.Second, 20*time.Second), h.name+" cut off", func() {
			if w.calm {
				return
			}
			h.out.cut, h.back.cut = true, true
			w.later(h, func() { h.out.heal(); h.back.heal() })
		})
	}},
	{"agent killed", func(w *World, h *host) { w.killAgent(h) }},
	{"agent paused", func(w *World, h *host) {
		if a := h.agent; h.up && a.up {
			h.health.hindered = true
			a.pause()
			w.later(h, func() {
				if a == h.agent {
					a.resume()
				}
			})
		}
	}},
	{"agent killed while cut off", func(w *World, h *host) {
		h.out.cut, h.back.cut = true, true
		w.later(h, func() { h.out.cut, h.back.cut = false, false })
		w.killAgent(h)
	}},
	{"keeper killed", func(w *World, h *host) {
		if all := h.guard.all(); h.up && h.guard.up && len(all) > 0 {
			all[w.rnd.IntN(len(all))].die()
		}
	}},
	{"keeper stopped", func(w *World, h *host) {
		all := h.guard.all()
		if !h.up || !h.guard.up || len(all) == 0 {
			return
		}
		k := all[w.rnd.IntN(len(all))]
		if k.job != nil {
			h.excuses[k.job] = true // its guard does not get the processor within the bound
		}
		k.pause()
		w.later(h, func() { k.resume() })
	}},
	{"guard killed", func(w *World, h *host) {
		// A guard that dies while it clears up after a keeper, or while one is stopped, leaves processes that nobody owns:
		// two failures at once, of which nothing is promised.
		if h.up && h.guard.up && h.guard.clearing == 0 && !h.guard.anyPaused() {
			h.guard.die()
			boots := h.boots
			w.after(w.rnd.between(10*time.Millisecond, 2*time.Second), h.name+" guard starts", func() {
				h.thawed(boots, func() { h.newGuard() })
			})
		}
	}},
	{"host frozen", func(w *World, h *host) { h.freeze(w.rnd.wide(100*time.Millisecond, 40*time.Second)) }},
	{"host lost", func(w *World, h *host) {
		if h.up {
			h.lose()
			w.after(w.rnd.wide(500*time.Millisecond, 60*time.Second), h.name+" boots", func() {
				if !h.up {
					h.boot()
				}
			})
		}
	}},
	{"conductor killed", func(w *World, _ *host) { w.conductor.crash() }},
	{"conductor paused", func(w *World, _ *host) {
		c := w.conductor
		if !c.up {
			return
		}
		life := c.life
		c.pause()
		w.after(w.rnd.wide(100*time.Millisecond, 30*time.Second), "conductor goes on", func() {
			if c.life == life {
				c.resume()
			}
		})
	}},
	{"conductor stopped as planned", func(w *World, _ *host) { w.conductor.stop() }},
	{"disk of the conductor full", func(w *World, _ *host) {
		w.conductor.full = true
		w.after(w.rnd.wide(100*time.Millisecond, 20*time.Second), "disk of the conductor has room", func() { w.conductor.full = false })
	}},
	{"everything cut off", func(w *World, _ *host) {
		for _, h := range w.hosts {
			h.out.cut, h.back.cut = true, true
			w.later(h, func() { h.out.cut, h.back.cut = false, false })
		}
	}},
}

// later ends a fault after a while that is often about as long as a lease.
func (w *World) later(h *host, end func()) {
	d := w.rnd.wide(200*time.Millisecond, 40*time.Second)
	if w.rnd.in(0.3) {
		patience := w.profile.patience[w.rnd.IntN(len(w.profile.patience))]
		d = patience + w.rnd.between(-2*time.Second, 4*time.Second)
	}
	boots := h.boots
	w.after(d, h.name+" recovers", func() {
		if h.boots == boots || !h.up {
			end()
			return
		}
		h.out.cut, h.back.cut = false, false
	})
}

// mishap reports whether something that is that likely goes wrong now.
func (w *World) mishap(p float64) bool { return p > 0 && !w.calm && w.rnd.in(p) }

func (w *World) killAgent(h *host) {
	if !h.up || !h.agent.up {
		return
	}
	h.health.hindered = true
	h.agent.kill()
	w.conductor.left(h.agent)
	boots := h.boots
	w.after(w.rnd.wide(10*time.Millisecond, 30*time.Second), h.name+" agent starts", func() {
		h.thawed(boots, func() {
			if !h.agent.up {
				h.agent = newAgent(h)
			}
		})
	})
}

// trouble has a fault happen now and then until the faults end.
func (w *World) trouble() {
	w.store.Fate = w.fate
	w.again(w.profile.pace, "fault", func() {
		total := 0.0
		for _, x := range w.profile.weights {
			total += x
		}
		at := w.rnd.Float64() * total
		for i, f := range faults {
			if at -= w.profile.weights[i]; at < 0 && w.profile.weights[i] > 0 {
				h := w.hosts[w.rnd.IntN(len(w.hosts))]
				w.trace(h.name, "FAULT "+f.name)
				w.cover("fault: " + f.name)
				f.do(w, h)
				return
			}
		}
	})
	w.again(w.profile.demand, "request", w.request)
	w.again(w.profile.meddling, "operator", w.meddle)
}

// again has do happen again and again, about as often as said, until the faults end.
func (w *World) again(mean time.Duration, name string, do func()) {
	var next func()
	next = func() {
		if w.calm {
			return
		}
		do()
		w.after(w.rnd.between(0, 2*mean), name, next)
	}
	w.after(w.rnd.between(0, mean), name, next)
}

// fate decides what becomes of a commit.
func (w *World) fate(op string) memstore.Fate {
	if w.calm {
		return memstore.Commit
	}
	c := w.conductor
	if c.full {
		w.cover("commit failed: disk full")
		return memstore.FailBefore
	}
	if c.inside && w.rnd.in(w.profile.stalls) {
		w.cover("conductor held up at a commit")
		c.stall(w.rnd.wide(10*time.Millisecond, 20*time.Second))
	}
	if !c.inside || !w.rnd.in(w.profile.commits) {
		return memstore.Commit
	}
	f := pick(w.rnd, memstore.FailBefore, memstore.FailAfter, memstore.CrashBefore, memstore.CrashAfter)
	w.cover([]string{"", "commit failed before", "answer of a commit lost", "crash before a commit", "crash after a commit"}[f])
	return f
}

// settle ends the faults, and checks that everything comes to its end.
func (w *World) settle() {
	w.calm = true
	w.conductor.full = false
	for _, h := range w.hosts {
		h.out.heal()
		h.back.heal()
		h.revive()
	}
	w.conductor.revive()
	w.comeToRest()
}

// bound is the longest time that something may take once the faults have ended.
func (w *World) bound() time.Duration { return w.longest() + jobserver.WakeBound }
