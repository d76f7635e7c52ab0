package api

import (
	"context"

	"github.com/segno-jobs/segno/api/strictjson"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

// RetentionService is about what is kept, and for how long.
type RetentionService interface {
	Retention(ctx context.Context) (task.StoredRetention, error)
	EditRetention(ctx context.Context, version int64, edit func(*task.RetentionSettings) error) (task.StoredRetention, error)
	// PinRun keeps a run from being pruned, or no longer, for the caller named by.
	PinRun(ctx context.Context, id task.RunID, pinned bool, by string) (task.Run, error)
}

func (s *Server) getRetention(c *call) (answer, error) {
	return oneRetention(s.service.Retention(c.ctx()))
}

func oneRetention(r task.StoredRetention, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	return versioned(wire.RetentionOf(r), r.Version)
}

func (s *Server) patchRetention(c *call) (answer, error) {
	version, patch, err := readPatch[task.RetentionSettings](c)
	if err != nil {
		return answer{}, err
	}
	r, err := s.service.EditRetention(c.ctx(), version, func(stored *task.RetentionSettings) error {
		after, err := strictjson.Merge(*stored, task.DefaultRetention(), patch)
		if err != nil {
			return err
		}
		*stored = after
		return after.Validate()
	})
	return oneRetention(r, edited(err, version, func() (int64, error) {
		r, err := s.service.Retention(c.ctx())
		return r.Version, err
	}))
}

func (s *Server) pinRun(c *call) (answer, error)   { return s.pin(c, true) }
func (s *Server) unpinRun(c *call) (answer, error) { return s.pin(c, false) }

func (s *Server) pin(c *call, pinned bool) (answer, error) {
	id, err := c.runID()
	if err != nil {
		return answer{}, err
	}
	var none struct{}
	if err := c.readOptional(&none); err != nil {
		return answer{}, err
	}
	run, err := s.service.PinRun(c.ctx(), id, pinned, c.by)
	if err != nil {
		return answer{}, err
	}
	return changedRun(run)
}
