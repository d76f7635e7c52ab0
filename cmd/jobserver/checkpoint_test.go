package main

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// keeper answers for a keeper on a socket of its own.
func keeper(t *testing.T, answer http.HandlerFunc) {
	t.Helper()
	dir, err := os.MkdirTemp("", "segno-job-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "job")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: answer}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { s.Close(); <-done })
	t.Setenv("SEGNO_SOCKET", socket)
}

func TestCheckpointSendsNameLabelAndInstructions(t *testing.T) {
	var query string
	var size int64
	keeper(t, func(w http.ResponseWriter, r *http.Request) {
		query = r.Method + " " + r.URL.Path + " " + r.URL.Query().Encode()
		size, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusNoContent)
	})
	t.Chdir(t.TempDir())
	if err := os.WriteFile("state", []byte(strings.Repeat("x", 300<<10)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := execute(t, "checkpoint", "half way", "state", "--label", "v 1", "--instructions", "call\nsomeone"); err != nil {
		t.Fatal(err)
	}
	if query != "POST /checkpoint instructions=call%0Asomeone&label=v+1&name=half+way" || size < 300<<10 {
		t.Errorf("got %s with %d bytes", query, size)
	}
}

func TestCheckpointFailsWithWhatTheJobServerSays(t *testing.T) {
	keeper(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusConflict)
		_, _ = io.WriteString(w, `{"detail": "checkpoint 3 has other content"}`)
	})
	if _, err := execute(t, "checkpoint", "x"); err == nil || err.Error() != `checkpoint "x": checkpoint 3 has other content` {
		t.Errorf("got %v", err)
	}
}

func TestCheckpointStopsWaitingAfterItsTimeout(t *testing.T) {
	keeper(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	begin := time.Now()
	if _, err := execute(t, "checkpoint", "x", "--timeout", "50ms"); err == nil || time.Since(begin) > 10*time.Second {
		t.Errorf("got %v after %v", err, time.Since(begin))
	}
}

func TestCheckpointRefusesWhatCannotBeOne(t *testing.T) {
	t.Setenv("SEGNO_SOCKET", "")
	for _, args := range [][]string{{}, {" "}, {"a\nb"}, {strings.Repeat("x", 201)}, {"a", "--label", "x\ny"}, {"a", "--timeout", "-1s"}, {"a"}} {
		if _, err := execute(t, append([]string{"checkpoint"}, args...)...); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
}
