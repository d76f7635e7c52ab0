package sim

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/jobserver/agent"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
)

// toConductor calls the conductor.
func toConductor[T any](a *agentProcess, limit time.Duration, what string, serve func(*conductor.Conductor) (T, error), done func(T, error)) {
	n := a.w.conductor
	call(a.process, n.process, a.host.out, a.host.back, limit, a.name+" "+what, func() (answer T, err error) {
		err = fmt.Errorf("%s: the conductor went down: %w", what, fault.Unavailable)
		if !n.act(what, func() { answer, err = serve(n.c) }) {
			return answer, errNoAnswer
		}
		return answer, err
	}, done)
}

// callTimeout bounds a call.
const callTimeout = protocol.CallTimeout

func (a *agentProcess) claim(e agent.Claim) {
	sent := a.boot()
	a.host.health.hindered = true // it has no lease before it is answered
	a.soon("claims", func() {
		toConductor(a, callTimeout, "claims", func(c *conductor.Conductor) ([]conductor.Claimed, error) {
			return c.Claim(a.w.ctx, a.host.name, a.instance, e.Refs)
		}, func(answers []conductor.Claimed, err error) {
			if err != nil {
				a.step(agent.ClaimDone{Err: err})
				return
			}
			done := agent.ClaimDone{Term: 1, Sent: sent, Verdicts: make([]agent.Verdict, len(answers))}
			for i, answer := range answers {
				done.Verdicts[i] = agent.Refused
				if answer.Granted {
					done.Verdicts[i] = agent.Granted
					done.Leases = append(done.Leases, agent.Grant{Ref: answer.Lease.Ref, Length: answer.Lease.Length})
				}
			}
			a.step(done)
			a.hurry()
		})
	})
}

// hurry sends a heartbeat where an attempt has just got a lease for which the next one may be due too late.
func (a *agentProcess) hurry() {
	if quarter := a.core.Quarter(); quarter > 0 && quarter < a.rhythm.Period() {
		a.w.cover("heartbeat at once for a short lease")
		a.heartbeat()
	}
}

// heartbeat tells the conductor again and again that the agent lives and what it keeps.
func (a *agentProcess) heartbeat() {
	if a.beating {
		return
	}
	a.beating = true
	a.beats++
	begun, sentAs, life := a.boot(), a.rhythm.Sent(), a.life
	g, number := a.guard, a.core.BeginLook()
	a.soon("looks around", func() {
		if g != nil && g.up {
			a.step(agent.Listed{Number: number, Kept: g.Kept()})
		} else {
			a.step(agent.Listed{Number: number, Err: fault.Unavailable})
		}
		kept := a.core.Kept()
		slices.SortFunc(kept, func(x, y jobserver.Kept) int { return compareRefs(x.Ref, y.Ref) })
		report := conductor.Report{Kept: kept, Held: a.core.Held()}
		report.Server, report.BootID, report.Instance, report.Sample = a.host.name, a.host.bootID, a.instance, a.host.sample()
		a.numbered++
		report.Heartbeat, report.Number, report.ClaimedOffers = a.rhythm.Period(), a.numbered, !a.w.profile.oldAgents
		a.host.health.beat()
		var heard time.Duration
		sent := a.boot()
		a.step(agent.HeartbeatSent{Number: report.Number, At: sent})
		limit := a.rhythm.Timeout(a.core.Quarter())
		toConductor(a, limit, "beats", func(c *conductor.Conductor) (conductor.Orders, error) {
			r := report
			r.Kept = slices.Clone(report.Kept)
			orders, err := c.Heartbeat(a.w.ctx, r)
			switch {
			case err == nil:
				a.host.health.heard(a, life)
				if heard == 0 {
					heard = a.w.now
				}
			case errors.Is(err, fault.Conflict) && a.numbered > r.Number:
				a.w.cover("heartbeat that a later one has overtaken")
			}
			return orders, err
		}, func(orders conductor.Orders, err error) {
			if err == nil {
				a.answered(sentAs, orders.Heartbeat)
				a.host.health.told = heard
			}
			a.beaten(begun, sent, orders, err)
		})
	})
}

// answered takes in the period of an answer.
func (a *agentProcess) answered(sentAs int, told time.Duration) {
	was := a.rhythm.Period()
	a.rhythm.Answered(sentAs, told)
	switch now := a.rhythm.Period(); {
	case now > was:
		a.w.cover("period of heartbeats made longer")
	case now < was:
		a.w.cover("period of heartbeats made shorter")
	case told > was:
		a.w.cover("longer period that was out of date")
	}
}

