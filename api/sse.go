package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
)

const (
	eventStream = "text/event-stream"
	// heartbeat is how often a stream without news sends a comment, so that proxies and readers know that it lives.
	heartbeat = 10 * time.Second
)

// wantsStream reports whether the caller asks for server-sent events.
func (c *call) wantsStream() bool {
	return c.query.flag("follow") || strings.Contains(c.r.Header.Get("Accept"), eventStream)
}

// lastEventID returns the id of the last event that the caller has seen, or "".
func (c *call) lastEventID() string { return c.r.Header.Get("Last-Event-ID") }

// stream writes server-sent events. Each is sent at once; a reader that takes none for writeTimeout is cut off, so that
// never more than one event is held for it.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	buf     bytes.Buffer
	encoder *json.Encoder
}

// newStream begins the answer.
func (c *call) newStream() (*stream, error) {
	h := c.w.Header()
	h.Set("Content-Type", eventStream)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	s := &stream{w: c.w, control: http.NewResponseController(c.w)}
	s.encoder = json.NewEncoder(&s.buf)
	s.encoder.SetEscapeHTML(false)
	c.w.WriteHeader(http.StatusOK)
	return s, s.comment("segno")
}

// send sends one event. An empty id leaves the reader's position, an empty name stands for "message".
func (s *stream) send(id, name string, data any) error {
	s.buf.Reset()
	if id != "" {
		s.buf.WriteString("id: " + id + "\n")
	}
	if name != "" {
		s.buf.WriteString("event: " + name + "\n")
	}
	if data != nil {
		s.buf.WriteString("data: ")
		if err := s.encoder.Encode(data); err != nil { // One line: JSON escapes line breaks.
			return fmt.Errorf("write an event: %w", err)
		}
	}
	s.buf.WriteByte('\n')
	return s.flush()
}

// comment sends a line that readers pass over.
func (s *stream) comment(text string) error {
	s.buf.Reset()
	s.buf.WriteString(": " + text + "\n\n")
	return s.flush()
}

func (s *stream) flush() error {
	_ = s.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := s.w.Write(s.buf.Bytes()); err != nil {
		return fmt.Errorf("write to a stream: %w", err)
	}
	if s.buf.Cap() > maxPooled {
		s.buf = bytes.Buffer{}
		s.encoder = json.NewEncoder(&s.buf)
		s.encoder.SetEscapeHTML(false)
	}
	if err := s.control.Flush(); err != nil {
		return fmt.Errorf("write to a stream: %w", err)
	}
	return nil
}

// waiter waits for news on behalf of a stream.
type waiter struct {
	gone     <-chan struct{}
	stopping <-chan struct{}
	signal   <-chan struct{}
	beat     *time.Ticker
	poll     *time.Ticker
	// check is when to ask whether the caller still may.
	check  *time.Ticker
	mayYet func() bool
}

// news is why a waiter came back.
type news int

const (
	// newsSignal: there may be something new.
	newsSignal news = iota
	// newsPoll: nothing was signalled for a while; look all the same.
	newsPoll
	// newsBeat: it is time for a heartbeat.
	newsBeat
	// newsEnd: the reader has gone or has signed out, or the server stops.
	newsEnd
)

func (s *Server) newWaiter(c *call, signal <-chan struct{}, poll time.Duration) *waiter {
	return &waiter{
		gone: c.ctx().Done(), stopping: s.stopping, signal: signal,
		beat: time.NewTicker(heartbeat), poll: time.NewTicker(poll), check: time.NewTicker(sessionBelief),
		mayYet: func() bool {
			_, err := s.caller(c.r)
			return !errors.Is(err, fault.Unauthorized)
		},
	}
}

func (w *waiter) stop() {
	w.beat.Stop()
	w.poll.Stop()
	w.check.Stop()
}

func (w *waiter) wait() news {
	select {
	case <-w.gone:
		return newsEnd
	case <-w.stopping:
		return newsEnd
	default:
	}
	for {
		select {
		case <-w.gone:
			return newsEnd
		case <-w.stopping:
			return newsEnd
		case <-w.check.C:
			if !w.mayYet() {
				return newsEnd
			}
		case <-w.signal:
			return newsSignal
		case <-w.poll.C:
			return newsPoll
		case <-w.beat.C:
			return newsBeat
		}
	}
}

// breathe waits for a moment, so that what is written meanwhile travels together. It reports false at the end.
func (w *waiter) breathe(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-w.gone:
		return false
	case <-w.stopping:
		return false
	case <-t.C:
		return true
	}
}
