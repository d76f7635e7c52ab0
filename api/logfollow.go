package api

import (
	"fmt"
	"log/slog"
	"reflect"
	"time"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

const (
	// logChunk is the most output in one event.
	logChunk = 64 << 10
	// logBreath is how long a follower lets output gather between two events.
	logBreath = 15 * time.Millisecond
	// statusAge is how old the run may be that a follower of busy output goes by.
	statusAge = 250 * time.Millisecond
	// logPoll is how often a follower looks at the run although nothing was signalled: its progress may have changed.
	logPoll = time.Second
)

// logFollower sends the output of a run, attempt after attempt, until the run has ended.
type logFollower struct {
	server *Server
	call   *call
	stream *stream
	run    task.Run
	// read is when run was read.
	read time.Time
	sent *wire.RunStatus
	at   position
}

// followLog sends the output from a position on as server-sent events.
func (s *Server) followLog(c *call, run task.Run, at position) (answer, error) {
	signal, stop := s.service.WatchOutput(run.ID)
	defer stop()
	out, err := c.newStream()
	if err == nil {
		f := &logFollower{server: s, call: c, stream: out, run: run, at: at}
		w := s.newWaiter(c, signal, logPoll)
		defer w.stop()
		err = f.follow(w)
	}
	if err != nil && c.ctx().Err() == nil {
		s.log.LogAttrs(c.ctx(), slog.LevelDebug, "a log stream broke off", slog.String("run", string(run.ID)), slog.Any("error", err))
	}
	return answer{written: true, stream: true}, nil
}

func (f *logFollower) follow(w *waiter) error {
	if f.at.attempt > 0 {
		if err := f.announce(); err != nil {
			return err
		}
	}
	for {
		ended, err := f.catchUp(w)
		if ended || err != nil {
			return err
		}
		switch w.wait() {
		case newsEnd:
			return nil
		case newsBeat:
			if err := f.stream.comment("still here"); err != nil {
				return err
			}
		case newsPoll:
			f.read = time.Time{}
		case newsSignal:
		}
	}
}

// catchUp sends all that there is. It goes to a newer attempt, or to the end, only after a look at the run that is older
// than a look at the output which found nothing: then nothing can have been missed.
func (f *logFollower) catchUp(w *waiter) (ended bool, err error) {
	for {
		fresh := false
		if time.Since(f.read) > statusAge {
			if err := f.refresh(); err != nil {
				return false, err
			}
			fresh = true
		}
		some, err := f.sendOutput()
		switch {
		case err != nil:
			return false, err
		case some:
			if !w.breathe(logBreath) {
				return false, nil
			}
		case !fresh:
			f.read = time.Time{}
		case f.at.attempt < f.run.Attempt:
			f.at = position{attempt: f.at.attempt + 1}
			if err := f.announce(); err != nil {
				return false, err
			}
		case f.run.State.Final():
			return true, f.stream.send("", wire.EventEnd, wire.StatusOf(f.run))
		default:
			return false, nil
		}
	}
}

// refresh reads the run, and sends its status where it differs from the one sent before.
func (f *logFollower) refresh() error {
	run, err := f.server.service.Run(f.call.ctx(), f.run.ID)
	if err != nil {
		return fmt.Errorf("read run %s: %w", f.run.ID, err)
	}
	f.run, f.read = run, time.Now()
	status := wire.StatusOf(run)
	if f.sent != nil && reflect.DeepEqual(*f.sent, status) {
		return nil
	}
	f.sent = &status
	return f.stream.send("", wire.EventRun, status)
}

// announce tells which attempt the output that follows is of.
func (f *logFollower) announce() error {
	a := wire.LogAttempt{Attempt: f.at.attempt}
	for i := range f.run.Attempts {
		if f.run.Attempts[i].Number == f.at.attempt {
			a.Server = &f.run.Attempts[i].Server
		}
	}
	return f.stream.send(f.at.String(), wire.EventAttempt, a)
}

// sendOutput sends one event of output, if there is any.
func (f *logFollower) sendOutput() (some bool, err error) {
	if f.at.attempt == 0 {
		return false, nil
	}
	chunk, err := f.server.output(f.call, f.run.ID, f.at, logChunk)
	if err != nil || len(chunk.Pieces) == 0 {
		return false, err
	}
	f.at.offset = chunk.Next
	return true, f.stream.send(f.at.String(), wire.EventOutput, chunk)
}
