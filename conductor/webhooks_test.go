package conductor_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

// hooked is a world with a task that is started by a webhook.
func hooked(t *testing.T, how task.WebhookSignature) (*world, *conductor.Conductor) {
	w := newWorld(t, "js-1")
	w.task("deploy", policy.Word(policy.Wait), func(s *task.Spec) { s.Params = map[string]string{"branch": "none", "by": "nobody"} })
	_, err := w.db.CreateTrigger(t.Context(), task.TaskOwner("deploy"), task.TriggerSpec{
		Name: "push", Webhook: &task.WebhookTrigger{Signature: how},
		Params: map[string]string{"branch": "${{ body.ref }}", "by": "${{ body.pusher.name }}"},
	}, w.at)
	check(t, err)
	c, err := conductor.New(w.db, conductor.Options{Now: func() time.Time { return w.at }, EventTriggers: w.db})
	check(t, err)
	check(t, c.Load(t.Context()))
	return w, c
}

func secrets(t *testing.T, c *conductor.Conductor, r task.WebhookSecretsRequest) task.WebhookSecrets {
	t.Helper()
	made, err := c.MakeWebhookSecrets(t.Context(), task.TaskOwner("deploy"), "push", r)
	check(t, err)
	return made
}

func signed(key, delivery, body string) http.Header {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(body))
	h := http.Header{}
	h.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	h.Set("X-GitHub-Delivery", delivery)
	return h
}

func TestARunThatAnEventReplacesIsToldToStopAtOnce(t *testing.T) {
	w := newWorld(t, "js-1")
	w.task("deploy", policy.Word(policy.Wait), atMost(1, task.BusyReplace))
	_, err := w.c.CreateTrigger(t.Context(), task.TaskOwner("deploy"), task.TriggerSpec{Name: "push", Webhook: &task.WebhookTrigger{Signature: task.SignatureNone}})
	check(t, err)
	first, a := w.start("deploy")
	made := secrets(t, w.c, task.WebhookSecretsRequest{})
	_, err = w.c.CallWebhook(t.Context(), made.Address, http.Header{}, nil)
	check(t, err)
	a.take() // No heartbeat has passed: the order is on the stream.
	if _, told := a.stops[refOf(first, 1)]; !told {
		t.Error("the agent was not told to stop the older run")
	}
}

func TestADeliveryIsOneRunWithValuesOfItsBody(t *testing.T) {
	w, c := hooked(t, task.SignatureGitHub)
	made := secrets(t, c, task.WebhookSecretsRequest{})
	if len(made.Address) < 22 || len(made.SigningKey) < task.MinWebhookKey {
		t.Fatalf("the secrets are %+v", made)
	}
	const body = `{"ref":"main","pusher":{"name":"ann"}}`
	first, err := c.CallWebhook(t.Context(), made.Address, signed(made.SigningKey, "d1", body), []byte(body))
	check(t, err)
	run := w.run(first.Run)
	if run.Params["branch"] != "main" || run.Params["by"] != "ann" || run.Cause.Kind != task.CauseTrigger || run.Cause.By != "push" {
		t.Errorf("the run is %+v", run)
	}
	again, err := c.CallWebhook(t.Context(), made.Address, signed(made.SigningKey, "d1", body), []byte(body))
	check(t, err)
	other, err := c.CallWebhook(t.Context(), made.Address, signed(made.SigningKey, "d2", `{}`), []byte(`{}`))
	check(t, err)
	if again.Run != first.Run || other.Run == first.Run || w.run(other.Run).Params["branch"] != "none" {
		t.Errorf("the runs are %s, %s and %s", first.Run, again.Run, other.Run)
	}
}

func TestARequestWithAWrongSignatureIsCountedAndStartsNothing(t *testing.T) {
	w, c := hooked(t, task.SignatureGitHub)
	made := secrets(t, c, task.WebhookSecretsRequest{SigningKey: "0123456789abcdef"})
	if made.SigningKey != "0123456789abcdef" {
		t.Errorf("the key is %q", made.SigningKey)
	}
	for range 2 {
		_, err := c.CallWebhook(t.Context(), made.Address, signed("another key", "d1", "{}"), []byte("{}"))
		if !errors.Is(err, fault.Unauthorized) {
			t.Errorf("a wrong signature gives %v", err)
		}
	}
	state, err := c.Webhook(t.Context(), task.TaskOwner("deploy"), "push")
	check(t, err)
	if state.Refused != 2 {
		t.Errorf("%d requests are counted, want 2", state.Refused)
	}
	events, err := w.db.Events(t.Context(), task.EventFilter{Kinds: []string{"run."}}, 10)
	check(t, err)
	if len(events) != 0 {
		t.Errorf("a run was made: %+v", events)
	}
}

func TestARotatedAddressHoldsAndTheEarlierOneDoesNot(t *testing.T) {
	_, c := hooked(t, task.SignatureNone)
	call := func(address string) error {
		_, err := c.CallWebhook(context.Background(), address, http.Header{}, nil)
		return err
	}
	first := secrets(t, c, task.WebhookSecretsRequest{})
	check(t, call(first.Address))
	second := secrets(t, c, task.WebhookSecretsRequest{})
	check(t, call(second.Address))
	if err := call(first.Address); !errors.Is(err, fault.NotFound) || first.SigningKey != "" {
		t.Errorf("the earlier address gives %v", err)
	}
	kept := secrets(t, c, task.WebhookSecretsRequest{KeepAddress: true})
	check(t, call(second.Address))
	if kept.Address != "" {
		t.Errorf("a kept address is told: %+v", kept)
	}
}

func TestAWebhookWithoutKeyTakesNoRequestThatMustBeSigned(t *testing.T) {
	_, c := hooked(t, task.SignatureGitHub)
	made := secrets(t, c, task.WebhookSecretsRequest{KeepSigningKey: true})
	_, err := c.CallWebhook(t.Context(), made.Address, signed("", "d1", "{}"), []byte("{}"))
	if !errors.Is(err, fault.Unauthorized) {
		t.Errorf("a request that is signed with no key gives %v", err)
	}
}
