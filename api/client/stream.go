package client

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	// silence is how long a stream may be without a word; the conductor sends a heartbeat every ten seconds.
	silence = 35 * time.Second
	// maxEvent is the most bytes of one event.
	maxEvent = 8 << 20
)

// event is one server-sent event.
type event struct {
	id, name string
	data     []byte
}

// follow reads a stream of events until handle says that it ended or returns an error. When the connection breaks it asks
// for next again, which tells where to go on.
func (c *Client) follow(ctx context.Context, next func() request, handle func(event) (end bool, err error)) error {
	for try := 1; ; try++ {
		got, end, err := c.stream(ctx, next(), handle)
		var stopped *stoppedByCaller
		switch {
		case end:
			return nil
		case errors.As(err, &stopped):
			return stopped.error
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !passing(err):
			return err
		}
		if got {
			try = 1
		}
		if err := c.pause(ctx, try, retryAfter(err)); err != nil {
			return err
		}
	}
}

// stoppedByCaller is an error that the function which handles events returned.
type stoppedByCaller struct{ error }

// stream reads one connection's worth of events. got tells whether there was any.
func (c *Client) stream(ctx context.Context, r request, handle func(event) (bool, error)) (got, end bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.accept = "text/event-stream"
	watch := time.AfterFunc(silence, cancel)
	defer watch.Stop()
	res, err := c.send(ctx, r)
	if err != nil {
		return false, false, err
	}
	defer res.Body.Close()
	if t := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || !strings.HasPrefix(t, "text/event-stream") {
		return false, false, fmt.Errorf("%s answered %q where a stream of events was expected", r.path, t)
	}
	events := eventReader{lines: bufio.NewReaderSize(res.Body, 32<<10)}
	for {
		e, err := events.next(func() { watch.Reset(silence) })
		if err != nil {
			return got, false, fmt.Errorf("follow %s: %w", r.path, &unreachable{err})
		}
		got = true
		end, err := handle(e)
		if err != nil {
			return got, false, &stoppedByCaller{err}
		}
		if end {
			return got, true, nil
		}
	}
}

// eventReader splits a stream into events, as the HTML standard has them.
type eventReader struct {
	lines *bufio.Reader
}

// next returns the next event; heard is called for each line, comments included.
func (r *eventReader) next(heard func()) (event, error) {
	var e event
	var size int
	seen := false
	for {
		line, err := r.line()
		if err != nil {
			return event{}, err
		}
		heard()
		if size += len(line); size > maxEvent {
			return event{}, errors.New("an event is too large")
		}
		if len(line) == 0 {
			if seen {
				return e, nil
			}
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "id":
			e.id, seen = string(value), true
		case "event":
			e.name, seen = string(value), true
		case "data":
			if len(e.data) > 0 {
				e.data = append(e.data, '\n')
			}
			e.data, seen = append(e.data, value...), true
		}
	}
}

// line returns one line without its end.
func (r *eventReader) line() ([]byte, error) {
	var line []byte
	for {
		part, err := r.lines.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull) && len(line) <= maxEvent:
			continue
		case errors.Is(err, io.EOF):
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		}
		return bytes.TrimRight(line, "\r\n"), nil
	}
}
