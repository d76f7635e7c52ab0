package api_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/segno-jobs/segno/api"
	"github.com/segno-jobs/segno/api/wire"
)

const token = "the-token"

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// harness is a server of a fake, reached over loopback.
type harness struct {
	*fake
	t      testing.TB
	url    string
	log    *bytes.Buffer
	server *api.Server
}

func serve(t testing.TB, change ...func(*api.Options)) *harness {
	h := &harness{fake: newFake(), t: t, log: &bytes.Buffer{}}
	o := api.Options{TokenHash: hashOf(token), Version: "1.2.3", Logger: slog.New(slog.NewTextHandler(h.log, nil))}
	for _, c := range change {
		c(&o)
	}
	s, err := api.New(h.fake, o)
	if err != nil {
		t.Fatal(err)
	}
	h.server = s
	server := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		s.Stop()
		server.Close()
		if t.Failed() {
			t.Logf("the log: %s", h.log)
		}
	})
	h.url = server.URL
	return h
}

type reply struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

// do sends a request with the right token. Headers come in pairs.
func (h *harness) do(method, path, body string, headers ...string) reply {
	h.t.Helper()
	all := append([]string{"Authorization", "Bearer " + token}, headers...)
	if body != "" && !strings.Contains(strings.Join(headers, " "), "Content-Type") {
		all = append(all, "Content-Type", "application/json")
	}
	return h.raw(method, path, strings.NewReader(body), all...)
}

func (h *harness) raw(method, path string, body io.Reader, headers ...string) reply {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), method, h.url+path, body)
	if err != nil {
		h.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
			continue
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		h.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatalf("%s %s: read: %v", method, path, err)
	}
	return reply{t: h.t, status: res.StatusCode, header: res.Header, body: data}
}

func (r reply) want(status int) reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("got status %d, want %d: %s", r.status, status, r.body)
	}
	return r
}

func (r reply) into(v any) {
	r.t.Helper()
	if err := json.Unmarshal(r.body, v); err != nil {
		r.t.Fatalf("%v in %s", err, r.body)
	}
}

// problem returns the answer as a problem document of the status.
func (r reply) problem(status int) wire.Problem {
	r.t.Helper()
	r.want(status)
	if got := r.header.Get("Content-Type"); got != wire.ProblemType {
		r.t.Fatalf("got content type %q of %s", got, r.body)
	}
	var p wire.Problem
	r.into(&p)
	if p.Status != status || p.Type == "" || p.Title == "" || p.Detail == "" {
		r.t.Fatalf("got the problem %+v, want all of type, title, status, detail", p)
	}
	return p
}

// field returns the reason that a problem gives for a field.
func field(p wire.Problem, name string) string {
	for _, f := range p.Errors {
		if f.Field == name {
			return f.Reason
		}
	}
	return ""
}
