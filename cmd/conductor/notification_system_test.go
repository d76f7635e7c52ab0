package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/segno-jobs/segno/internal/systemtest"
	"github.com/segno-jobs/segno/notification"
	"github.com/segno-jobs/segno/task"
)

const hookKey = "the key of the receiver"

// receiver is an HTTP server that is told, and that keeps what it was told.
type receiver struct {
	*httptest.Server
	mu   sync.Mutex
	got  []notification.Notice
	bad  []string
	down bool
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(r.take))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) take(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	mac := hmac.New(sha256.New, []byte(hookKey))
	fmt.Fprintf(mac, "%s.%s.%s", req.Header.Get("webhook-id"), req.Header.Get("webhook-timestamp"), body)
	var n notification.Notice
	r.mu.Lock()
	defer r.mu.Unlock()
	if req.Header.Get("webhook-signature") != "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) || json.Unmarshal(body, &n) != nil || n.ID != req.Header.Get("webhook-id") {
		r.bad = append(r.bad, string(body))
	}
	if r.down {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	r.got = append(r.got, n)
}

func (r *receiver) set(down bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = down
}

// ids returns the ids under which a run's failure was told.
func (r *receiver) ids() map[task.RunID]map[string]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := map[task.RunID]map[string]bool{}
	for _, n := range r.got {
		if n.Run != nil {
			if all[n.Run.ID] == nil {
				all[n.Run.ID] = map[string]bool{}
			}
			all[n.Run.ID][n.ID] = true
		}
	}
	return all
}

func tellFailures(t *testing.T, s *systemtest.System, url string) {
	t.Helper()
	_, err := s.Client.CreateChannel(t.Context(), notification.ChannelSpec{Name: "ops", Webhook: &notification.Webhook{
		URL: notification.Secret(url + "/hook/PATHSECRET"), Secret: hookKey,
	}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Client.CreateNotificationRule(t.Context(), notification.RuleSpec{
		Name: "failures", Events: []notification.Kind{notification.RunFailed}, Tasks: []string{"bad*"}, Channels: []string{"ops"},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAConductorThatIsKilledTellsOfEveryFailure(t *testing.T) {
	r := newReceiver(t)
	s := systemtest.New(t, "--heartbeat", "300ms", "--notify-private", "127.0.0.1")
	s.StartConductor()
	s.StartServer("js-1")
	s.Group("etl", "js-1")
	s.Task("bad-load", "etl", systemtest.Shell("exit 7"))
	s.Task("good-load", "etl", systemtest.Shell("exit 0"))
	tellFailures(t, s, r.URL)
	r.set(true)
	var failed []task.RunID
	for i := range 4 {
		failed = append(failed, s.StartRun("bad-load"))
		s.StartRun("good-load")
		s.AwaitRun(failed[i], task.Failed)
		s.Conductor.Kill()
		if i == 2 {
			r.set(false)
		}
		s.StartConductor()
	}
	// An edit makes due at once what would be tried again in some seconds.
	if _, err := s.Client.PatchChannel(t.Context(), "ops", 0, map[string]string{"description": "is back"}); err != nil {
		t.Fatal(err)
	}
	s.Eventually("every failure is told", func(context.Context) (bool, error) { return len(r.ids()) == len(failed), nil })
	for _, id := range failed {
		if ids := r.ids()[id]; len(ids) != 1 {
			t.Errorf("run %s was told with the ids %v, want one", id, ids)
		}
	}
	if len(r.bad) > 0 {
		t.Errorf("not signed as they should be: %v", r.bad)
	}
	if log := s.Conductor.Output(); strings.Contains(log, "PATHSECRET") || strings.Contains(log, hookKey) {
		t.Errorf("the log holds a secret:\n%s", log)
	}
}

func TestAWebhookInsideIsRefusedUnlessTheOperatorAllowsIt(t *testing.T) {
	r := newReceiver(t)
	s := systemtest.Start(t)
	_, err := s.Client.CreateChannel(t.Context(), notification.ChannelSpec{Name: "ops", Webhook: &notification.Webhook{URL: notification.Secret(r.URL)}})
	if err == nil || !strings.Contains(err.Error(), "webhook.url") {
		t.Errorf("got %v, want the address refused", err)
	}
}
