package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

// routeEventTriggers answers for the triggers of a task "load" that wait for events.
func (f *fakeAPI) routeEventTriggers(mux *http.ServeMux) {
	f.route(mux, "POST /tasks/load/triggers", func(r *http.Request) (any, error) {
		var t wire.Trigger
		err := json.NewDecoder(r.Body).Decode(&t.TriggerSpec)
		t.Kind = string(t.TriggerSpec.Kind())
		return t, err
	})
	watches := func(*http.Request) (any, error) {
		return wire.Page[wire.Watch]{Items: []wire.Watch{
			{Server: "js-1", Files: 3, Pending: 1, ToldAt: wire.At(noon)}, {Server: "js-2", Problem: "permission denied", ToldAt: wire.At(noon)},
		}}, nil
	}
	f.route(mux, "GET /tasks/load/triggers/in/watches", watches)
	f.route(mux, "GET /plans/nightly/triggers/in/watches", watches)
	secrets := func(r *http.Request) (any, error) {
		var in task.WebhookSecretsRequest
		err := json.NewDecoder(r.Body).Decode(&in)
		return wire.WebhookSecrets{Path: "/hooks/secret", SigningKey: in.SigningKey}, err
	}
	f.route(mux, "POST /tasks/load/triggers/push/webhook-secrets", secrets)
	f.route(mux, "POST /plans/nightly/triggers/push/webhook-secrets", secrets)
}

func TestTriggersThatWaitForEventsAreMadeByFlags(t *testing.T) {
	s := newShell(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--file", "/data/in", "--mask", "*.csv", "--on-server", "js-1", "--on", "exists", "--settle", "10s"}, "file /data/in/*.csv on js-1 (exists)"},
		{[]string{"--file", "/data/in", "--on-virtual-server", "etl"}, "file /data/in/* on etl (created)"},
		{[]string{"--after", "extract", "--on-end", "error"}, "after extract (error)"},
		{[]string{"--webhook", "standard"}, "webhook (signed, standard)"},
		{[]string{"--webhook", "none"}, "webhook"},
	} {
		if got := s.ok(append([]string{"trigger", "create", "load", "t"}, c.args...)...); !strings.Contains(got, c.want) {
			t.Errorf("%v: got\n%s\nwant %q in it", c.args, got, c.want)
		}
	}
	s.api.mu.Lock()
	defer s.api.mu.Unlock()
	if first := s.api.calls[0]; !strings.Contains(first, `"file":{"server":"js-1","path":"/data/in","mask":"*.csv","on":"exists","settle":"10s"}`) {
		t.Errorf("sent was %s", first)
	}
}

func TestHowAFolderIsWatchedIsShownByServer(t *testing.T) {
	got := newShell(t).ok("trigger", "watches", "load", "in")
	for _, want := range []string{"js-1", "3", "none", "js-2", "permission denied"} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwant %q in it", got, want)
		}
	}
}

func TestTheAddressOfAWebhookIsShownWholeAndItsKeyIsReadFromAFile(t *testing.T) {
	s := newShell(t)
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := s.run("trigger", "address", "load", "push", "--signing-key-file", key)
	if got.code != 0 || !strings.Contains(got.out, s.api.url+"/hooks/secret") || !strings.Contains(got.out, "0123456789abcdef\n") {
		t.Errorf("got %+v", got)
	}
	if !strings.Contains(got.err, "shown once") {
		t.Errorf("it is not said that this is shown once: %s", got.err)
	}
}
