package api

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/segno-jobs/segno/api/strictjson"
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

func (s *Server) createVirtualServer(c *call) (answer, error) {
	var spec virtualserver.Spec
	if err := c.read(&spec); err != nil {
		return answer{}, err
	}
	if err := spec.Validate(); err != nil {
		return answer{}, err
	}
	v, err := s.service.CreateVirtualServer(c.ctx(), spec)
	if err != nil {
		return answer{}, err
	}
	return answer{
		status: http.StatusCreated, body: wire.VirtualServerOf(v), version: v.Version, location: location("virtual-servers", v.Name),
	}, nil
}

func (s *Server) getVirtualServer(c *call) (answer, error) {
	name, err := c.name("name")
	if err != nil {
		return answer{}, err
	}
	return oneVirtualServer(s.service.VirtualServer(c.ctx(), name))
}

func oneVirtualServer(v virtualserver.VirtualServer, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	return versioned(wire.VirtualServerOf(v), v.Version)
}

func (s *Server) patchVirtualServer(c *call) (answer, error) {
	e, err := readEdit[virtualserver.Spec](c)
	if err != nil {
		return answer{}, err
	}
	return s.editVirtualServer(c, e.name, e.version, func(stored virtualserver.Spec) (virtualserver.Spec, error) {
		return strictjson.Merge(stored, virtualserver.Spec{}, e.patch)
	})
}

// editVirtualServer applies a change to the stored document.
func (s *Server) editVirtualServer(c *call, name string, version int64, change func(virtualserver.Spec) (virtualserver.Spec, error)) (answer, error) {
	v, err := s.service.EditVirtualServer(c.ctx(), name, version, func(stored *virtualserver.Spec) error {
		after, err := change(*stored)
		if err != nil {
			return err
		}
		if err := keepsName(stored.Name, after.Name); err != nil {
			return err
		}
		*stored = after
		return after.Validate()
	})
	return oneVirtualServer(v, edited(err, version, s.virtualServerVersion(c, name)))
}

func (s *Server) deleteVirtualServer(c *call) (answer, error) {
	return deleted(c, s.service.DeleteVirtualServer, s.virtualServerVersion)
}

func (s *Server) virtualServerVersion(c *call, name string) func() (int64, error) {
	return func() (int64, error) {
		v, err := s.service.VirtualServer(c.ctx(), name)
		return v.Version, err
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
	return s.editVirtualServer(c, name, version, func(stored virtualserver.Spec) (virtualserver.Spec, error) {
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
	_, err = s.editVirtualServer(c, name, version, func(stored virtualserver.Spec) (virtualserver.Spec, error) {
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
