package conductor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"connectrpc.com/connect"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
)

// Heartbeat takes in what an agent says of its host, and answers with what it must stop.
func (a *agents) Heartbeat(ctx context.Context, req *connect.Request[segnov1.HeartbeatRequest]) (*connect.Response[segnov1.HeartbeatResponse], error) {
	server, err := a.caller(ctx, req.Header())
	if err != nil {
		return nil, err
	}
	if len(req.Msg.GetAttempts()) > protocol.MaxKept {
		return nil, fault.Field("attempts", "must be at most %d", protocol.MaxKept)
	}
	now := a.c.now()
	beat := protocol.BeatFromProto(server, now, req.Msg)
	if n, open := a.c.sessions.find(server, beat.Instance); open {
		n.touch(now)
	} else if n := a.c.sessions.get(server); n != nil && n.lastSeen().After(now.Add(-2*a.c.options.Heartbeat)) {
		return nil, fmt.Errorf("another agent process is connected as %s: %w", server, fault.Conflict)
	}
	if err := a.c.store.Heard(ctx, []jobserver.Beat{beat}); err != nil {
		return nil, err
	}
	if a.c.fleet.beat(beat) {
		a.c.log.Info("a job server is online", "server", server)
		a.c.watch.eventsChanged()
		a.c.wakeDispatcher()
	}
	stops, err := a.compare(ctx, server, beat, req.Msg)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(&segnov1.HeartbeatResponse{Settings: a.settings(server), Term: a.c.term, Stop: stops}), nil
}

// compare holds what the agent keeps against what is open on its server. It returns what the agent must stop, and
// settles attempts that an earlier agent process had claimed and this one does not keep.
func (a *agents) compare(ctx context.Context, server string, beat jobserver.Beat, m *segnov1.HeartbeatRequest) ([]*segnov1.Stop, error) {
	kept := make(map[task.Ref]bool, len(m.GetAttempts()))
	running := map[task.Ref]bool{}
	for _, k := range m.GetAttempts() {
		ref := protocol.RefFromProto(k.GetAttempt())
		kept[ref] = true
		running[ref] = !k.GetEnded()
	}
	var stops []*segnov1.Stop
	var gone, rebooted []task.Ref
	for _, h := range a.c.fleet.attempts(server) {
		switch {
		case h.stop && running[h.ref]:
			stops = append(stops, protocol.StopToProto(h.ref, task.ExitCancelled))
		case h.claimed && h.instance != beat.Instance && !kept[h.ref] && h.rebooted:
			rebooted = append(rebooted, h.ref)
		case h.claimed && h.instance != beat.Instance && !kept[h.ref]:
			gone = append(gone, h.ref)
		}
		delete(running, h.ref)
	}
	for ref, runs := range running {
		if !runs {
			continue
		}
		stale, err := a.stale(ctx, server, ref)
		if err != nil {
			return nil, err
		}
		if stale {
			stops = append(stops, protocol.StopToProto(ref, task.ExitFenced))
		}
	}
	a.settleGone(ctx, server, gone, a.c.store.ReturnAttempts, "the agent on "+server+" stopped before it had started the job")
	a.settleGone(ctx, server, rebooted, a.c.store.LoseAttempts, "the host "+server+" was rebooted")
	return stops, nil
}

// stale reports whether an attempt that an agent runs is no longer the one that should. The store decides, not the fleet.
func (a *agents) stale(ctx context.Context, server string, ref task.Ref) (bool, error) {
	run, err := a.c.store.Run(ctx, ref.Run)
	if errors.Is(err, fault.NotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	for _, attempt := range run.Attempts {
		if attempt.Number == ref.Number {
			return ref.Number != run.Attempt || attempt.Server != server || !attempt.State.Open(), nil
		}
	}
	return true, nil
}

// settleGone settles attempts that an earlier agent process claimed and whose spool does not exist. On a host that was not
// rebooted that process died between the commit of the claim and the start: nothing was started, and the run may be
// placed again. After a reboot the spool may have gone with the host's cache, so nothing can be known: the run is lost.
func (a *agents) settleGone(
	ctx context.Context, server string, refs []task.Ref,
	settle func(context.Context, []task.Ref, string, time.Time) []error, reason string,
) {
	if len(refs) == 0 {
		return
	}
	for i, err := range settle(ctx, refs, reason, a.c.now()) {
		if err != nil && !errors.Is(err, fault.Conflict) && !errors.Is(err, fault.Fenced) {
			a.c.log.Error("settling an attempt failed; it is tried again", "run", refs[i].Run, "error", err)
			continue
		}
		a.c.fleet.release(server, refs[i])
		a.c.watch.outputChanged(refs[i].Run)
	}
	a.c.watch.eventsChanged()
	a.c.wakeDispatcher()
}