func (a *agentProcess) beaten(begun, sent time.Duration, orders conductor.Orders, err error) {
	a.beating = false
	if err != nil {
		a.failures++
	} else {
		a.failures = 0
		a.takeOrders(sent, orders)
	}
	next := a.rhythm.Next(a.core.Quarter(), a.failures, a.w.rnd.Float64())
	beats := a.beats
	a.after(a.rhythm.Pause(next, a.boot()-begun), "is to beat", func() {
		if beats == a.beats {
			a.heartbeat()
		}
	})
}

func (a *agentProcess) takeOrders(sent time.Duration, orders conductor.Orders) {
	for _, s := range orders.Stops {
		kind := task.ExitFenced
		if s.Intent == task.IntentCancel {
			kind = task.ExitCancelled
		}
		a.step(agent.StopOrdered{Term: 1, Ref: s.Ref, Kind: kind})
	}
	if len(orders.Leases) > 0 {
		granted := agent.LeasesGranted{Term: 1, Sent: sent}
		for _, l := range orders.Leases {
			granted.Leases = append(granted.Leases, agent.Grant{Ref: l.Ref, Length: l.Length})
		}
		a.step(granted)
	}
}

// link opens a stream of commands.
func (a *agentProcess) link() {
	if a.linking {
		return
	}
	a.linking = true
	instance := a.instance
	toConductor(a, 10*time.Second, "connects", func(*conductor.Conductor) (*stream, error) {
		if err := a.w.conductor.connect(a.w.ctx, a, instance); err != nil {
			return nil, err
		}
		return a.w.conductor.streams[a.host], nil
	}, func(s *stream, err error) {
		a.linking = false
		if err != nil || s.broken {
			a.after(a.w.rnd.between(50*time.Millisecond, 2*time.Second), "is to connect", a.link)
			return
		}
		a.stream = s
		a.step(agent.Connected{})
	})
}

// loses is called when a stream breaks: the agent finds out at once, or by the silence of it.
func (a *agentProcess) loses(s *stream, silently bool) {
	life, d := a.life, a.w.rnd.between(0, 100*time.Millisecond)
	if silently {
		d = a.w.rnd.between(time.Second, 12*time.Second)
	}
	a.w.after(d, a.name+" loses its stream", func() {
		a.run(life, "loses its stream", func() {
			if a.stream == s {
				a.stream = nil
				a.link()
			}
		})
	})
}

// command takes a command from the stream.
func (a *agentProcess) command(s *stream, m *segnov1.Command) {
	switch m := m.GetCommand().(type) {
	case *segnov1.Command_Welcome:
		a.settings(m.Welcome.GetSettings())
	case *segnov1.Command_Settings:
		a.settings(m.Settings)
	case *segnov1.Command_Hold:
		a.w.cover("hold received")
		a.step(agent.HoldOrdered{Term: 1, At: a.boot(), Length: protocol.HoldFromProto(m.Hold)})
	case *segnov1.Command_Offer:
		e, err := protocol.OfferFromProto(m.Offer)
		if err != nil {
			a.w.fail("an offer cannot be read: %v", err)
			return
		}
		a.offered(agent.Offered{Term: 1, At: a.boot(), Execution: e, Claim: protocol.ClaimFromProto(m.Offer)})
	case *segnov1.Command_Stop:
		ref, kind := protocol.StopFromProto(m.Stop)
		a.step(agent.StopOrdered{Term: 1, Ref: ref, Kind: kind})
	}
}

func (a *agentProcess) offered(e agent.Offered) {
	switch {
	case e.Claim.Heartbeat > 0:
		a.w.cover("offer with a head start")
	case e.Claim.Made:
		a.w.cover("offer that is claimed already")
	}
	a.step(e)
	if e.Claim.Made {
		a.hurry()
	}
}

func (a *agentProcess) settings(m *segnov1.Settings) {
	if period, _ := protocol.SettingsFromProto(m); a.rhythm.Hurry(period) && a.ready {
		a.w.cover("shorter period came by itself")
		a.heartbeat()
	}
}

