package api

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// Bounds of one answer with output, in bytes.
const (
	defaultLogLimit = 1 << 20
	maxLogLimit     = 8 << 20
)

// position is a place in the output of a run.
type position struct {
	attempt int
	offset  int64
}

func (p position) String() string {
	return strconv.Itoa(p.attempt) + ":" + strconv.FormatInt(p.offset, 10)
}

// parsePosition reads the id of an event of a log.
func parsePosition(id string) (position, bool) {
	attempt, offset, found := strings.Cut(id, ":")
	a, err1 := strconv.Atoi(attempt)
	o, err2 := strconv.ParseInt(offset, 10, 64)
	return position{a, o}, found && err1 == nil && err2 == nil && a >= 1 && o >= 0
}

// runLog is GET /runs/{id}/log.
func (s *Server) runLog(c *call) (answer, error) {
	id, err := c.runID()
	if err != nil {
		return answer{}, err
	}
	at := position{
		attempt: int(c.query.whole("attempt", 1, math.MaxInt32, 0)),
		offset:  c.query.whole("offset", 0, math.MaxInt64, 0),
	}
	limit := int(c.query.whole("limit", 1, maxLogLimit, defaultLogLimit))
	format := c.query.oneOf("format", "text", "json")
	follow := c.wantsStream()
	download := c.query.flag("download")
	if download && (follow || format == "json") {
		c.query.refuse("download", "is for the bytes as the job wrote them, which cannot be followed")
	}
	if last := c.lastEventID(); follow && last != "" {
		var readable bool
		if at, readable = parsePosition(last); !readable {
			c.query.refuse("Last-Event-ID", "must be <attempt>:<offset>, not %.80q", last)
		}
	}
	if err := c.query.err(); err != nil {
		return answer{}, err
	}
	run, err := s.service.Run(c.ctx(), id)
	if err != nil {
		return answer{}, err
	}
	if at.attempt > run.Attempt {
		return answer{}, fmt.Errorf("run %s has no attempt %d yet: %w", id, at.attempt, fault.NotFound)
	}
	if at.attempt == 0 {
		at.attempt = run.Attempt
	}
	if follow {
		return s.followLog(c, run, at)
	}
	if download {
		return s.downloadLog(c, run, at)
	}
	chunk, err := s.readLog(c, run, at, limit)
	if err != nil {
		return answer{}, err
	}
	if format == "json" {
		return ok(chunk)
	}
	return writeText(c, chunk), nil
}

// readLog reads up to limit bytes of output.
func (s *Server) readLog(c *call, run task.Run, at position, limit int) (wire.LogChunk, error) {
	chunk := wire.LogChunk{Attempt: at.attempt, Offset: at.offset, Next: at.offset, Pieces: []wire.LogPiece{}}
	if at.attempt == 0 {
		chunk.End = run.State.Final()
		return chunk, nil
	}
	for limit > 0 {
		part, err := s.output(c, run.ID, position{at.attempt, chunk.Next}, limit)
		if err != nil {
			return chunk, err
		}
		chunk.Pieces, chunk.End = append(chunk.Pieces, part.Pieces...), part.End
		limit -= int(part.Next - chunk.Next)
		if part.Next == chunk.Next || part.End {
			break
		}
		chunk.Next = part.Next
	}
	for _, p := range chunk.Pieces {
		at.offset += int64(len(p.Bytes()))
	}
	chunk.Next = at.offset
	return chunk, nil
}

// output reads one piece of output. An attempt without any, such as a withdrawn offer, has an empty one.
func (s *Server) output(c *call, id task.RunID, at position, limit int) (wire.LogChunk, error) {
	out, end, err := s.service.Output(c.ctx(), task.Ref{Run: id, Number: at.attempt}, at.offset, limit)
	if errors.Is(err, fault.NotFound) {
		return wire.LogChunkOf(at.attempt, task.Output{Offset: at.offset}, false), nil
	}
	if err != nil {
		return wire.LogChunk{}, fmt.Errorf("read the output of run %s: %w", id, err)
	}
	if len(out.Lines) == 0 {
		out.Offset = at.offset
	}
	return wire.LogChunkOf(at.attempt, out, end), nil
}

// downloadLog sends all output of an attempt that there is, a piece at a time, as a file. Once the first piece is sent
// there is no other way to tell of an error than to break off, so that nobody takes a part for the whole.
func (s *Server) downloadLog(c *call, run task.Run, at position) (answer, error) {
	chunk, err := s.readLog(c, run, at, maxLogLimit)
	if err != nil {
		return answer{}, err
	}
	h := c.w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-%d.log"`, run.ID, at.attempt))
	h.Set("Cache-Control", "no-store")
	for {
		_ = http.NewResponseController(c.w).SetWriteDeadline(time.Now().Add(writeTimeout))
		for _, p := range chunk.Pieces {
			if _, err := c.w.Write(p.Bytes()); err != nil {
				return answer{written: true, stream: true}, nil
			}
		}
		if chunk.End || chunk.Next == chunk.Offset {
			return answer{written: true, stream: true}, nil
		}
		if chunk, err = s.readLog(c, run, position{at.attempt, chunk.Next}, maxLogLimit); err != nil {
			s.log.LogAttrs(c.ctx(), slog.LevelWarn, "a download of output had to be broken off", slog.Any("error", err))
			panic(http.ErrAbortHandler)
		}
	}
}

// writeText answers with the bytes as the job wrote them.
func writeText(c *call, chunk wire.LogChunk) answer {
	var body bytes.Buffer
	for _, p := range chunk.Pieces {
		body.Write(p.Bytes())
	}
	h := c.w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Segno-Log-Attempt", strconv.Itoa(chunk.Attempt))
	h.Set("X-Segno-Log-Offset", strconv.FormatInt(chunk.Offset, 10))
	h.Set("X-Segno-Log-Next", strconv.FormatInt(chunk.Next, 10))
	h.Set("X-Segno-Log-End", strconv.FormatBool(chunk.End))
	_ = http.NewResponseController(c.w).SetWriteDeadline(time.Now().Add(writeTimeout))
	c.w.WriteHeader(http.StatusOK)
	_, _ = c.w.Write(body.Bytes())
	return answer{written: true}
}
