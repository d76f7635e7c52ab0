package api_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segno-jobs/segno/api"
	"github.com/segno-jobs/segno/internal/fault"
)

// signIn begins a session and returns its cookie.
func (h *harness) signIn() string {
	h.t.Helper()
	r := h.raw("POST", "/api/v1/session", strings.NewReader(`{"token": "`+token+`"}`), "Content-Type", "application/json").want(201)
	cookie, _, _ := strings.Cut(r.header.Get("Set-Cookie"), ";")
	return cookie
}

// beside is another server of the same service, as after a restart, or of another conductor with the same store.
func (h *harness) beside(change ...func(*api.Options)) *harness {
	h.t.Helper()
	other := serve(h.t, change...)
	o := api.Options{TokenHash: hashOf(token)}
	for _, c := range change {
		c(&o)
	}
	s, err := api.New(h.fake, o)
	if err != nil {
		h.t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	h.t.Cleanup(server.Close)
	other.fake, other.server, other.url = h.fake, s, server.URL
	return other
}

func TestASessionOutlivesTheConductorAndHoldsOnEach(t *testing.T) {
	h := serve(t)
	cookie := h.signIn()
	h.beside().raw("GET", "/api/v1/tasks", nil, "Cookie", cookie).want(200)
}

func TestASessionEndsWithTheTokenThatItBeganWith(t *testing.T) {
	h := serve(t)
	cookie := h.signIn()
	h.beside(func(o *api.Options) { o.TokenHash = hashOf("another token") }).raw("GET", "/api/v1/tasks", nil, "Cookie", cookie).problem(401)
}

func TestASessionThatEndedOnAnotherConductorEndsWithinFiveSeconds(t *testing.T) {
	now := noon
	clock := func(o *api.Options) { o.Now = func() time.Time { return now } }
	h := serve(t, clock)
	cookie := h.signIn()
	other := h.beside(clock)
	other.raw("GET", "/api/v1/tasks", nil, "Cookie", cookie).want(200)
	h.raw("DELETE", "/api/v1/session", nil, "Cookie", cookie).want(204)
	h.raw("GET", "/api/v1/tasks", nil, "Cookie", cookie).problem(401)
	now = noon.Add(5 * time.Second)
	other.raw("GET", "/api/v1/tasks", nil, "Cookie", cookie).problem(401)
}

// Who cannot be recognized for the moment is not sent to the sign-in page.
func TestAStoreOutOfReachEndsNoSession(t *testing.T) {
	now := noon
	h := serve(t, func(o *api.Options) { o.Now = func() time.Time { return now } })
	cookie := h.signIn()
	h.unreadable = fmt.Errorf("the database is away: %w", fault.Unavailable)
	h.raw("GET", "/api/v1/tasks", nil, "Cookie", cookie).problem(503)
	h.raw("POST", "/api/v1/session", strings.NewReader(`{"token": "`+token+`"}`), "Content-Type", "application/json").problem(503)
	h.unreadable = nil
	h.raw("GET", "/api/v1/tasks", nil, "Cookie", cookie).want(200)
}

func TestAStreamEndsSoonAfterItsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		s, err := api.New(f, api.Options{TokenHash: hashOf(token)})
		if err != nil {
			t.Fatal(err)
		}
		in := httptest.NewRecorder()
		r := httptest.NewRequest("POST", "/api/v1/session", strings.NewReader(`{"token": "`+token+`"}`))
		r.Header.Set("Content-Type", "application/json")
		s.Handler().ServeHTTP(in, r)
		cookie := in.Result().Cookies()[0]
		time.AfterFunc(time.Minute, func() { f.signedIn.Clear() })
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		began := time.Now()
		r = httptest.NewRequestWithContext(ctx, "GET", "/api/v1/events?follow=true", nil)
		r.AddCookie(cookie)
		s.Handler().ServeHTTP(httptest.NewRecorder(), r)
		if took := time.Since(began); took < time.Minute || took > time.Minute+10*time.Second {
			t.Errorf("the stream ended after %s, want within 10 s after the session, which was open for a minute", took)
		}
	})
}
