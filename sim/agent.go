package sim

import (
	"cmp"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/jobserver/agent"
)

// agentProcess is the agent of a host: the real core, and around it what the real agent's goroutines do.
type agentProcess struct {
	*process
	host     *host
	core     *agent.Core
	instance string
	// guard is the one that it is connected to, or nil.
	guard *guardProcess
	// ready is true once the guard has told what it keeps.
	ready, beating, ticking bool
	rhythm                  *agent.Rhythm
	failures                int
	// beats counts heartbeats that are due: only the newest timer counts.
	beats int
	// numbered counts those that were sent.
	numbered uint64
	wake     time.Time
	stream   *stream
	linking  bool
}

func newAgent(h *host) *agentProcess {
	h.agents++
	a := &agentProcess{host: h, instance: jobserver.InstanceName(uint64(h.agents), h.name), rhythm: agent.NewRhythm(jobserver.DefaultHeartbeat)}
	a.process = &process{w: h.w, name: h.name + " agent", clock: h.clock}
	a.core = agent.NewCore(h.w.rnd.Float64)
	a.process.start()
	a.attend()
	return a
}

// attend connects to the guard, and again once it is gone.
func (a *agentProcess) attend() {
	a.after(a.w.rnd.between(time.Millisecond, 100*time.Millisecond), "looks for a guard", func() {
		g := a.host.guard
		if a.guard != nil {
			return
		}
		if !g.up {
			a.attend()
			return
		}
		a.guard = g
		life := a.life
		g.listener = func(n jobserver.Grown) {
			a.w.after(a.w.rnd.between(0, 2*time.Millisecond), a.name+" hears of growth", func() {
				a.run(life, "hears of growth "+name(n.Ref), func() {
					if a.guard == g {
						a.step(agent.Grew{Grown: n})
					}
				})
			})
		}
		a.step(agent.GuardUp{})
	})
}

// bereft is called when the guard dies.
func (a *agentProcess) bereft() {
	if a.guard == nil {
		return
	}
	life := a.life
	a.w.after(a.w.rnd.between(0, 50*time.Millisecond), a.name+" misses its guard", func() {
		a.run(life, "misses its guard", func() {
			a.guard = nil
			a.step(agent.GuardDown{})
			a.attend()
		})
	})
}

func (a *agentProcess) boot() time.Duration { return a.clock.elapsed() }

// step takes an event to the core and sets going what the core wants done.
func (a *agentProcess) step(e agent.Event) {
	for _, effect := range a.core.Step(a.clock.now(), e) {
		a.carryOut(effect)
	}
	if listed, ok := e.(agent.Listed); ok && listed.Err == nil && !a.ready && a.guard != nil {
		a.ready = true
		a.link()
		a.heartbeat()
	}
	a.tick()
	if wake, waits := a.core.Wake(); waits && !wake.Equal(a.wake) {
		a.wake = wake
		a.after(max(wake.Sub(a.clock.now()), 0)+time.Microsecond, "wakes", func() {
			if a.wake.Equal(wake) {
				a.wake = time.Time{}
			}
			a.step(agent.Woken{})
		})
	}
}

// tick tells the core the time while there are leases.
func (a *agentProcess) tick() {
	if a.ticking || !a.core.Leased() {
		return
	}
	a.ticking = true
	a.after(250*time.Millisecond, "ticks", func() {
		a.ticking = false
		a.step(agent.Ticked{Boot: a.boot()})
	})
}

