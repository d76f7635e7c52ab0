package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

// LogPosition is a place in the output of a run.
type LogPosition struct {
	// Attempt is the number of the attempt; 0 stands for the newest.
	Attempt int
	// Offset counts the bytes as the job wrote them.
	Offset int64
}

// LogPiece is a piece of output: not necessarily whole lines, nor whole characters.
type LogPiece struct {
	LogPosition
	At     time.Time
	Stream wire.Stream
	Data   []byte
}

// Log returns output of a run from a position on, at most limit bytes; 0 leaves the limit to the conductor. The answer
// says where to go on and whether the attempt has more to come.
func (c *Client) Log(ctx context.Context, id task.RunID, from LogPosition, limit int) (wire.LogChunk, error) {
	q := logQuery(from)
	q.Set("format", "json")
	if limit > 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	return get[wire.LogChunk](ctx, c, q, "runs", string(id), "log")
}

// LogFollower is told what FollowLog reads. A nil function is not called; an error ends the following and is returned.
type LogFollower struct {
	// Piece receives the output in order, each byte once.
	Piece func(LogPiece) error
	// Status receives the changing part of the run whenever it differs from the one before.
	Status func(wire.RunStatus) error
}

// FollowLog reads the output of a run from a position on until the run has ended, and returns its last status. When the
// connection breaks it goes on where it stopped: it misses nothing and repeats nothing. It ends with ctx, or with an
// error that a new try would not mend.
func (c *Client) FollowLog(ctx context.Context, id task.RunID, from LogPosition, f LogFollower) (wire.RunStatus, error) {
	l := logReader{from: from, follower: f}
	err := c.follow(ctx, func() request {
		q := logQuery(l.from)
		q.Set("follow", "true")
		return request{method: http.MethodGet, path: path("runs", string(id), "log"), query: q}
	}, l.event)
	return l.last, err
}

func logQuery(from LogPosition) url.Values {
	q := url.Values{}
	if from.Attempt > 0 {
		q.Set("attempt", strconv.Itoa(from.Attempt))
	}
	if from.Offset > 0 {
		q.Set("offset", strconv.FormatInt(from.Offset, 10))
	}
	return q
}

// logReader turns events of a log into calls of a follower, and remembers how far it is.
type logReader struct {
	from     LogPosition
	follower LogFollower
	last     wire.RunStatus
}

func (l *logReader) event(e event) (end bool, err error) {
	switch e.name {
	case wire.EventOutput:
		var chunk wire.LogChunk
		if err := json.Unmarshal(e.data, &chunk); err != nil {
			return false, fmt.Errorf("read an event of the log: %w", err)
		}
		return false, l.chunk(chunk)
	case wire.EventAttempt:
		var a wire.LogAttempt
		if err := json.Unmarshal(e.data, &a); err != nil {
			return false, fmt.Errorf("read an event of the log: %w", err)
		}
		if a.Attempt != l.from.Attempt {
			l.from = LogPosition{Attempt: a.Attempt}
		}
	case wire.EventRun, wire.EventEnd:
		var s wire.RunStatus
		if err := json.Unmarshal(e.data, &s); err != nil {
			return false, fmt.Errorf("read an event of the log: %w", err)
		}
		l.last = s
		if l.follower.Status != nil {
			err = l.follower.Status(s)
		}
		return e.name == wire.EventEnd, err
	}
	return false, nil
}

func (l *logReader) chunk(c wire.LogChunk) error {
	at := LogPosition{Attempt: c.Attempt, Offset: c.Offset}
	for _, p := range c.Pieces {
		data := p.Bytes()
		if l.follower.Piece != nil {
			if err := l.follower.Piece(LogPiece{LogPosition: at, At: p.At.Time, Stream: p.Stream, Data: data}); err != nil {
				return err
			}
		}
		at.Offset += int64(len(data))
		l.from = at
	}
	l.from = LogPosition{Attempt: c.Attempt, Offset: c.Next}
	return nil
}
