package guard

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/task"
)

// post sends a request to the socket of a running job, as the job could.
func post(t *testing.T, socket, path, body string) (int, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
		DisableKeepAlives: true,
	}}
	r, err := client.Post("http://job"+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if r.StatusCode >= 300 && r.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s answers with %s: %s", path, r.Header.Get("Content-Type"), text)
	}
	return r.StatusCode, string(text)
}

// startWaiting starts a job that does nothing, and returns its socket too.
func (h *host) startWaiting() (task.Ref, string) {
	h.t.Helper()
	ref := h.start(script(`echo $SEGNO_SOCKET; exec sleep 1000`))
	r := h.waitFor(ref, "its socket", func(r result) bool { return strings.HasSuffix(r.stdout, "\n") })
	return ref, strings.TrimSpace(r.stdout)
}

func TestJobsReportOverTheirSocket(t *testing.T) {
	h := newHost(t)
	ref, socket := h.startWaiting()
	for _, c := range []struct {
		path, body string
		status     int
		says       string
	}{
		{"/progress", `{"percent": 42, "message": "loading orders"}`, 204, ""},
		{"/output", `{"name": "rows", "value": "1200"}`, 204, ""},
		{"/output", `{"name": "empty", "value": ""}`, 204, ""},
		{"/progress", `{"percent": 101}`, 422, "0 to 100"},
		{"/progress", `{"percent": -1}`, 422, "0 to 100"},
		{"/progress", `{}`, 422, "percent must be given"},
		{"/progress", `{"percent": 1, "message": "` + strings.Repeat("x", task.MaxProgressMessage+1) + `"}`, 422, "at most 1000"},
		{"/progress", `{"percent": 1, "percent": 2}`, 400, "stands twice"},
		{"/progress", `{"percent": 1, "unknown": 2}`, 400, "unknown"},
		{"/progress", `{"percent": 1} {}`, 400, "follows"},
		{"/progress", `{"percent": "1"}`, 400, ""},
		{"/progress", `[1]`, 400, "object"},
		{"/progress", `{"percent": `, 400, ""},
		{"/progress", ``, 400, ""},
		{"/output", `{"name": "rows"}`, 422, "value must be given"},
		{"/output", `{"name": "", "value": "1"}`, 422, "name"},
		{"/output", `{"name": "a/b", "value": "1"}`, 422, "name"},
		{"/output", `{"name": "big", "value": "` + strings.Repeat("x", task.MaxOutputValue+1) + `"}`, 422, "at most 16384"},
		{"/output", `{"name": "huge", "value": "` + strings.Repeat("x", maxJobBody) + `"}`, 413, ""},
		{"/checkpoint", ``, 422, "name must not be blank"},
		{"/checkpoint?name=a&name=b", ``, 400, "each once"},
		{"/checkpoint?name=a&file=b", ``, 400, "each once"},
		{"/checkpoint?name=" + strings.Repeat("x", task.MaxCheckpointName+1), ``, 422, "name"},
		{"/checkpoint?name=a&instructions=" + strings.Repeat("x", task.MaxInstructions+1), ``, 422, "instructions"},
		{"/checkpoint?name=a", `{}`, 422, "not a tar archive"},
		{"/nowhere", `{}`, 404, ""},
	} {
		status, text := post(t, socket, c.path, c.body)
		if status != c.status || !strings.Contains(text, c.says) {
			t.Errorf("%s %.60s answers %d %s, want %d with %q", c.path, c.body, status, text, c.status, c.says)
		}
	}
	h.stop(ref, task.ExitCancelled)
	r := h.wait(ref)
	if len(r.progress) != 1 || r.progress[0] != (task.Progress{Percent: 42, Message: "loading orders"}) {
		t.Errorf("got the progress %+v", r.progress)
	}
	if fmt.Sprint(r.values) != "[{rows 1200} {empty }]" {
		t.Errorf("got the values %+v", r.values)
	}
}

func TestAnAcknowledgedValueIsInTheSpool(t *testing.T) {
	h := newHost(t)
	ref, socket := h.startWaiting()
	for i := range 20 {
		if status, text := post(t, socket, "/output", fmt.Sprintf(`{"name": "v", "value": "%d"}`, i)); status != 204 {
			t.Fatalf("got %d %s", status, text)
		}
		if r := h.read(ref); len(r.values) != i+1 {
			t.Fatalf("after %d there are %d", i+1, len(r.values))
		}
	}
	h.stop(ref, task.ExitCancelled)
	h.wait(ref)
}

func TestAJobMaySetOnlySoManyValues(t *testing.T) {
	h := newHost(t)
	ref, socket := h.startWaiting()
	ctx, cancel := context.WithTimeout(t.Context(), testPatience)
	defer cancel()
	c, err := DialJob(ctx, socket)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range task.MaxOutputValues {
		if err := c.Output(fmt.Sprintf("v%d", i), "x"); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Output("one-more", "x"); err == nil || !strings.Contains(err.Error(), "256 values") {
		t.Errorf("got %v", err)
	}
	if err := c.Output("v0", "changed"); err != nil {
		t.Errorf("a known one was refused: %v", err)
	}
	h.stop(ref, task.ExitCancelled)
	h.wait(ref)
}

func TestProgressIsThinnedAndItsLastWordKept(t *testing.T) {
	h := newHost(t)
	ref, socket := h.startWaiting()
	ctx, cancel := context.WithTimeout(t.Context(), testPatience)
	defer cancel()
	c, err := DialJob(ctx, socket)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	begun := time.Now()
	for i := range 1001 {
		if err := c.Progress(float64(i)/10, ""); err != nil {
			t.Fatal(err)
		}
	}
	most := int(time.Since(begun)/progressEvery) + 3
	h.stop(ref, task.ExitCancelled)
	r := h.wait(ref)
	if n := len(r.progress); n < 2 || n > most || r.progress[n-1].Percent != 100 {
		t.Errorf("got %d, at most %d wanted: %v", n, most, r.progress)
	}
}

func TestTheSocketOfNoJobRefuses(t *testing.T) {
	h := newHost(t)
	ref, socket := h.startWaiting()
	h.stop(ref, task.ExitCancelled)
	h.wait(ref)
	if status, text := post(t, socket, "/progress", `{"percent": 1}`); status != 409 {
		t.Errorf("got %d %s", status, text)
	}
	if _, err := DialJob(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "SEGNO_SOCKET is not set") {
		t.Errorf("got %v", err)
	}
	if _, err := DialJob(t.Context(), "/no/such/socket"); err == nil {
		t.Error("a socket that does not exist was connected to")
	}
}

func TestTheHelperIsOnTheJobsPath(t *testing.T) {
	h := newHost(t)
	r := h.run(script(`jobserver progress 42 "loading orders" && jobserver output rows=1200 && jobserver output x && echo ok`))
	if r.stdout != "ok\n" || len(r.progress) != 1 || len(r.values) != 2 || r.values[0].Value != "1200" {
		t.Errorf("got %+v", r)
	}
}

func FuzzDecodeStrictly(f *testing.F) {
	for _, s := range []string{`{"percent": 1}`, `{}`, `[`, `{"a": {"a": 1}}`, `{"message": "\ud800"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var body struct {
			Percent *float64 `json:"percent"`
			Message string   `json:"message"`
		}
		if decodeStrictly(bytes.NewReader(text), &body) == nil && CheckProgress(body.Percent, body.Message) == nil {
			if *body.Percent < 0 || *body.Percent > 100 {
				t.Errorf("%s gives %v", text, *body.Percent)
			}
		}
	})
}
