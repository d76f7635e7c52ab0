package api

import "github.com/segno-jobs/segno/api/wire"

// about is GET /about.
func (s *Server) about(c *call) (answer, error) {
	facts, err := s.service.About(c.ctx())
	if err != nil {
		return answer{}, err
	}
	return ok(wire.AboutOf(facts))
}
