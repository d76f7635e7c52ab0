package sim

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/sim/memstore"
	"github.com/segno-jobs/segno/task"
)

// conductorNode is the conductor as a process: the real one, stepped.
type conductorNode struct {
	*process
	c *conductor.Conductor
	// inside is true while the conductor is in the middle of something, full while its disk is.
	inside, full bool
	leaving      bool
	streams      map[*host]*stream
}

// stream is an open stream of commands to an agent process.
type stream struct {
	session *conductor.Session
	agent   *agentProcess
	life    int
	// broken streams pass nothing more; the agent finds out in time.
	broken bool
}

func newConductor(w *World) *conductorNode {
	n := &conductorNode{streams: map[*host]*stream{}}
	n.process = &process{w: w, name: "conductor", clock: newClock(w, epoch.Add(time.Minute))}
	return n
}

// begin starts the process.
func (n *conductorNode) begin() {
	n.process.start()
	n.leaving, n.inside = false, false
	n.streams = map[*host]*stream{}
	c, err := conductor.New(n.w.store, conductor.Options{
		Heartbeat: n.w.profile.heartbeat, HeartbeatRate: n.w.profile.rate, Now: n.clock.now, Seed: n.w.rnd.Uint64() | 1, Entropy: entropy{n.w.rnd},
		OfferTimeout: 5 * time.Second, HeadStart: n.w.profile.headStart, Hold: n.w.profile.hold, Logger: n.w.logger(),
	})
	n.w.must(err)
	n.c = c
	n.act("loads", func() {
		if err := c.Load(n.w.ctx); err != nil {
			n.w.cover("conductor could not load")
			n.die()
			return
		}
		for _, h := range n.w.hosts {
			h.health.listened()
		}
		n.every(n.w.profile.heartbeat/6, "steps", func() {
			n.act("steps", func() {
				if err := c.Step(n.w.ctx); err != nil {
					n.w.cover("step failed")
				}
			})
		})
	})
}

// entropy makes the ids of runs follow from the seed.
type entropy struct{ chance }

func (e entropy) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(e.Uint32())
	}
	return len(b), nil
}

// act has the conductor do something. A commit may take it down in the middle; then act reports false.
func (n *conductorNode) act(what string, do func()) (done bool) {
	if n.inside {
		panic("the conductor is entered twice: " + what)
	}
	n.inside = true
	c := n.c
	defer func() {
		n.inside = false
		switch r := recover().(type) {
		case nil:
		case memstore.Crashed:
			if n.c == c && n.up {
				n.w.trace(n.name, fmt.Sprintf("crashes in %s after=%t", r.Op, r.After))
				n.crash()
			}
		default:
			panic(r)
		}
	}()
	do()
	n.pump()
	return true
}

// pump sends the commands that wait on their way.
func (n *conductorNode) pump() {
	for _, h := range n.w.hosts {
		s := n.streams[h]
		if s == nil {
			continue
		}
		for _, cmd := range s.session.Take() {
			n.send(h, s, cmd)
		}
	}
}

func (n *conductorNode) send(h *host, s *stream, cmd *segnov1.Command) {
	if s.broken {
		return
	}
	arrive := func() {
		s.agent.run(s.life, "command", func() { s.agent.command(s, cmd) })
	}
	if !h.back.send("command to "+h.name, arrive) {
		s.broken = true
		s.agent.loses(s, true)
	}
}

// crash kills the conductor; it is back after a while.
func (n *conductorNode) crash() {
	if !n.up {
		return
	}
	n.w.cover("conductor crashed")
	n.die()
	n.restart(n.w.rnd.wide(100*time.Millisecond, 30*time.Second))
}

// die ends the process, and its connections with it.
func (n *conductorNode) die() {
	n.process.kill()
	for _, h := range n.w.hosts {
		if s := n.streams[h]; s != nil && !s.broken {
			s.broken = true
			s.agent.loses(s, h.back.cut)
		}
	}
	n.streams = map[*host]*stream{}
}

func (n *conductorNode) restart(after time.Duration) {
	n.w.after(after, "conductor starts", func() {
		if !n.up {
			n.begin()
		}
	})
}

// stop is a planned stop: the agents are told to hold on, and the conductor goes.
func (n *conductorNode) stop() {
	if !n.up || n.paused > 0 || n.leaving || n.inside {
		return
	}
	n.leaving = true
	n.run(n.life, "leaves", func() {
		n.act("leaves", func() {
			if _, err := n.c.Leave(n.w.ctx); err != nil {
				n.w.cover("hold could not be stored")
			}
		})
	})
	life := n.life
	n.after(n.w.rnd.between(0, 2*time.Second), "stops", func() {
		if n.life == life {
			n.die()
			n.restart(n.w.rnd.wide(time.Second, 60*time.Second))
		}
	})
}

// stall holds the conductor up in the middle of what it does, while everything else goes on.
func (n *conductorNode) stall(d time.Duration) {
	life := n.life
	n.paused++
	n.w.runUntil(n.w.now + d)
	if n.life != life {
		panic(memstore.Crashed{Op: "stall"})
	}
	if n.paused--; n.paused == 0 {
		waiting := n.backlog
		n.backlog = nil
		for i, do := range waiting {
			n.w.after(time.Duration(i), "conductor goes on", do)
		}
	}
}

// revive brings the conductor back for good.
func (n *conductorNode) revive() {
	if n.paused > 0 {
		n.paused = 1
		n.resume()
	}
	if n.leaving {
		n.die()
	}
	if !n.up {
		n.begin()
	}
}

// left is called when an agent process has gone: its connection ends.
func (n *conductorNode) left(a *agentProcess) {
	s := n.streams[a.host]
	if s == nil || s.agent != a || s.broken {
		return
	}
	s.broken = true
	a.host.out.send(a.name+" disconnects", func() {
		n.run(n.life, "disconnects", func() { n.act("disconnects", func() { n.c.Disconnect(s.session) }) })
	})
}

func (n *conductorNode) declareDead(server string) error {
	_, err := n.c.DeclareDead(n.w.ctx, server, "it burnt down", "operator")
	return err
}

func (n *conductorNode) takeUp(id task.RunID, intent task.Intent, from int) error {
	_, err := n.c.TakeUp(n.w.ctx, id, intent, from, "operator")
	return err
}

func (n *conductorNode) whatIf(server string) error {
	_, err := n.c.WhatIf(n.w.ctx, server)
	return err
}

// connect opens a stream for an agent process.
func (n *conductorNode) connect(ctx context.Context, a *agentProcess, instance string) error {
	session, err := n.c.Connect(ctx, a.host.name, instance)
	if err != nil {
		return err
	}
	if old := n.streams[a.host]; old != nil && !old.broken {
		old.broken = true
		old.agent.loses(old, false)
	}
	n.streams[a.host] = &stream{session: session, agent: a, life: a.life}
	return nil
}
