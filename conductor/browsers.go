package conductor

import (
	"context"
	"fmt"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/signin"
)

// BrowserStore keeps the sessions of browsers.
type BrowserStore interface {
	// BeginSession stores a session.
	BeginSession(ctx context.Context, s signin.Session) error
	// Session returns the session with that key, or fault.NotFound. It may have ended by time.
	Session(ctx context.Context, key string) (signin.Session, error)
	// EndSession ends a session. One that there is no more is no error.
	EndSession(ctx context.Context, key string) error
}

// BeginSession stores a browser's session, which every conductor of the store then knows.
func (c *Conductor) BeginSession(ctx context.Context, s signin.Session) error {
	if c.options.Browsers == nil {
		return fmt.Errorf("this conductor keeps no sessions: %w", fault.Unavailable)
	}
	return c.options.Browsers.BeginSession(ctx, s)
}

// Session returns the browser's session with that key, or fault.NotFound. It may have ended by time.
func (c *Conductor) Session(ctx context.Context, key string) (signin.Session, error) {
	if c.options.Browsers == nil {
		return signin.Session{}, fmt.Errorf("there is no such session: %w", fault.NotFound)
	}
	return c.options.Browsers.Session(ctx, key)
}

// EndSession ends a browser's session. One that there is no more is no error.
func (c *Conductor) EndSession(ctx context.Context, key string) error {
	if c.options.Browsers == nil {
		return nil
	}
	return c.options.Browsers.EndSession(ctx, key)
}
