package client_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/internal/fault"
)

// part sends bytes of a file that has length bytes, and hangs up.
func part(code int, tag, bytes string, length string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("ETag", tag)
		w.Header().Set("Content-Length", length)
		w.WriteHeader(code)
		_, _ = io.WriteString(w, bytes)
		w.(http.Flusher).Flush()
		if length != "" && len(bytes) < 10 && !strings.HasSuffix(bytes, "!") {
			panic(http.ErrAbortHandler)
		}
	}
}

func TestADownloadGoesOnWhereTheConnectionBroke(t *testing.T) {
	const tag = `"` + sumOf012345678 + `"`
	c, s := playing(t, part(200, tag, "0123", "10"), status(503, unavailable), part(206, tag, "45678!", "6"))
	var got bytes.Buffer
	n, err := c.CheckpointContent(t.Context(), "01RUN", 7, &got)
	if err != nil || n != 10 || got.String() != "012345678!" {
		t.Fatalf("got %d bytes %q, %v", n, &got, err)
	}
	last := s.seen[2]
	if last.URL.Path != "/api/v1/runs/01RUN/checkpoints/7/content" || last.Header.Get("Range") != "bytes=4-" || last.Header.Get("If-Range") != tag {
		t.Errorf("asked for %s of %s if it is %s", last.Header.Get("Range"), last.URL.Path, last.Header.Get("If-Range"))
	}
}

// sumOf012345678 is the SHA-256 of "012345678!".
const sumOf012345678 = "8ebca0bca14acf9efedca5e2a88b80c46d3381b87f47b45e1ecfd997422c18c7"

func TestADownloadIsCheckedAgainstItsHash(t *testing.T) {
	c, _ := playing(t, part(200, `"`+sumOf012345678+`"`, "damaged!", "8"))
	if _, err := c.CheckpointContent(t.Context(), "01RUN", 7, io.Discard); err == nil || !strings.Contains(err.Error(), sumOf012345678) {
		t.Errorf("got %v, want the hashes", err)
	}
}

func TestADownloadNeverJoinsPartsOfTwoContents(t *testing.T) {
	c, _ := playing(t, part(200, `"a"`, "0123", "10"), part(200, `"b"`, "abcdefghi!", "10"))
	var got bytes.Buffer
	if _, err := c.CheckpointContent(t.Context(), "01RUN", 7, &got); err == nil || !strings.Contains(err.Error(), "another one") {
		t.Errorf("got %q, %v, want a refusal", &got, err)
	}
}

func TestADownloadEndsWithAnErrorThatANewTryWouldNotMend(t *testing.T) {
	c, s := playing(t, status(404, `{"title": "Not found", "status": 404, "detail": "no such checkpoint"}`))
	if _, err := c.CheckpointContent(t.Context(), "01RUN", 7, io.Discard); !errors.Is(err, fault.NotFound) || s.count() != 1 {
		t.Errorf("got %v after %d requests", err, s.count())
	}
	c, s = playing(t, part(200, `"a"`, "012345678!", "10"))
	full := errors.New("the disk is full")
	if _, err := c.CheckpointContent(t.Context(), "01RUN", 7, failing{full}); !errors.Is(err, full) || s.count() != 1 {
		t.Errorf("got %v after %d requests, want the writer's error after one", err, s.count())
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestRequestsOfRecoveryAreAsTheConventionsSay(t *testing.T) {
	run, list := status(200, `{"id": "01RUN"}`), status(200, `{"items": [{}], "next_cursor": null}`)
	c, s := playing(t, run, run, run, run, status(200, `{"name": "js-1"}`), list, list, list)
	ctx := t.Context()
	_, err1 := c.ResetRun(ctx, "01RUN")
	_, err2 := c.RestartRun(ctx, "01RUN")
	_, err3 := c.RecoverRun(ctx, "01RUN", 0)
	_, err4 := c.RecoverRun(ctx, "01RUN", 4)
	_, err5 := c.DeclareServerDead(ctx, "js-1", "its disk is in pieces")
	fates, err6 := c.WhatIf(ctx, "js-1")
	checkpoints, err7 := c.Checkpoints(ctx, "01RUN")
	runs, err8 := c.RecoverableRuns(ctx, "load", client.PageRequest{Limit: 5})
	if err := errors.Join(err1, err2, err3, err4, err5, err6, err7, err8); err != nil {
		t.Fatal(err)
	}
	if len(fates) != 1 || len(checkpoints) != 1 || len(runs.Items) != 1 {
		t.Errorf("got %d, %d and %d items, want one each", len(fates), len(checkpoints), len(runs.Items))
	}
	var asked []string
	for i, r := range s.seen {
		asked = append(asked, strings.TrimSpace(r.Method+" "+strings.TrimPrefix(r.URL.RequestURI(), "/api/v1/")+" "+s.bodies[i]))
		if r.Method == http.MethodPost && r.Header.Get("Idempotency-Key") == "" {
			t.Errorf("%s has no Idempotency-Key", r.URL.Path)
		}
	}
	want := []string{
		"POST runs/01RUN/reset", "POST runs/01RUN/restart", "POST runs/01RUN/recover {}", `POST runs/01RUN/recover {"checkpoint":4}`,
		`POST servers/js-1/declare-dead {"reason":"its disk is in pieces"}`, "GET servers/js-1/what-if", "GET runs/01RUN/checkpoints",
		"GET recoverable-runs?limit=5&task=load",
	}
	if !slices.Equal(asked, want) {
		t.Errorf("asked for\n%s\nwant\n%s", strings.Join(asked, "\n"), strings.Join(want, "\n"))
	}
}
