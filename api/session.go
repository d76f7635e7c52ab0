package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/signin"
)

// SessionService keeps the sessions of browsers.
type SessionService interface {
	// BeginSession stores a session.
	BeginSession(ctx context.Context, s signin.Session) error
	// Session returns the session with that key, or fault.NotFound. It may have ended by time.
	Session(ctx context.Context, key string) (signin.Session, error)
	// EndSession ends a session. One that there is no more is no error.
	EndSession(ctx context.Context, key string) error
}

// sessionBelief is for how long a session that was read is believed in: one that ended elsewhere is over everywhere within
// that time, streams included.
const sessionBelief = 5 * time.Second

// sessions knows the sessions that were asked for lately.
type sessions struct {
	mu   sync.Mutex
	read map[string]readSession
}

type readSession struct {
	session signin.Session
	at      time.Time
}

func (s *sessions) known(key string, now time.Time) (signin.Session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, found := s.read[key]
	return r.session, found && now.Sub(r.at) < sessionBelief
}

func (s *sessions) note(found signin.Session, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.read) >= signin.Most {
		clear(s.read)
	}
	s.read[found.Key] = readSession{found, now}
}

func (s *sessions) forget(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.read, key)
}

// openSession returns the session with that id. Unauthorized where there is none, and where it has ended.
func (s *Server) openSession(ctx context.Context, id string) (signin.Session, error) {
	key, now := signin.Key(id), s.now()
	found, known := s.sessions.known(key, now)
	if !known {
		var err error
		found, err = s.service.Session(ctx, key)
		if errors.Is(err, fault.NotFound) {
			return found, errSessionEnded
		}
		if err != nil {
			return found, err
		}
		s.sessions.note(found, now)
	}
	if !found.Holds(s.credential, now) {
		return found, errSessionEnded
	}
	return found, nil
}

var errSessionEnded = fmt.Errorf("%w: the session has ended", fault.Unauthorized)

// createSession is POST /session.
func (s *Server) createSession(c *call) (answer, error) {
	if err := s.origin.Check(c.r); err != nil {
		return answer{}, fmt.Errorf("%w: %w", fault.Forbidden, err)
	}
	var in wire.SessionRequest
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if !s.rightToken(in.Token) {
		return answer{}, fmt.Errorf("%w: the token is not valid", fault.Unauthorized)
	}
	id, opened := signin.Begin(admin, s.credential, s.now())
	if err := s.service.BeginSession(c.ctx(), opened); err != nil {
		return answer{}, err
	}
	s.setCookie(c, id, int(signin.Life/time.Second))
	return answer{status: http.StatusCreated, body: wire.Session{By: opened.By, ExpiresAt: wire.AtOrNil(opened.EndsAt)}}, nil
}

// readSession is GET /session.
func (s *Server) readSession(c *call) (answer, error) {
	out := wire.Session{By: c.by}
	if cookie, err := c.r.Cookie(cookieName); err == nil && c.r.Header.Get("Authorization") == "" {
		open, err := s.openSession(c.ctx(), cookie.Value)
		if err != nil {
			return answer{}, err
		}
		out.ExpiresAt = wire.AtOrNil(open.EndsAt)
	}
	return ok(out)
}

// deleteSession is DELETE /session.
func (s *Server) deleteSession(c *call) (answer, error) {
	if cookie, err := c.r.Cookie(cookieName); err == nil {
		key := signin.Key(cookie.Value)
		if err := s.service.EndSession(c.ctx(), key); err != nil {
			return answer{}, err
		}
		s.sessions.forget(key)
	}
	s.setCookie(c, "", -1)
	return answer{status: http.StatusNoContent}, nil
}

func (s *Server) setCookie(c *call, id string, maxAge int) {
	http.SetCookie(c.w, &http.Cookie{
		Name: cookieName, Value: id, Path: "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: s.secureCookies || c.r.TLS != nil,
	})
}
