package api

import (
	"errors"
	"fmt"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// maxDrafts is how many virtual servers one preview may be about.
const maxDrafts = 64

// previewVirtualServers is POST /virtual-servers/preview.
func (s *Server) previewVirtualServers(c *call) (answer, error) {
	var in wire.PreviewRequest
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if err := checkDrafts(in); err != nil {
		return answer{}, err
	}
	effects, err := s.service.PreviewVirtualServers(c.ctx(), in.VirtualServers, in.Task)
	if err != nil {
		return answer{}, err
	}
	return ok(wire.EffectsOf(effects))
}

func checkDrafts(in wire.PreviewRequest) error {
	if n := len(in.VirtualServers); n < 1 || n > maxDrafts {
		return fault.Field("virtual_servers", "must be 1 to %d, not %d", maxDrafts, n)
	}
	var faults []error
	for i, draft := range in.VirtualServers {
		if err := draft.Validate(); err != nil {
			faults = append(faults, fault.Under(fmt.Sprintf("virtual_servers[%d]", i), err))
		}
	}
	if in.Task != "" {
		faults = append(faults, task.CheckName("task", in.Task))
	}
	return errors.Join(faults...)
}

// ratingPresets is GET /rating-presets.
func (s *Server) ratingPresets(*call) (answer, error) {
	return ok(wire.RatingPresets{Presets: virtualserver.Presets(), Metrics: virtualserver.Metrics()})
}
