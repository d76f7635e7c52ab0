package api

import (
	"context"
	"net/http"

	"github.com/segno-jobs/segno/api/strictjson"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
)

// ConcurrencyGroupService is about concurrency groups: limits that several tasks share.
type ConcurrencyGroupService interface {
	ConcurrencyGroups(ctx context.Context, query string, p page.Request) (page.Of[task.ConcurrencyGroup], error)
	ConcurrencyGroup(ctx context.Context, name string) (task.ConcurrencyGroup, error)
	CreateConcurrencyGroup(ctx context.Context, s task.ConcurrencyGroupSpec) (task.ConcurrencyGroup, error)
	EditConcurrencyGroup(ctx context.Context, name string, version int64, edit func(*task.ConcurrencyGroupSpec) error) (task.ConcurrencyGroup, error)
	DeleteConcurrencyGroup(ctx context.Context, name string, version int64) error
	// ActiveIn returns how many runs count in a group now.
	ActiveIn(group string) int
}

func (s *Server) concurrencyGroupOf(g task.ConcurrencyGroup) wire.ConcurrencyGroup {
	return wire.ConcurrencyGroupOf(g, s.service.ActiveIn(g.Name))
}

func (s *Server) listConcurrencyGroups(c *call) (answer, error) {
	query := c.query.text("q")
	return listed(c, s.concurrencyGroupOf, func(ctx context.Context, p page.Request) (page.Of[task.ConcurrencyGroup], error) {
		return s.service.ConcurrencyGroups(ctx, query, p)
	})
}

func (s *Server) createConcurrencyGroup(c *call) (answer, error) {
	var spec task.ConcurrencyGroupSpec
	if err := c.read(&spec); err != nil {
		return answer{}, err
	}
	if err := spec.Validate(); err != nil {
		return answer{}, err
	}
	g, err := s.service.CreateConcurrencyGroup(c.ctx(), spec)
	if err != nil {
		return answer{}, err
	}
	return answer{
		status: http.StatusCreated, body: s.concurrencyGroupOf(g), version: g.Version, location: location("concurrency-groups", g.Name),
	}, nil
}

func (s *Server) getConcurrencyGroup(c *call) (answer, error) {
	name, err := c.name("name")
	if err != nil {
		return answer{}, err
	}
	return s.oneConcurrencyGroup(s.service.ConcurrencyGroup(c.ctx(), name))
}

func (s *Server) oneConcurrencyGroup(g task.ConcurrencyGroup, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	return versioned(s.concurrencyGroupOf(g), g.Version)
}

func (s *Server) patchConcurrencyGroup(c *call) (answer, error) {
	e, err := readEdit[task.ConcurrencyGroupSpec](c)
	if err != nil {
		return answer{}, err
	}
	g, err := s.service.EditConcurrencyGroup(c.ctx(), e.name, e.version, func(stored *task.ConcurrencyGroupSpec) error {
		after, err := strictjson.Merge(*stored, task.ConcurrencyGroupSpec{}, e.patch)
		if err != nil {
			return err
		}
		if err := keepsName(stored.Name, after.Name); err != nil {
			return err
		}
		*stored = after
		return after.Validate()
	})
	return s.oneConcurrencyGroup(g, edited(err, e.version, s.concurrencyGroupVersion(c, e.name)))
}

func (s *Server) deleteConcurrencyGroup(c *call) (answer, error) {
	return deleted(c, s.service.DeleteConcurrencyGroup, s.concurrencyGroupVersion)
}

func (s *Server) concurrencyGroupVersion(c *call, name string) func() (int64, error) {
	return func() (int64, error) {
		g, err := s.service.ConcurrencyGroup(c.ctx(), name)
		return g.Version, err
	}
}
