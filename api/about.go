package api

import "github.com/segno-jobs/segno/api/wire"

// summary is GET /summary.
func (s *Server) summary(c *call) (answer, error) {
	counts, err := s.service.Summary(c.ctx())
	if err != nil {
		return answer{}, err
	}
	return ok(wire.SummaryOf(counts))
}

// about is GET /about.
func (s *Server) about(c *call) (answer, error) {
	facts, err := s.service.About(c.ctx())
	if err != nil {
		return answer{}, err
	}
	return ok(wire.AboutOf(facts))
}
