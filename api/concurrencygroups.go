package api

import (
	"context"

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

func (s *Server) concurrencyGroups() documents[task.ConcurrencyGroupSpec, task.ConcurrencyGroup] {
	return documents[task.ConcurrencyGroupSpec, task.ConcurrencyGroup]{
		collection: "concurrency-groups",
		name:       func(d task.ConcurrencyGroupSpec) string { return d.Name },
		parts: func(v task.ConcurrencyGroup) (task.ConcurrencyGroupSpec, int64) {
			return v.ConcurrencyGroupSpec, v.Version
		},
		body:     body(s.concurrencyGroupOf),
		store:    s.service.CreateConcurrencyGroup,
		load:     s.service.ConcurrencyGroup,
		change:   s.service.EditConcurrencyGroup,
		withdraw: s.service.DeleteConcurrencyGroup,
	}
}
