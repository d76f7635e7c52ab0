package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/segno-jobs/segno/internal/fault"
)

// router joins the routes, the health checks, the handlers of other parts and the console. Only it and routeHandler know
// echo.
func (s *Server) router(o Options) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.unmatched
	for _, r := range s.routes() {
		e.Add(r.method, r.echoPath(), s.routeHandler(r))
	}
	hook := s.hookRoute()
	e.Add(hook.method, hook.echoPath(), s.callHook)
	e.GET("/healthz", s.healthz)
	e.GET("/readyz", s.readyz)
	if o.Metrics != nil {
		e.GET("/metrics", echo.WrapHandler(o.Metrics))
	}
	for prefix, h := range o.Mounts {
		e.Any(strings.TrimSuffix(prefix, "*")+"*", echo.WrapHandler(h))
	}
	s.console = o.Console
	return e
}

// routeHandler is the adapter between echo and the handlers.
func (s *Server) routeHandler(r route) echo.HandlerFunc {
	pattern := r.pattern()
	return func(e echo.Context) error {
		start := time.Now()
		w := e.Response().Writer
		apiHeaders(w.Header())
		c := &call{w: w, r: e.Request(), path: e, limit: s.maxBody}
		a, err := s.handle(c, r)
		status, name := a.statusCode(), pattern
		switch {
		case err != nil:
			status = s.fail(w, c.r, pattern, err)
		case a.stream:
			name += " stream"
		case !a.written:
			status = s.write(c, a, pattern)
		}
		s.done(c.r, name, status, time.Since(start))
		return nil
	}
}

// done counts a request and writes the access log.
func (s *Server) done(r *http.Request, route string, status int, took time.Duration) {
	s.observe(route, status, took)
	if s.log.Enabled(r.Context(), slog.LevelDebug) {
		s.log.LogAttrs(r.Context(), slog.LevelDebug, "request", slog.String("route", route), slog.Int("status", status),
			slog.Duration("took", took), slog.String("from", r.RemoteAddr))
	}
}

// handle does what all routes have in common, around the route's handler.
func (s *Server) handle(c *call, r route) (a answer, err error) {
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			err = fmt.Errorf("panic in %s: %v", r.id, p)
		} else if p != nil {
			panic(p)
		}
	}()
	if !r.open {
		if c.by, err = s.caller(c.r); err != nil {
			return answer{}, err
		}
	}
	if c.query, err = readQuery(c.r.URL.RawQuery, r.query); err != nil {
		return answer{}, err
	}
	if c.key, err = readKey(c.r); err != nil {
		return answer{}, err
	}
	do := r.do
	if c.key != "" && r.keep != keepNothing {
		do = func(c *call) (answer, error) { return s.once(c, r.keep, r.do) }
	}
	if r.audited {
		return s.witness(c, r, do)
	}
	return do(c)
}

const (
	// writeTimeout is how long a caller may take to read what is written at once.
	writeTimeout = 30 * time.Second
	// unhurried is the size up to which an answer fits into the buffers below, whether the caller reads it or not.
	unhurried = 16 << 10
)

var buffers = sync.Pool{New: func() any { return new(responseBuffer) }}

// write sends an answer as JSON and returns its status.
func (s *Server) write(c *call, a answer, route string) int {
	h, status := c.w.Header(), a.statusCode()
	if tag := a.tag(); tag != "" {
		h.Set("ETag", tag)
	}
	if a.location != "" {
		h.Set("Location", a.location)
	}
	if a.replayed {
		h.Set("Idempotent-Replayed", "true")
	}
	h.Set("Cache-Control", "no-store")
	if c.fresh(a.version) {
		h.Set("Cache-Control", "no-cache")
		c.w.WriteHeader(http.StatusNotModified)
		return http.StatusNotModified
	}
	if a.version != 0 {
		h.Set("Cache-Control", "no-cache")
	}
	if status == http.StatusNoContent || a.body == nil {
		c.w.WriteHeader(status)
		return status
	}
	b := buffers.Get().(*responseBuffer)
	defer b.release()
	if err := b.encode(a.body); err != nil {
		return s.fail(c.w, c.r, route, fmt.Errorf("write the answer: %w", err))
	}
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(b.data.Len()))
	if b.data.Len() > unhurried {
		_ = http.NewResponseController(c.w).SetWriteDeadline(time.Now().Add(writeTimeout))
	}
	c.w.WriteHeader(status)
	_, _ = c.w.Write(b.data.Bytes())
	return status
}

// unmatched answers requests that no route takes.
func (s *Server) unmatched(err error, e echo.Context) {
	w, r := e.Response().Writer, e.Request()
	if e.Response().Committed {
		return
	}
	if s.console != nil && forConsole(r) {
		s.console.ServeHTTP(w, r)
		return
	}
	apiHeaders(w.Header())
	status := s.fail(w, r, "unmatched", s.unmatchedError(err, r, w.Header()))
	s.done(r, "unmatched", status, 0)
}

// forConsole reports whether a request that no route takes may be for a file or a page of the console.
func forConsole(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.URL.Path != "/api" && !strings.HasPrefix(r.URL.Path, "/api/") &&
		!strings.HasPrefix(r.URL.Path, hooks)
}

func (s *Server) unmatchedError(err error, r *http.Request, h http.Header) error {
	if r.URL.Path == base || strings.HasPrefix(r.URL.Path, base+"/") {
		if _, err := s.caller(r); err != nil {
			h.Del("Allow")
			return err
		}
	}
	if he, ok := errors.AsType[*echo.HTTPError](err); ok && he.Code == http.StatusMethodNotAllowed {
		return &refusal{
			status: http.StatusMethodNotAllowed, slug: "method-not-allowed", title: "Method not allowed",
			detail: fmt.Sprintf("%.20s is not possible here; possible are %s", r.Method, h.Get("Allow")),
		}
	}
	if _, ok := errors.AsType[*echo.HTTPError](err); ok {
		return fmt.Errorf("%w: there is nothing at this path", fault.NotFound)
	}
	return err
}

// apiHeaders are on every answer of the API.
func apiHeaders(h http.Header) {
	h["X-Content-Type-Options"] = nosniff
}

var nosniff = []string{"nosniff"}

func (s *Server) healthz(e echo.Context) error {
	return e.String(http.StatusOK, "ok\n")
}

// readyz says whether the conductor can do its work.
func (s *Server) readyz(e echo.Context) error {
	ctx, cancel := context.WithTimeout(e.Request().Context(), 5*time.Second)
	defer cancel()
	if err := s.service.Ready(ctx); err != nil {
		return fmt.Errorf("%w: not ready: %w", fault.Unavailable, err)
	}
	return e.String(http.StatusOK, "ready\n")
}

// location is the path of something that was created.
func location(collection, name string) string { return base + "/" + collection + "/" + name }
