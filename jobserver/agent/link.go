package agent

import (
	"context"
	"errors"
	"log/slog"
	mathrand "math/rand/v2"
	"time"

	"connectrpc.com/connect"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/protocol/segnov1"
)

// streamAgain is how long the agent polls before it tries whether the path passes streams by now.
const streamAgain = 10 * time.Minute

// surelyReplaced is from how many refusals in a row on the agent takes it that another one has its identity.
const surelyReplaced = 3

var (
	errNoWelcome = errors.New("the stream gave no word; a proxy may hold it back")
	errSilent    = errors.New("the stream has fallen silent")
	errReplaced  = errors.New("another agent with the identity of this job server is connected")
)

// link keeps a stream of commands open until ctx ends, or polls where streams do not pass.
func (a *Agent) link(ctx context.Context) {
	select {
	case <-a.ready: // before that no offer could be taken
	case <-ctx.Done():
		return
	}
	failures := 0
	for ctx.Err() == nil {
		client, at := a.conductors.current()
		answered, err := a.subscribe(ctx, client, at)
		if errors.Is(err, errNoWelcome) || connect.CodeOf(err) == connect.CodeUnimplemented {
			answered, err = a.poll(ctx, client, at, err)
		}
		if ctx.Err() != nil {
			return
		}
		if answered {
			failures = 0
		}
		failures++
		a.rest(ctx, a.apart(at, failures, err))
	}
}

// rest waits between two sessions, at most until a heartbeat is answered after some that were not.
func (a *Agent) rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-a.reached:
	case <-timer.C:
	}
}

// apart says how long to stay apart after a session ended with err.
func (a *Agent) apart(at, failures int, err error) time.Duration {
	switch {
	case errors.Is(err, fault.Conflict) && failures < surelyReplaced:
		// A restart is often faster than the conductor's notice that the agent before it has gone.
		return backoff(failures+1, mathrand.Float64)
	case errors.Is(err, fault.Conflict):
		a.troubles.met("connect", slog.LevelError, errReplaced.Error(), "conductor", a.conductors.url(at), "error", err)
		return slowly(mathrand.Float64)
	case errors.Is(err, fault.Unauthorized):
		a.failed("connect", at, err)
		return slowly(mathrand.Float64)
	case err == nil:
		a.log.Debug("the conductor ended the stream", "conductor", a.conductors.url(at))
	default:
		a.failed("connect", at, err)
		a.conductors.leave(at)
	}
	return backoff(failures, mathrand.Float64)
}

// subscribe opens a stream and takes commands from it until it ends. It reports whether any came.
func (a *Agent) subscribe(ctx context.Context, client *protocol.Client, at int) (answered bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(protocol.WelcomeWithin, func() { cancel(errNoWelcome) })
	defer func() { watch.Stop() }()

	stream, err := client.Subscribe(ctx, connect.NewRequest(&segnov1.SubscribeRequest{Hello: a.hello()}))
	if err != nil {
		return false, ended(ctx, err)
	}
	defer stream.Close()
	for stream.Receive() {
		watch.Stop()
		watch = time.AfterFunc(protocol.StreamSilence, func() { cancel(errSilent) })
		if !answered {
			answered = true
			a.connected(at, "stream")
		}
		a.command(stream.Msg())
	}
	return answered, ended(ctx, stream.Err())
}

// ended says why a session ended: the reason for which this side ended it, else the error of the call.
func ended(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return protocol.ErrorFromConnect(err)
}

// poll takes commands piece by piece, until a call fails or it is time to try a stream again. It reports whether any
// call was answered; why is the error for which there is no stream.
func (a *Agent) poll(ctx context.Context, client *protocol.Client, at int, why error) (answered bool, err error) {
	until := time.Now().Add(streamAgain)
	var after uint64
	for ctx.Err() == nil && time.Now().Before(until) {
		commands, err := a.pollOnce(ctx, client, after)
		if err != nil {
			if !answered {
				err = errors.Join(why, err)
			}
			return answered, err
		}
		if !answered {
			answered = true
			a.log.Warn("streams do not pass; polling for commands instead", "conductor", a.conductors.url(at), "error", why)
			a.connected(at, "poll")
		}
		for _, command := range commands {
			if command.GetWelcome() != nil {
				after = 0 // a new session counts from the beginning
			}
			if command.GetSequence() > after {
				after = command.GetSequence()
				a.command(command)
			}
		}
	}
	return answered, nil
}

