package agent

import (
	"context"
	mathrand "math/rand/v2"
	"time"

	"connectrpc.com/connect"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/protocol"
)

// heartbeatTimeout bounds the call: a heartbeat that comes later is of no use.
const heartbeatTimeout = 5 * time.Second

// heartbeats tells the conductor again and again, whether a stream is open or not, that the agent lives and what it
// keeps. The first one waits until the guard has told that: a heartbeat without an attempt says that it is gone.
func (a *Agent) heartbeats(ctx context.Context) {
	select {
	case <-a.ready:
	case <-ctx.Done():
		return
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for failures := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-a.beat:
		case <-timer.C:
		}
		if err := a.heartbeat(ctx); err != nil {
			failures++
		} else {
			failures = 0
		}
		timer.Reset(a.untilNext(failures))
	}
}

// untilNext is the period, jittered by a tenth to both sides. While heartbeats fail, it grows slowly.
func (a *Agent) untilNext(failures int) time.Duration {
	a.mu.Lock()
	period := a.period
	a.mu.Unlock()
	if failures > 10 {
		period = max(period, backoffCap/2)
	}
	return time.Duration(float64(period) * (0.9 + 0.2*mathrand.Float64()))
}

func (a *Agent) heartbeat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, heartbeatTimeout)
	defer cancel()
	sample := a.sampler.sample()
	list := a.lookAround(ctx, &sample)

	client, at := a.conductors.current()
	res, err := client.Heartbeat(ctx, connect.NewRequest(protocol.HeartbeatToProto(a.hello(), sample, list, false)))
	if err != nil {
		a.failed("heartbeat", at, err)
		return err
	}
	a.succeeded("heartbeat")
	a.settings(res.Msg.GetSettings())
	for _, m := range res.Msg.GetStop() {
		ref, kind := protocol.StopFromProto(m)
		a.step(StopOrdered{Term: res.Msg.GetTerm(), Ref: ref, Kind: kind})
	}
	return nil
}

// lookAround asks the guard what it keeps and returns what the agent as a whole does, with the sum in the sample.
func (a *Agent) lookAround(ctx context.Context, s *jobserver.Sample) []jobserver.Kept {
	a.mu.Lock()
	g, number := a.guard, a.core.BeginLook()
	a.mu.Unlock()
	if g != nil {
		list, err := g.Kept(ctx)
		a.step(Listed{Number: number, Kept: list, Err: err})
		s.SpoolFull = g.Full()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	list := a.core.Kept()
	for _, k := range list {
		if !k.Ended {
			s.OwnCPU += k.Usage.CPU
			s.OwnMemory += k.Usage.Memory
		}
	}
	return list
}
