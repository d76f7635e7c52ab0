package agent

import (
	"errors"
	"slices"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// The checkpoints of attempts. Content goes before its record: a delivery stops in front of the record of a checkpoint
// until the conductor has the content, and the job is told once the record is durable too. A checkpoint that the
// conductor refuses, or whose content is gone, leaves a line in the output in its place.

// stopped takes in that a delivery stopped in front of a checkpoint, of which all records before are durable.
func (c *Core) stopped(a *attempt, next *task.Checkpoint) {
	a.uploads = append(a.uploads, upload{checkpoint: *next})
	c.upload(a)
}

// upload hands over the next content, unless that is under way.
func (c *Core) upload(a *attempt) {
	if len(a.uploads) == 0 || a.uploading || a.phase != kept || a.fenced {
		return
	}
	a.uploading = true
	c.do(Upload{Ref: a.ref, Checkpoint: a.uploads[0].checkpoint})
}

// upload is content to hand over. Where it is delivered, its record is durable already, and only the job does not know.
type upload struct {
	checkpoint task.Checkpoint
	delivered  bool
}

func (c *Core) uploadDone(now time.Time, e UploadDone) {
	a := c.attempts[e.Ref]
	if a == nil || !a.uploading {
		return
	}
	a.uploading = false
	of := a.uploads[0]
	gone := errors.Is(e.Err, fault.NotFound)
	switch {
	case e.Fenced:
		c.fenced(a)
		return
	case e.Err != nil && !gone:
		// The next delivery comes upon it again.
		a.uploads = slices.DeleteFunc(a.uploads, func(u upload) bool { return !u.delivered })
		c.later(now, a)
		return
	case gone && of.delivered:
		// The job was told before its content was removed.
	case gone:
		c.refuse(a, of, "its content on the job server is gone")
	case e.Refused != "":
		c.refuse(a, of, e.Refused)
	case of.delivered:
		c.do(Validate{Ref: a.ref, Sequence: of.checkpoint.Sequence})
	}
	a.failures = 0
	a.uploaded = max(a.uploaded, of.checkpoint.Sequence)
	a.uploads = a.uploads[1:]
	c.upload(a)
	if !of.delivered {
		c.post(a)
	}
}

// refuse has the job told that a checkpoint will never be taken.
func (c *Core) refuse(a *attempt, of upload, reason string) {
	if a.refused == nil {
		a.refused = map[int]string{}
	}
	a.refused[of.checkpoint.Sequence] = reason
	c.do(Validate{Ref: a.ref, Sequence: of.checkpoint.Sequence, Refused: reason})
}

// validate tells the job of the checkpoints that have become durable with a delivery.
func (c *Core) validate(a *attempt, r Report) {
	for _, s := range r.Checkpoints {
		if s.Record <= r.Acked {
			c.do(Validate{Ref: a.ref, Sequence: s.Sequence})
		}
	}
	if r.Acked > r.Last && !a.ended && a.phase == kept {
		// The conductor has more than was sent: an earlier agent delivered it, and may not have told the job.
		c.do(Review{Ref: a.ref, After: r.Last, To: r.Acked})
	}
}

func (c *Core) reviewed(e Reviewed) {
	a := c.attempts[e.Ref]
	if a == nil || a.phase != kept || a.ended {
		return
	}
	for _, k := range e.Checkpoints {
		a.uploads = append(a.uploads, upload{checkpoint: k, delivered: true})
	}
	c.upload(a)
}

// fetch gets what an attempt begins with, before it is started.
func (c *Core) fetch(a *attempt) {
	a.phase = fetching
	e := Fetch{Ref: a.ref, Archive: a.execution.Job.Archive}
	if a.execution.Resume != nil {
		e.Checkpoint = *a.execution.Resume
	}
	c.do(e)
}

// discard removes what was fetched and is not needed any more.
func (c *Core) discard(paths ...string) {
	for _, path := range paths {
		if path != "" {
			c.do(Discard{Path: path})
		}
	}
}

func (c *Core) fetchDone(now time.Time, e FetchDone) {
	a := c.attempts[e.Ref]
	if a == nil || a.phase != fetching {
		c.discard(e.Path, e.Package)
		return
	}
	a.phase = claimed
	switch {
	case e.Err == nil:
		a.failures = 0
		a.execution.ResumeContent, a.execution.PackageContent = e.Path, e.Package
		c.start(now, a)
	case errors.Is(e.Err, fault.Fenced):
		c.conclude(now, a, task.Exit{Kind: task.ExitFenced, Code: -1, Detail: "the conductor gave another attempt its place"})
	case lasting(e.Err) || e.Local:
		c.conclude(now, a, task.Exit{Kind: task.ExitNotStarted, Code: -1, Detail: e.Err.Error()})
	default:
		text := "the checkpoint to go on from could not be fetched"
		if a.execution.Job.Archive != nil {
			text = "what the attempt begins with could not be fetched"
		}
		c.do(Note{Ref: a.ref, Text: text, Err: e.Err})
		c.later(now, a)
	}
}

// lasting reports whether err is of a kind that another try does not mend.
func lasting(err error) bool {
	return errors.Is(err, fault.NotFound) || errors.Is(err, fault.Invalid) || errors.Is(err, fault.TooLarge) ||
		errors.Is(err, fault.Conflict)
}
