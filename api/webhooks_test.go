package api_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/api"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// fakeEvents has one webhook with the address "right", and one file trigger.
type fakeEvents struct {
	asked []task.WebhookSecretsRequest
	// bodies are those of the calls that were taken.
	bodies []string
	paused bool
}

func (f *fakeEvents) Watches(context.Context, task.Owner, string) ([]jobserver.ToldWatch, error) {
	return []jobserver.ToldWatch{{Server: "js-1", ToldAt: noon, WatchState: jobserver.WatchState{Files: 3, Problem: "permission denied"}}}, nil
}

func (f *fakeEvents) Webhook(context.Context, task.Owner, string) (task.WebhookState, error) {
	at := noon
	return task.WebhookState{MadeAt: &at, HasKey: true, Refused: 2}, nil
}

func (f *fakeEvents) MakeWebhookSecrets(_ context.Context, _ task.Owner, _ string, r task.WebhookSecretsRequest) (task.WebhookSecrets, error) {
	f.asked = append(f.asked, r)
	return task.WebhookSecrets{Address: "right", SigningKey: r.SigningKey}, r.Validate()
}

func (f *fakeEvents) CallWebhook(_ context.Context, address string, h task.Headers, body []byte) (task.Occurrence, error) {
	switch {
	case address != "right":
		return task.Occurrence{}, fmt.Errorf("no webhook has this address: %w", fault.NotFound)
	case h.Get("X-Hub-Signature-256") == "wrong":
		return task.Occurrence{}, fmt.Errorf("the signature is wrong: %w", fault.Unauthorized)
	case f.paused:
		return task.Occurrence{Reason: "the trigger is paused"}, nil
	}
	f.bodies = append(f.bodies, string(body))
	return task.Occurrence{Run: "01RUN"}, nil
}

func TestAWebhookIsCalledWithoutTokenAndAnswersWithTheRun(t *testing.T) {
	h := serve(t)
	var got wire.WebhookAnswer
	h.raw("POST", "/hooks/right", strings.NewReader(`{"ref":"main"}`)).want(202).into(&got)
	if got.Run == nil || *got.Run != "01RUN" || h.fake.bodies[0] != `{"ref":"main"}` {
		t.Errorf("got %+v for %v", got, h.fake.bodies)
	}
	h.raw("POST", "/hooks/none", nil).problem(404)
	if r := h.raw("GET", "/hooks/right", nil); r.header.Get("Allow") != "OPTIONS, POST" {
		r.problem(405)
		t.Errorf("got Allow %q for a GET, want POST to be named", r.header.Get("Allow"))
	}
	h.raw("POST", "/hooks/right", nil, "X-Hub-Signature-256", "wrong").problem(401)
	h.raw("POST", "/hooks/right", strings.NewReader(strings.Repeat("x", task.MaxWebhookBody+1))).problem(413)
	h.fake.paused = true
	h.raw("POST", "/hooks/right", nil).want(202).into(&got)
	if got.Reason != "the trigger is paused" {
		t.Errorf("got %+v, want the reason", got)
	}
}

func TestAWebhookIsCalledNoMoreOftenThanItsRate(t *testing.T) {
	now := noon
	h := serve(t, func(o *api.Options) { o.Now = func() time.Time { return now } })
	for range 60 {
		h.raw("POST", "/hooks/right", nil).want(202)
	}
	if r := h.raw("POST", "/hooks/right", nil); r.header.Get("Retry-After") != "1" {
		t.Errorf("got Retry-After %q", r.header.Get("Retry-After"))
	} else {
		r.problem(429)
	}
	now = now.Add(time.Second)
	for range 10 {
		h.raw("POST", "/hooks/right", nil).want(202)
	}
	h.raw("POST", "/hooks/right", nil).problem(429)
}

func TestWhoTriesAddressesIsRefusedForAWhile(t *testing.T) {
	now := noon
	h := serve(t, func(o *api.Options) { o.Now = func() time.Time { return now } })
	for i := range 30 {
		h.raw("POST", fmt.Sprintf("/hooks/guess-%d", i), nil).problem(404)
	}
	h.raw("POST", "/hooks/guess-again", nil).problem(429)
	now = now.Add(time.Second)
	h.raw("POST", "/hooks/guess-again", nil).problem(404)
}

func TestSecretsOfAWebhookAreShownOnce(t *testing.T) {
	h := serve(t, func(o *api.Options) { o.PublicURL = "https://segno.example" })
	const path = "/api/v1/tasks/load/triggers/hook/webhook-secrets"
	var got wire.WebhookSecrets
	h.do("POST", path, `{"signing_key":"0123456789abcdef"}`, "Idempotency-Key", "k").want(201).into(&got)
	if got.Path != "/hooks/right" || got.URL != "https://segno.example/hooks/right" || got.SigningKey != "0123456789abcdef" {
		t.Errorf("got %+v", got)
	}
	if r := h.do("POST", path, `{"signing_key":"0123456789abcdef"}`, "Idempotency-Key", "k"); strings.Contains(string(r.body), "right") {
		t.Errorf("the same request again is answered %s", r.body)
	} else {
		r.problem(409)
	}
	if p := h.do("POST", path, `{"signing_key":"short"}`).problem(422); field(p, "signing_key") == "" {
		t.Errorf("got %+v", p)
	}
	h.raw("POST", path, nil).problem(401)
	if r := h.do("GET", "/api/v1/tasks/load/triggers/hook/webhook", "").want(200); strings.Contains(string(r.body), "0123") {
		t.Errorf("the state has a secret: %s", r.body)
	}
}

func TestHowAFolderIsWatchedIsTold(t *testing.T) {
	h := serve(t)
	var got wire.Page[wire.Watch]
	h.do("GET", "/api/v1/tasks/load/triggers/in/watches", "").want(200).into(&got)
	if len(got.Items) != 1 || got.Items[0].Server != "js-1" || got.Items[0].Problem != "permission denied" {
		t.Errorf("got %+v", got)
	}
}
