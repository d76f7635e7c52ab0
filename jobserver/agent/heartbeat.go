package agent

import (
	"context"
	mathrand "math/rand/v2"
	"time"

	"connectrpc.com/connect"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/protocol"
)

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
	failures := 0
	for number := uint64(1); ; number++ {
		select {
		case <-ctx.Done():
			return
		case <-a.beat:
		case <-timer.C:
		}
		begun := time.Now()
		switch err := a.heartbeat(ctx, number); {
		case err != nil:
			failures++
		case failures > 0:
			failures = 0
			a.answeredAgain()
		}
		// The period is from one to the next, however long an answer takes.
		timer.Reset(a.untilNext(time.Since(begun), failures))
	}
}

// answeredAgain takes in that the conductor answers again: what waits for another try is tried at once, and so is a
// stream. The heartbeats of a fleet are spread, and with them what follows.
func (a *Agent) answeredAgain() {
	a.step(Connected{})
	signal(a.reached)
}

// untilNext is when the next heartbeat is due after one that took so long, with so many failed in a row.
func (a *Agent) untilNext(took time.Duration, failures int) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.rhythm.Pause(a.rhythm.Next(a.core.Quarter(), failures, mathrand.Float64()), took)
}

func (a *Agent) heartbeat(ctx context.Context, number uint64) error {
	a.mu.Lock()
	timeout, period, sentAs := a.rhythm.Timeout(a.core.Quarter()), a.rhythm.Period(), a.rhythm.Sent()
	a.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	sample := a.sampler.sample()
	list, held := a.lookAround(ctx, &sample)

	client, at := a.conductors.current()
	sent := a.boot() // before it is sent: the leases in the answer count from here
	a.step(HeartbeatSent{Number: number, At: sent})
	req := protocol.HeartbeatToProto(a.hello(), sample, list, held)
	req.Archives, req.Heartbeat, req.Number = a.packages.held(), period.Microseconds(), number
	res, err := client.Heartbeat(ctx, connect.NewRequest(req))
	if err != nil {
		a.failed("heartbeat", at, err)
		return err
	}
	a.succeeded("heartbeat")
	a.settings(res.Msg.GetSettings(), func(told time.Duration) { a.rhythm.Answered(sentAs, told) })
	for _, m := range res.Msg.GetStop() {
		ref, kind := protocol.StopFromProto(m)
		a.step(StopOrdered{Term: res.Msg.GetTerm(), Ref: ref, Kind: kind})
	}
	if leases := res.Msg.GetLeases(); len(leases) > 0 {
		a.step(LeasesGranted{Term: res.Msg.GetTerm(), Sent: sent, Leases: grants(leases)})
	}
	return nil
}

// lookAround asks the guard what it keeps and returns what the agent as a whole does, with the sum in the sample, and
// whether a lease is held.
func (a *Agent) lookAround(ctx context.Context, s *jobserver.Sample) (list []jobserver.Kept, held bool) {
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
	list = a.core.Kept()
	for _, k := range list {
		if !k.Ended {
			s.OwnCPU += k.Usage.CPU
			s.OwnMemory += k.Usage.Memory
		}
	}
	return list, a.core.Held()
}
