package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/audit"
	"github.com/segno-jobs/segno/internal/page"
)

// AuditService keeps what operators did. The service's other methods keep the deed of their context with what they do.
type AuditService interface {
	// RecordDeed keeps a deed that changed nothing.
	RecordDeed(ctx context.Context, d audit.Deed) error
	// Deeds returns deeds, newest first.
	Deeds(ctx context.Context, f audit.Filter, p page.Request) (page.Of[audit.Deed], error)
}

// recordPatience bounds how long it is tried to keep a deed that was refused.
const recordPatience = 10 * time.Second

// listAudit is GET /audit.
func (s *Server) listAudit(c *call) (answer, error) {
	f := audit.Filter{
		By: c.query.text("by"), Act: c.query.text("act"), Subject: c.query.text("subject"),
		Since: c.query.instant("since"), Until: c.query.instant("until"),
	}
	return listed(c, wire.DeedOf, func(ctx context.Context, p page.Request) (page.Of[audit.Deed], error) {
		return s.service.Deeds(ctx, f, p)
	})
}

// witness has a handler do its work as a deed of the caller. What was not stored with a change is recorded after it: a deed
// that was refused, and one that had nothing to change. An answer that was given before is no deed.
func (s *Server) witness(c *call, r route, do handler) (answer, error) {
	d := audit.Deed{At: s.now(), By: c.by, From: caller(c.r), Act: r.id, Subject: subjectOf(c, r)}
	if r.body != nil {
		body, err := c.bytes()
		if err != nil {
			do = func(*call) (answer, error) { return answer{}, err }
		} else if json.Valid(body) && len(body) <= audit.MaxText {
			d.Request, d.Reason = string(body), reasonIn(body)
		}
	}
	ctx, deed := audit.With(c.ctx(), d)
	c.r = c.r.WithContext(ctx)
	a, err := do(c)
	if deed.IsStored() || a.replayed {
		return a, err
	}
	outcome := audit.Done
	if err != nil {
		outcome = err.Error()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx()), recordPatience)
	defer cancel()
	if failed := s.service.RecordDeed(ctx, deed.Deed(outcome)); failed != nil {
		s.log.LogAttrs(ctx, slog.LevelError, "what an operator did could not be recorded",
			slog.String("by", d.By), slog.String("act", d.Act), slog.String("subject", d.Subject), slog.Any("error", failed))
	}
	return a, err
}

// reasonIn returns the reason in the body of a request, if that has one.
func reasonIn(body []byte) string {
	var in struct {
		Reason string `json:"reason"`
	}
	_ = json.Unmarshal(body, &in) // What the body is to be, the handler says.
	return strings.TrimSpace(in.Reason)
}

// subjectOf returns what the route is about: its path up to its last parameter, or up to the verb of a POST where it has
// none.
func subjectOf(c *call, r route) string {
	parts := strings.Split(strings.TrimPrefix(r.path, "/"), "/")
	end := len(parts)
	if r.method == http.MethodPost && end > 1 && !strings.HasPrefix(parts[end-1], "{") {
		end--
	}
	subject := make([]string, end)
	for i, part := range parts[:end] {
		if name, isParam := strings.CutPrefix(part, "{"); isParam {
			part = c.path.Param(strings.TrimSuffix(name, "}"))
		}
		subject[i] = part
	}
	return strings.Join(subject, "/")
}
