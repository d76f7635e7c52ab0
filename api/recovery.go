package api

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// minStatement is the least that an operator has to say, in characters, of how they know that a server is dead.
const minStatement = 10

func (s *Server) declareServerDead(c *call) (answer, error) {
	name, err := c.name("name")
	if err != nil {
		return answer{}, err
	}
	var in wire.DeathStatement
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if err := checkStatement(in.Reason); err != nil {
		return answer{}, err
	}
	return oneServer(s.service.DeclareDead(c.ctx(), name, strings.TrimSpace(in.Reason), c.by))
}

func checkStatement(reason string) error {
	if n := utf8.RuneCountInString(strings.TrimSpace(reason)); n < minStatement {
		return fault.Field("reason", "must say in at least %d characters how you know that the server is dead, not in %d", minStatement, n)
	}
	return task.CheckText("reason", reason, maxReason)
}

func (s *Server) whatIf(c *call) (answer, error) {
	name, err := c.name("name")
	if err != nil {
		return answer{}, err
	}
	fates, err := s.service.WhatIf(c.ctx(), name)
	if err != nil {
		return answer{}, err
	}
	return ok(wire.PageOf(page.Of[jobserver.WhatIf]{Items: fates}, wire.WhatIfOf))
}

func (s *Server) resetRun(c *call) (answer, error) { return s.takeUpSimply(c, task.IntentReset) }

func (s *Server) restartRun(c *call) (answer, error) { return s.takeUpSimply(c, task.IntentRestart) }

// takeUpSimply does what needs no more than the run's id.
func (s *Server) takeUpSimply(c *call, intent task.Intent) (answer, error) {
	var none struct{}
	if err := c.readOptional(&none); err != nil {
		return answer{}, err
	}
	return s.takeUp(c, intent, 0)
}

func (s *Server) recoverRun(c *call) (answer, error) {
	var in wire.RecoverRequest
	if err := c.readOptional(&in); err != nil {
		return answer{}, err
	}
	if in.Checkpoint == nil {
		return s.takeUp(c, task.IntentRecover, 0)
	}
	if *in.Checkpoint < 1 {
		return answer{}, fault.Field("checkpoint", "must be the sequence of a checkpoint, from 1, not %d", *in.Checkpoint)
	}
	return s.takeUp(c, task.IntentRecover, *in.Checkpoint)
}

func (s *Server) takeUp(c *call, intent task.Intent, checkpoint int) (answer, error) {
	id, err := c.runID()
	if err != nil {
		return answer{}, err
	}
	run, err := s.service.TakeUp(c.ctx(), id, intent, checkpoint, c.by)
	if err != nil {
		return answer{}, err
	}
	return changedRun(run)
}

func (s *Server) listCheckpoints(c *call) (answer, error) {
	id, err := c.runID()
	if err != nil {
		return answer{}, err
	}
	checkpoints, err := s.service.Checkpoints(c.ctx(), id)
	if err != nil {
		return answer{}, err
	}
	return ok(wire.PageOf(page.Of[task.Checkpoint]{Items: checkpoints}, wire.CheckpointOf))
}

func (s *Server) listRecoverableRuns(c *call) (answer, error) {
	taskName := c.query.text("task")
	return listed(c, wire.RecoverableOf, func(ctx context.Context, p page.Request) (page.Of[task.Recoverable], error) {
		return s.service.RecoverableRuns(ctx, taskName, p)
	})
}

// tarball is the content type of a checkpoint's content.
const tarball = "application/x-tar"

// checkpointContent sends the content of a checkpoint, or the ranges of it that are asked for.
func (s *Server) checkpointContent(c *call) (answer, error) {
	id, err := c.runID()
	if err != nil {
		return answer{}, err
	}
	sequence, err := c.sequence()
	if err != nil {
		return answer{}, err
	}
	content, checkpoint, err := s.service.CheckpointContent(c.ctx(), id, sequence)
	if err != nil {
		return answer{}, err
	}
	defer func() {
		if err := content.Close(); err != nil {
			s.log.LogAttrs(c.ctx(), slog.LevelWarn, "the content of a checkpoint could not be closed", slog.Any("error", err))
		}
	}()
	return serveFile(c, storedFile{
		name: fmt.Sprintf("%s-%d.tar", id, sequence), media: tarball,
		sha256: checkpoint.SHA256, size: checkpoint.Size, at: checkpoint.CreatedAt, content: content,
	})
}

// storedFile is a file of the content store on its way to a caller.
type storedFile struct {
	name, media, sha256 string
	size                int64
	at                  time.Time
	content             io.ReadSeeker
}

// serveFile sends a file, or the ranges of it that are asked for.
func serveFile(c *call, f storedFile) (answer, error) {
	h := c.w.Header()
	h.Set("Content-Type", f.media)
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s"`, f.name))
	h.Set("Cache-Control", "private, no-cache")
	h.Set("ETag", `"`+f.sha256+`"`)
	w := &contentWriter{ResponseWriter: c.w, status: http.StatusOK}
	http.ServeContent(w, c.r, "", f.at, f.content)
	if w.refused() {
		return answer{}, &refusal{
			status: w.status, slug: "range", title: "Not to be sent so",
			detail: fmt.Sprintf("the content has %d bytes and the ETag %q, which the headers of the request do not fit", f.size, f.sha256),
		}
	}
	return answer{status: w.status, written: true, stream: true}, nil
}

// sequence returns the path parameter seq. A text that cannot be a sequence names nothing.
func (c *call) sequence() (int, error) {
	text := c.path.Param("seq")
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || strconv.Itoa(n) != text {
		return 0, fmt.Errorf("there is no checkpoint %.20q: %w", text, fault.NotFound)
	}
	return n, nil
}

// contentWriter gives a caller time for each piece of a long answer. A refusal it only remembers: a problem is sent in its
// place.
type contentWriter struct {
	http.ResponseWriter
	status int
}

func (w *contentWriter) refused() bool { return w.status >= http.StatusBadRequest }

func (w *contentWriter) WriteHeader(status int) {
	w.status = status
	if !w.refused() {
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *contentWriter) Write(p []byte) (int, error) {
	if w.refused() {
		return len(p), nil
	}
	_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Now().Add(writeTimeout))
	return w.ResponseWriter.Write(p)
}