// deliver reads what is wanted, and hands it over.
func (a *agentProcess) deliver(e agent.Deliver) {
	done := agent.DeliverDone{Term: 1, Reports: make([]agent.Report, len(e.Wants))}
	var deliveries []task.Delivery
	var sent []*agent.Report
	room := 1 + a.w.rnd.IntN(12)
	for i, want := range e.Wants {
		r := &done.Reports[i]
		r.Ref, r.Reached = want.Ref, room > 0
		if room <= 0 {
			continue
		}
		records := a.read(want, room, r)
		if len(records) == 0 {
			continue
		}
		room -= len(records)
		last := records[len(records)-1]
		r.Sent, r.Last, r.Exit = true, last.Sequence, last.Exit != nil
		deliveries = append(deliveries, task.Delivery{Ref: want.Ref, Records: records})
		sent = append(sent, r)
	}
	if len(sent) == 0 {
		a.step(done)
		return
	}
	toConductor(a, callTimeout, "delivers", func(c *conductor.Conductor) ([]task.Delivered, error) {
		return c.Deliver(a.w.ctx, a.host.name, deliveries)
	}, func(delivered []task.Delivered, err error) {
		done.Err = err
		for i, d := range delivered {
			if err == nil {
				sent[i].Acked, sent[i].Fenced = d.Sequence, d.Fenced
			}
		}
		a.step(done)
	})
}

// read returns the records of a want, up to a checkpoint that is not settled.
func (a *agentProcess) read(want agent.Want, most int, r *agent.Report) []task.Record {
	if want.Exit != nil {
		return []task.Record{{Sequence: want.After + 1, At: want.At, Exit: want.Exit}}
	}
	if a.guard == nil || !a.guard.up {
		r.ReadErr = fault.Unavailable
		return nil
	}
	all, err := a.guard.Read(want.Ref, want.After)
	if err != nil {
		r.ReadErr = err
		return nil
	}
	var records []task.Record
	for _, rec := range all {
		if len(records) == most {
			r.More = true
			break
		}
		if c := rec.Checkpoint; c != nil && c.Sequence > want.Uploaded {
			next := *c
			r.Next = &next
			break
		} else if c != nil {
			if why, refused := want.Refused[c.Sequence]; refused {
				a.w.cover("checkpoint refused")
				rec.Checkpoint, rec.Output = nil, &task.OutputRecord{Stream: task.StreamMark, Data: []byte(why)}
			} else {
				r.Checkpoints = append(r.Checkpoints, agent.SentCheckpoint{Record: rec.Sequence, Sequence: c.Sequence})
			}
		}
		records = append(records, rec)
	}
	return records
}

func (a *agentProcess) review(g *guardProcess, e agent.Review) agent.Reviewed {
	done := agent.Reviewed{Ref: e.Ref}
	records, _ := g.Read(e.Ref, e.After)
	for _, r := range records {
		if r.Checkpoint != nil && r.Sequence <= e.To {
			done.Checkpoints = append(done.Checkpoints, *r.Checkpoint)
		}
	}
	return done
}

// upload hands the content of a checkpoint to the conductor, piece by piece.
func (a *agentProcess) upload(e agent.Upload) {
	content, err := a.host.contentOf(e.Ref, e.Checkpoint.Sequence)
	if err != nil {
		a.step(agent.UploadDone{Ref: e.Ref, Err: err})
		return
	}
	var put func(at int64)
	put = func(at int64) {
		piece := content[at:min(int64(len(content)), at+16)]
		toConductor(a, callTimeout, "puts", func(c *conductor.Conductor) (int64, error) {
			return c.PutCheckpoint(a.w.ctx, a.host.name, e.Ref, e.Checkpoint, at, piece)
		}, func(received int64, err error) {
			done := agent.UploadDone{Ref: e.Ref}
			switch {
			case err == nil && received < e.Checkpoint.Size && received > at:
				put(received)
				return
			case errors.Is(err, fault.Fenced), errors.Is(err, fault.NotFound):
				done.Fenced = true
			case errors.Is(err, fault.Conflict), errors.Is(err, fault.TooLarge), errors.Is(err, fault.Invalid):
				done.Refused = err.Error()
			case err == nil && received < e.Checkpoint.Size:
				done.Err = fault.Unavailable
			default:
				done.Err = err
			}
			a.step(done)
		})
	}
	put(0)
}

// fetch gets the content that an attempt goes on from.
func (a *agentProcess) fetch(e agent.Fetch) {
	toConductor(a, callTimeout, "fetches", func(c *conductor.Conductor) ([]byte, error) {
		data, end, err := c.CheckpointPiece(a.w.ctx, a.host.name, e.Ref, e.Checkpoint.Sequence, 0)
		if err == nil && !end {
			return nil, fault.Invalid
		}
		return data, err
	}, func(data []byte, err error) {
		done := agent.FetchDone{Ref: e.Ref, Err: err}
		if err == nil {
			done.Path = name(e.Ref)
			a.host.files[done.Path] = data
		}
		a.step(done)
	})
}