func (a *Agent) pollOnce(ctx context.Context, client *protocol.Client, after uint64) ([]*segnov1.Command, error) {
	ctx, cancel := context.WithTimeout(ctx, protocol.PollWait+protocol.CallTimeout)
	defer cancel()
	res, err := client.Poll(ctx, connect.NewRequest(&segnov1.PollRequest{Hello: a.hello(), After: after}))
	if err != nil {
		return nil, err
	}
	return res.Msg.GetCommands(), nil
}

// connected takes in that commands come in: what waited for another try is tried, and a heartbeat says what is kept.
func (a *Agent) connected(at int, way string) {
	a.succeeded("connect")
	a.log.Info("connected", "conductor", a.conductors.url(at), "by", way)
	a.step(Connected{})
	signal(a.files.connected)
	signal(a.beat)
}

// command takes in a command of the conductor, or several that came together.
func (a *Agent) command(m *segnov1.Command) {
	together := []*segnov1.Command{m}
	if batch := m.GetBatch(); batch != nil {
		together = batch.GetCommands()
	}
	var events []Event
	for _, one := range together {
		if e := a.event(one); e != nil {
			events = append(events, e)
		}
	}
	if len(events) > 0 {
		a.step(events...)
	}
}

// event returns what a command is to the core, or nil where it is nothing to it.
func (a *Agent) event(m *segnov1.Command) Event {
	term := m.GetTerm()
	switch m := m.GetCommand().(type) {
	case *segnov1.Command_Welcome:
		a.log.Debug("welcomed", "server", m.Welcome.GetServer(), "conductor_version", m.Welcome.GetConductorVersion())
		a.ordered(m.Welcome.GetSettings())
	case *segnov1.Command_Settings:
		a.ordered(m.Settings)
	case *segnov1.Command_Hold:
		return HoldOrdered{Term: term, At: a.boot(), Length: protocol.HoldFromProto(m.Hold)}
	case *segnov1.Command_Offer:
		return a.offered(term, m.Offer)
	case *segnov1.Command_Stop:
		ref, kind := protocol.StopFromProto(m.Stop)
		return StopOrdered{Term: term, Ref: ref, Kind: kind}
	}
	return nil
}

func (a *Agent) offered(term uint64, m *segnov1.Offer) Event {
	e, err := protocol.OfferFromProto(m)
	if err != nil {
		a.log.Warn("an offer cannot be read", "run", e.Ref.Run, "attempt", e.Ref.Number, "error", err)
		return nil
	}
	return Offered{Term: term, At: a.boot(), Execution: e, Claim: protocol.ClaimFromProto(m)}
}

// ordered takes in settings that came by themselves. Of the period it takes a shorter one, which counts at once.
func (a *Agent) ordered(m *segnov1.Settings) {
	a.settings(m, func(told time.Duration) {
		if a.rhythm.Hurry(told) {
			signal(a.beat)
		}
	})
}

// settings takes in what the conductor says about this server, and hands the period on. A message without them leaves them.
func (a *Agent) settings(m *segnov1.Settings, keep func(period time.Duration)) {
	if m == nil {
		return
	}
	a.files.heard(m.GetWatches())
	period, mode := protocol.SettingsFromProto(m)
	a.mu.Lock()
	keep(period)
	wasMode := a.mode
	a.mode = mode
	a.mu.Unlock()
	if wasMode == mode {
		return
	}
	if mode == jobserver.Active {
		a.log.Info("this server is active again")
		return
	}
	a.log.Warn("this server gets no new runs", "mode", mode)
}
