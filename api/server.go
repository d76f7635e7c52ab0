package api

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
)

// Limits of the HTTP server.
const (
	// DefaultMaxBody is how many bytes a request's body may have.
	DefaultMaxBody = 1 << 20
	// DefaultGrace is how long requests that are being answered may go on when the server stops.
	DefaultGrace = 5 * time.Second

	readHeaderTimeout = 5 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
	// bodyTimeout is how long the body of an API request may take to arrive.
	bodyTimeout = 30 * time.Second
)

// Options for a server. TokenHash is required.
type Options struct {
	// TokenHash is the SHA-256 of the bearer token of the administrator, in hexadecimal.
	TokenHash string
	// Version is what the OpenAPI description says.
	Version string
	// PublicURL is how agents reach the conductor, such as "https://segno.example"; empty takes it from each request.
	PublicURL string
	// MaxBody is how many bytes a body may have; 0 means DefaultMaxBody.
	MaxBody int64
	// SecureCookies marks cookies Secure although the conductor itself does not speak TLS.
	SecureCookies bool
	// Metrics answers GET /metrics; nil answers 404.
	Metrics http.Handler
	// Console serves the console: its files, and its pages under any path that no route takes; nil serves none.
	Console http.Handler
	// Mounts are handlers of other parts by the prefix of their paths, such as "/segno.v1.Agents/". They see to their own
	// callers.
	Mounts map[string]http.Handler
	// Observe is told of each request: the route's pattern (never a raw URL), the status and the time that it took. Of a
	// stream, whose route ends in " stream", it is told at the end.
	Observe func(route string, status int, took time.Duration)
	// Grace is how long requests may go on when the server stops; 0 means DefaultGrace.
	Grace time.Duration
	// Logger gets internal errors, and each request at the level debug. Nil takes slog.Default.
	Logger *slog.Logger
	// Now is the clock; nil takes time.Now.
	Now func() time.Time
}

// Server serves the API. Make one with [New].
type Server struct {
	service   Service
	tokenHash []byte
	// credential is tokenHash as sessions keep it.
	credential    string
	publicURL     string
	version       string
	maxBody       int64
	secureCookies bool
	observe       func(route string, status int, took time.Duration)
	grace         time.Duration
	log           *slog.Logger
	now           func() time.Time

	echo     *echo.Echo
	sessions sessions
	keys     keyLocks
	// hookCalls counts calls of webhooks by address, refusals calls that were refused by caller.
	hookCalls, refusals *limiter
	origin              *http.CrossOriginProtection
	describe            func() (description, error)
	// console is nil where there is none.
	console http.Handler
	// stopping is closed when streams must end.
	stopping chan struct{}
	stopOnce sync.Once
}

// New returns a server of the service.
func New(service Service, o Options) (*Server, error) {
	hash, err := parseHash(o.TokenHash)
	if err != nil {
		return nil, err
	}
	s := &Server{
		service: service, tokenHash: hash, credential: hex.EncodeToString(hash), publicURL: o.PublicURL, version: o.Version, maxBody: o.MaxBody,
		secureCookies: o.SecureCookies, observe: o.Observe, grace: o.Grace, log: o.Logger, now: o.Now,
		sessions:  sessions{read: map[string]readSession{}},
		hookCalls: newLimiter(hookRate), refusals: newLimiter(refusalRate),
		keys:     keyLocks{held: map[string]chan struct{}{}},
		origin:   http.NewCrossOriginProtection(),
		stopping: make(chan struct{}),
	}
	if s.maxBody <= 0 {
		s.maxBody = DefaultMaxBody
	}
	if s.grace <= 0 {
		s.grace = DefaultGrace
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.observe == nil {
		s.observe = func(string, int, time.Duration) {}
	}
	s.describe = sync.OnceValues(func() (description, error) { return describe(s.described(), s.version) })
	s.echo = s.router(o)
	return s, nil
}

// Handler returns the handler of everything that the server serves.
func (s *Server) Handler() http.Handler { return s.echo }

// Serve serves connections of l until ctx ends or accepting fails. Then streams end at once, other requests may go on for
// the time of grace, and Serve returns when none is left: nil after the end of ctx.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	requests, cancelRequests := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelRequests()
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{
		Handler: s.Handler(), Protocols: protocols,
		ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog:    slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return requests },
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		s.Stop()
		return errors.Join(fmt.Errorf("serve %s: %w", l.Addr(), err), server.Close())
	case <-ctx.Done():
	}
	s.Stop()
	// What is still being answered after the grace, streams of other parts among it, is told to end.
	told := time.AfterFunc(s.grace, cancelRequests)
	defer told.Stop()
	patience, cancel := context.WithTimeout(requests, s.grace+time.Second)
	defer cancel()
	if err := server.Shutdown(patience); err != nil {
		s.log.Debug("some requests were cut off", slog.Any("error", err))
		_ = server.Close()
	}
	<-failed
	return nil
}

// Stop ends all streams; new ones end at once. Serve calls it. It is for servers whose Handler is used without Serve.
func (s *Server) Stop() { s.stopOnce.Do(func() { close(s.stopping) }) }