// carryOut sets an effect going.
func (a *agentProcess) carryOut(effect agent.Effect) {
	a.w.cover(fmt.Sprintf("agent: %T", effect))
	switch e := effect.(type) {
	case agent.Claim:
		a.claim(e)
	case agent.Deliver:
		a.soon("reads", func() { a.deliver(e) })
	case agent.Start:
		a.start(e.Execution)
	case agent.Stop:
		a.ask(func(g *guardProcess) agent.Event { return agent.StopDone{Ref: e.Ref, Err: g.Stop(e.Ref, e.Kind)} },
			func(err error) agent.Event { return agent.StopDone{Ref: e.Ref, Err: err} })
	case agent.Drop:
		a.ask(func(g *guardProcess) agent.Event { return agent.DropDone{Ref: e.Ref, Err: g.Drop(e.Ref)} },
			func(err error) agent.Event { return agent.DropDone{Ref: e.Ref, Err: err} })
	case agent.Look:
		a.ask(func(g *guardProcess) agent.Event { return agent.Listed{Number: e.Number, Kept: g.Kept()} },
			func(err error) agent.Event { return agent.Listed{Number: e.Number, Err: err} })
	case agent.Renew:
		a.renew(e)
	case agent.Expire:
		a.ask(func(g *guardProcess) agent.Event { return agent.ExpireDone{Ref: e.Ref, Err: g.Expire(e.Ref)} },
			func(err error) agent.Event { return agent.ExpireDone{Ref: e.Ref, Err: err} })
	case agent.Upload:
		a.soon("reads a checkpoint", func() { a.upload(e) })
	case agent.Review:
		a.ask(func(g *guardProcess) agent.Event { return a.review(g, e) },
			func(error) agent.Event { return agent.Reviewed{Ref: e.Ref} })
	case agent.Validate:
		a.soon("tells a job of its checkpoint", func() {
			if a.guard != nil && a.guard.up {
				_ = a.guard.Validated(e.Ref, e.Sequence, e.Refused)
			}
		})
	case agent.Fetch:
		a.fetch(e)
	case agent.Discard:
		delete(a.host.files, e.Path)
	}
}

// start makes the spool of an attempt and then hands it to a keeper. The agent may die in between.
func (a *agentProcess) start(e jobserver.Execution) {
	g := a.guard
	done := func(err error) { a.step(agent.StartDone{Ref: e.Ref, Err: err}) }
	gone := fmt.Errorf("the guard is gone: %w", fault.Unavailable)
	a.soon("makes a spool", func() {
		if g == nil || !g.up {
			done(gone)
			return
		}
		if err := g.prepare(e, a); err != nil {
			done(err)
			return
		}
		if a.w.mishap(a.w.profile.handovers) {
			a.w.cover("agent killed before it handed an attempt over")
			a.w.killAgent(a.host)
			return
		}
		a.soon("hands an attempt over", func() {
			if !g.up {
				a.w.cover("guard gone before an attempt was handed over")
				delete(a.host.disk, e.Ref)
				done(gone)
				return
			}
			g.hand(e)
			a.soon("hears from its guard", func() {
				if !g.up {
					a.w.cover("answer of a guard lost")
					done(gone)
					return
				}
				done(nil)
			})
		})
	})
}

// renew writes a lease, and then tells the keeper of one that is earlier. The agent may die in between.
func (a *agentProcess) renew(e agent.Renew) {
	g := a.guard
	a.soon("writes a lease", func() {
		done := agent.RenewDone{Ref: e.Ref, Lease: e.Lease, Err: fmt.Errorf("the guard is gone: %w", fault.Unavailable)}
		tell := false
		if g != nil && g.up {
			tell, done.Err = g.Renew(e.Ref, e.Lease)
		}
		if !tell {
			a.step(done)
			return
		}
		a.soon("tells of a lease", func() {
			a.w.cover("lease shortened at the end of a hold")
			g.Look(e.Ref)
			a.step(done)
		})
	})
}

func (a *agentProcess) soon(what string, do func()) {
	a.after(a.w.rnd.between(0, 3*time.Millisecond), what, do)
}

// ask calls the guard. The answer is lost with the guard or the agent, and what was asked may have been done.
func (a *agentProcess) ask(do func(*guardProcess) agent.Event, failed func(error) agent.Event) {
	g := a.guard
	a.soon("calls its guard", func() {
		gone := fmt.Errorf("the guard is gone: %w", fault.Unavailable)
		if g == nil || !g.up {
			a.step(failed(gone))
			return
		}
		answer := do(g)
		a.soon("hears from its guard", func() {
			if !g.up {
				a.w.cover("answer of a guard lost")
				answer = failed(gone)
			}
			a.step(answer)
		})
	})
}

// sample is what the host measures: nothing that changes a choice much.
func (h *host) sample() jobserver.Sample {
	return jobserver.Sample{
		CPUs: 4, CPUIdle: 1, MemoryTotal: 8 << 30, MemoryAvailable: 6 << 30, DiskTotal: 100 << 30, DiskFree: 50 << 30,
		OwnCPU: float64(cmp.Compare(len(h.jobs), 0)),
	}
}
