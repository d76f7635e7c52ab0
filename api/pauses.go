package api

import (
	"cmp"
	"slices"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

func (c *call) pauseReason() (string, error) {
	var in wire.PauseRequest
	if err := c.readOptional(&in); err != nil {
		return "", err
	}
	return in.Reason, task.CheckText("reason", in.Reason, task.MaxDescription)
}

// listPauses is GET /pauses: the pauses of all triggers of an owner, and of all there are.
func (s *Server) listPauses(c *call) (answer, error) { return s.pauses(c) }

// pauseTriggers is POST /triggers/pause.
func (s *Server) pauseTriggers(c *call) (answer, error) { return s.pause(c, task.Owner{}) }

// resumeTriggers is POST /triggers/resume.
func (s *Server) resumeTriggers(c *call) (answer, error) { return s.resume(c, task.Owner{}) }

// pause pauses the triggers of an owner, or all with the zero owner, and answers with the pauses that there are then.
func (s *Server) pause(c *call, owner task.Owner) (answer, error) {
	reason, err := c.pauseReason()
	if err != nil {
		return answer{}, err
	}
	if err := s.service.PauseTriggers(c.ctx(), owner, reason, c.by); err != nil {
		return answer{}, err
	}
	return s.pauses(c)
}

func (s *Server) resume(c *call, owner task.Owner) (answer, error) {
	if err := s.service.ResumeTriggers(c.ctx(), owner, c.by); err != nil {
		return answer{}, err
	}
	return s.pauses(c)
}

func (s *Server) pauses(c *call) (answer, error) {
	all, err := s.service.Pauses(c.ctx())
	if err != nil {
		return answer{}, err
	}
	out := wire.Page[wire.Pause]{Items: []wire.Pause{}}
	for owner, p := range all {
		out.Items = append(out.Items, wire.PauseOf(owner, p))
	}
	slices.SortFunc(out.Items, func(a, b wire.Pause) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), compareNames(a.Task, b.Task), compareNames(a.Plan, b.Plan))
	})
	return ok(out)
}

func compareNames(a, b *string) int {
	var x, y string
	if a != nil {
		x = *a
	}
	if b != nil {
		y = *b
	}
	return cmp.Compare(x, y)
}
