package api

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

func (s *Server) listVirtualServers(c *call) (answer, error) {
	query := c.query.text("q")
	return listed(c, wire.VirtualServerOf, func(ctx context.Context, p page.Request) (page.Of[virtualserver.VirtualServer], error) {
		return s.service.VirtualServers(ctx, query, p)
	})
}

func (s *Server) virtualServers() documents[virtualserver.Spec, virtualserver.VirtualServer] {
	return documents[virtualserver.Spec, virtualserver.VirtualServer]{
		collection: "virtual-servers",
		name:       func(d virtualserver.Spec) string { return d.Name },
		parts:      func(v virtualserver.VirtualServer) (virtualserver.Spec, int64) { return v.Spec, v.Version },
		body:       body(wire.VirtualServerOf),
		store:      s.service.CreateVirtualServer,
		load:       s.service.VirtualServer,
		change:     s.service.EditVirtualServer,
		withdraw:   s.service.DeleteVirtualServer,
	}
}

func (s *Server) putMember(c *call) (answer, error) {
	name, server, version, err := c.membership()
	if err != nil {
		return answer{}, err
	}
	var in wire.Membership
	if err := c.readOptional(&in); err != nil {
		return answer{}, err
	}
	if in.Position != nil && *in.Position < 0 {
		return answer{}, fault.Field("position", "must be 0 or more, not %d", *in.Position)
	}
	if in.Weight != nil && !(*in.Weight > 0) {
		return answer{}, fault.Field("weight", "must be above 0, not %v", *in.Weight)
	}
	if _, err := s.service.Server(c.ctx(), server); err != nil {
		if errors.Is(err, fault.NotFound) {
			err = missing("job server", server)
		}
		return answer{}, err
	}
	return s.virtualServers().edit(c, name, version, func(stored virtualserver.Spec) (virtualserver.Spec, error) {
		return withMember(stored, server, in), nil
	})
}

// withMember returns the document with the server among its members.
func withMember(spec virtualserver.Spec, server string, m wire.Membership) virtualserver.Spec {
	members := slices.Clone(spec.Members)
	at := slices.Index(members, server)
	switch {
	case m.Position != nil:
		members = slices.DeleteFunc(members, func(name string) bool { return name == server })
		members = slices.Insert(members, min(*m.Position, len(members)), server)
	case at < 0:
		members = append(members, server)
	}
	spec.Members = members
	if m.Weight != nil {
		spec.Weights = maps.Clone(spec.Weights)
		if spec.Weights == nil {
			spec.Weights = map[string]float64{}
		}
		spec.Weights[server] = *m.Weight
	}
	return spec
}

func (s *Server) deleteMember(c *call) (answer, error) {
	name, server, version, err := c.membership()
	if err != nil {
		return answer{}, err
	}
	_, err = s.virtualServers().edit(c, name, version, func(stored virtualserver.Spec) (virtualserver.Spec, error) {
		stored.Members = slices.DeleteFunc(slices.Clone(stored.Members), func(name string) bool { return name == server })
		stored.Weights = maps.Clone(stored.Weights)
		delete(stored.Weights, server)
		return stored, nil
	})
	return answer{status: http.StatusNoContent}, err
}

// membership returns what a route of a member names, and the version that the caller demands.
func (c *call) membership() (virtualServer, server string, version int64, err error) {
	if virtualServer, err = c.name("name"); err != nil {
		return "", "", 0, err
	}
	if server, err = c.name("server"); err != nil {
		return "", "", 0, err
	}
	version, err = c.ifMatch()
	return virtualServer, server, version, err
}

func (s *Server) rating(c *call) (answer, error) {
	name, err := c.name("name")
	if err != nil {
		return answer{}, err
	}
	of := c.query.text("task")
	if of != "" {
		if err := task.CheckName("task", of); err != nil {
			return answer{}, err
		}
	}
	if err := c.query.err(); err != nil {
		return answer{}, err
	}
	p, err := s.service.Rating(c.ctx(), name, of)
	if err != nil {
		return answer{}, err
	}
	return ok(wire.PlacementOf(p))
}
