package api

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/fault"
)

const (
	sessionLife = 12 * time.Hour
	// maxSessions bounds what is kept; the session that ends first makes room.
	maxSessions = 1000
)

// session is one browser's session.
type session struct {
	by  string
	end time.Time
}

// sessions holds the open sessions of browsers by the hash of their ids. They end with the conductor.
type sessions struct {
	mu   sync.Mutex
	open map[[sha256.Size]byte]session
}

// begin opens a session and returns its id.
func (s *sessions) begin(by string, now time.Time) (id string, opened session) {
	id = rand.Text() + rand.Text()
	opened = session{by: by, end: now.Add(sessionLife)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.makeRoom(now)
	s.open[sha256.Sum256([]byte(id))] = opened
	return id, opened
}

func (s *sessions) makeRoom(now time.Time) {
	var first [sha256.Size]byte
	var firstEnd time.Time
	for key, open := range s.open {
		switch {
		case !open.end.After(now):
			delete(s.open, key)
		case firstEnd.IsZero() || open.end.Before(firstEnd):
			first, firstEnd = key, open.end
		}
	}
	if len(s.open) >= maxSessions {
		delete(s.open, first)
	}
}

func (s *sessions) get(id string, now time.Time) (session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	open, found := s.open[sha256.Sum256([]byte(id))]
	return open, found && open.end.After(now)
}

func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, sha256.Sum256([]byte(id)))
}

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
	id, opened := s.sessions.begin(admin, s.now())
	s.setCookie(c, id, int(sessionLife/time.Second))
	return answer{status: http.StatusCreated, body: wire.Session{By: opened.by, ExpiresAt: wire.AtOrNil(opened.end)}}, nil
}

// readSession is GET /session.
func (s *Server) readSession(c *call) (answer, error) {
	out := wire.Session{By: c.by}
	if cookie, err := c.r.Cookie(cookieName); err == nil && c.r.Header.Get("Authorization") == "" {
		if open, found := s.sessions.get(cookie.Value, s.now()); found {
			out.ExpiresAt = wire.AtOrNil(open.end)
		}
	}
	return ok(out)
}

// deleteSession is DELETE /session.
func (s *Server) deleteSession(c *call) (answer, error) {
	if cookie, err := c.r.Cookie(cookieName); err == nil {
		s.sessions.end(cookie.Value)
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
