package api_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segno-jobs/segno/api"
	"github.com/segno-jobs/segno/task"
)

func TestAQuietStreamSendsAHeartbeatEveryTenSeconds(t *testing.T) {
	for _, path := range []string{"/api/v1/runs/01RUN/log?follow=true", "/api/v1/events?follow=true"} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake()
			f.addRun("01RUN", task.Running).attempt("js-1")
			s, err := api.New(f, api.Options{TokenHash: hashOf(token)})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 35*time.Second)
			defer cancel()
			r := httptest.NewRequestWithContext(ctx, "GET", path, nil)
			r.Header.Set("Authorization", "Bearer "+token)
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, r)
			if got := strings.Count(w.Body.String(), ": still here\n\n"); got != 3 {
				t.Errorf("%s: got %d heartbeats in 35 s, want 3: %q", path, got, w.Body)
			}
		})
	}
}

func TestProgressIsSeenWithoutASignal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		run := f.addRun("01RUN", task.Running).attempt("js-1")
		s, err := api.New(f, api.Options{TokenHash: hashOf(token)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		time.AfterFunc(2*time.Second, func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			run.Progress = &task.Progress{Percent: 71}
		})
		r := httptest.NewRequestWithContext(ctx, "GET", "/api/v1/runs/01RUN/log?follow=true", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if got := strings.Count(w.Body.String(), "event: run\n"); got != 2 || !strings.Contains(w.Body.String(), `"percent":71`) {
			t.Errorf("got %d states, want the one at first and the one with progress: %s", got, w.Body)
		}
	})
}
