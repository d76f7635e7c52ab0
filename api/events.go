package api

import (
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"time"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
)

// eventPoll is how often a follower of events looks although nothing was signalled.
const eventPoll = 5 * time.Second

// listEvents is GET /events.
func (s *Server) listEvents(c *call) (answer, error) {
	f := task.EventFilter{
		After: c.query.whole("after", 0, math.MaxInt64, 0), Kinds: c.query.list("kind"),
		Subject: c.query.text("subject"), Task: c.query.text("task"), Newest: c.query.flag("newest"),
	}
	if c.wantsStream() {
		return s.followEvents(c, f)
	}
	p := c.query.page()
	if p.Cursor != "" {
		id := c.query.whole("cursor", 0, math.MaxInt64, 0)
		if f.Newest {
			f.Before = id
		} else {
			f.After = max(f.After, id)
		}
	}
	if err := c.query.err(); err != nil {
		return answer{}, err
	}
	items, err := s.service.Events(c.ctx(), f, p.Limit)
	if err != nil {
		return answer{}, err
	}
	got := page.Of[task.Event]{Items: items}
	if n := len(items); n > 0 && n == p.Limit {
		got.Next = strconv.FormatInt(items[n-1].ID, 10)
	}
	return ok(wire.PageOf(got, wire.EventOf))
}

// followEvents sends events as they happen: after Last-Event-ID, else after the parameter, else from now on.
func (s *Server) followEvents(c *call, f task.EventFilter) (answer, error) {
	if f.Newest {
		c.query.refuse("newest", "does not go with following")
	}
	c.query.page()
	last := c.lastEventID()
	if last != "" {
		id, err := strconv.ParseInt(last, 10, 64)
		if err != nil || id < 0 {
			c.query.refuse("Last-Event-ID", "must be the id of an event, not %.80q", last)
		}
		f.After = id
	}
	if err := c.query.err(); err != nil {
		return answer{}, err
	}
	signal, stop := s.service.WatchEvents()
	defer stop()
	if last == "" && !c.query.values.Has("after") {
		var err error
		if f.After, err = s.service.LastEvent(c.ctx()); err != nil {
			return answer{}, err
		}
	}
	out, err := c.newStream()
	if err == nil {
		w := s.newWaiter(c, signal, eventPoll)
		defer w.stop()
		err = s.sendEvents(c, out, w, f)
	}
	if err != nil && c.ctx().Err() == nil {
		s.log.LogAttrs(c.ctx(), slog.LevelDebug, "a stream of events broke off", slog.Any("error", err))
	}
	return answer{written: true, stream: true}, nil
}

func (s *Server) sendEvents(c *call, out *stream, w *waiter, f task.EventFilter) error {
	// The reader learns its place, so that it misses nothing if the stream breaks before the first event.
	if err := out.send(strconv.FormatInt(f.After, 10), "", nil); err != nil {
		return err
	}
	for {
		items, err := s.service.Events(c.ctx(), f, page.MaxLimit)
		if err != nil {
			return fmt.Errorf("read events: %w", err)
		}
		for _, e := range items {
			if err := out.send(strconv.FormatInt(e.ID, 10), "", wire.EventOf(e)); err != nil {
				return err
			}
			f.After = e.ID
		}
		if len(items) == page.MaxLimit {
			continue
		}
		switch w.wait() {
		case newsEnd:
			return nil
		case newsBeat:
			if err := out.comment("still here"); err != nil {
				return err
			}
		case newsSignal, newsPoll:
		}
	}
}
