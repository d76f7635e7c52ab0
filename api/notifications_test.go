package api_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/notification"
)

const hookBody = `{"name": "ops", "webhook": {"url": "https://hooks.example.com/services/T0PSECRET?k=v", "secret": "a-key-of-16-letters",
	"headers": {"Authorization": "Bearer HEADERKEY"}}}`

func TestNoAnswerAboutAChannelShowsASecret(t *testing.T) {
	h := serve(t)
	mail := `{"name": "mail", "email": {"host": "smtp.example.com", "from": "a@example.com", "to": ["b@example.com"], "username": "u", "password": "MAILKEY"}}`
	answers := map[string]reply{
		"created": h.do("POST", "/api/v1/notifications/channels", hookBody, "Idempotency-Key", "1").want(201),
		"again":   h.do("POST", "/api/v1/notifications/channels", hookBody, "Idempotency-Key", "1").want(201),
		"mail":    h.do("POST", "/api/v1/notifications/channels", mail).want(201),
		"read":    h.do("GET", "/api/v1/notifications/channels/ops", "").want(200),
		"listed":  h.do("GET", "/api/v1/notifications/channels", "").want(200),
		"edited":  h.do("PATCH", "/api/v1/notifications/channels/ops", `{"webhook": {"secret": "another-key-of-16"}}`).want(200),
		"refused": h.do("PATCH", "/api/v1/notifications/channels/ops", `{"webhook": {"url": "ftp://T0PSECRET", "secret": "TOO-SHORT"}}`).want(422),
	}
	for name, a := range answers {
		for _, secret := range []string{"T0PSECRET", "a-key-of", "another-key", "HEADERKEY", "MAILKEY", "TOO-SHORT"} {
			if strings.Contains(string(a.body), secret) || strings.Contains(h.log.String(), secret) {
				t.Errorf("%s: the secret %s is in %s\nor in the log %s", name, secret, a.body, h.log)
			}
		}
	}
	var got wire.Channel
	answers["created"].into(&got)
	if want := []string{"webhook.headers.Authorization", "webhook.secret", "webhook.url"}; !slices.Equal(got.SecretsSet, want) {
		t.Errorf("got secrets %v, want %v", got.SecretsSet, want)
	}
	if got.Address != "https://hooks.example.com" || answers["created"].header.Get("Location") != "/api/v1/notifications/channels/ops" {
		t.Errorf("got address %q and location %q", got.Address, answers["created"].header.Get("Location"))
	}
}

func TestSecretsThatAreLeftOutOfAnEditStay(t *testing.T) {
	h := serve(t)
	h.do("POST", "/api/v1/notifications/channels", hookBody).want(201)
	h.do("PATCH", "/api/v1/notifications/channels/ops", `{"paused": true, "webhook": {"format": "slack", "secret": null}}`, "If-Match", `"1"`).want(200)
	got := h.channels["ops"]
	if w := got.Webhook; !got.Paused || w.Format != notification.FormatSlack || !strings.HasSuffix(string(w.URL), "k=v") || w.Secret != "" || len(w.Headers) != 1 {
		t.Errorf("got %+v, want the address and the header kept and the secret removed", w.Headers)
	}
	h.do("PATCH", "/api/v1/notifications/channels/ops", `{"paused": false}`, "If-Match", `"1"`).problem(412)
	h.do("PATCH", "/api/v1/notifications/channels/ops", `{"name": "dev"}`).problem(422)
	h.do("PATCH", "/api/v1/notifications/channels/ops", `{"email": {"host": "h", "from": "a@b", "to": ["c@d"]}}`).problem(422)
	h.do("PATCH", "/api/v1/notifications/channels/ops", `{"url": "x"}`).problem(400)
	h.do("DELETE", "/api/v1/notifications/channels/ops", "", "If-Match", `"2"`).want(204)
	h.do("GET", "/api/v1/notifications/channels/ops", "").problem(404)
}

func TestATestOfAChannelSaysHowItWent(t *testing.T) {
	h := serve(t)
	h.do("POST", "/api/v1/notifications/channels/ops/test", "").problem(404)
	h.do("POST", "/api/v1/notifications/channels", hookBody).want(201)
	var got wire.ChannelTest
	h.do("POST", "/api/v1/notifications/channels/ops/test", "").want(200).into(&got)
	if !got.Delivered || got.Error != "" || got.ID != "01TEST" || got.Took != "120ms" || len(h.tested) != 1 {
		t.Errorf("got %+v", got)
	}
	h.result = notification.Result{Err: "the receiver answered 404"}
	h.do("POST", "/api/v1/notifications/channels/ops/test", "").want(200).into(&got)
	if got.Delivered || got.Error != "the receiver answered 404" {
		t.Errorf("got %+v, want why it was not delivered", got)
	}
}

func TestARuleNamesWhatIsWrongWithIt(t *testing.T) {
	h := serve(t)
	h.do("POST", "/api/v1/notifications/channels", hookBody).want(201)
	for name, c := range map[string]struct{ body, field string }{
		"no events":                {`{"name": "r", "events": [], "channels": ["ops"]}`, "events"},
		"an unknown event":         {`{"name": "r", "events": ["run_failed", "nosuch"], "channels": ["ops"]}`, "events[1]"},
		"no channel":               {`{"name": "r", "events": ["run_failed"], "channels": []}`, "channels"},
		"a channel that is none":   {`{"name": "r", "events": ["run_failed"], "channels": ["ops", "dev"]}`, "channels[1]"},
		"a pattern that is broken": {`{"name": "r", "events": ["run_failed"], "channels": ["ops"], "tasks": ["load-["]}`, "tasks[0]"},
		"no name":                  {`{"events": ["run_failed"], "channels": ["ops"]}`, "name"},
	} {
		t.Run(name, func(t *testing.T) {
			h.t = t
			p := h.do("POST", "/api/v1/notifications/rules", c.body).problem(422)
			if field(p, c.field) == "" {
				t.Errorf("got %+v, want the field %s", p.Errors, c.field)
			}
		})
	}
	h.t = t
	h.do("POST", "/api/v1/notifications/rules", `{"name": "r", "events": ["run_failed"], "channels": ["ops"], "labels": {"team": "data"}}`).want(201)
	var got wire.NotificationRule
	h.do("PATCH", "/api/v1/notifications/rules/r", `{"tasks": ["load-*"], "labels": null}`, "If-Match", `"1"`).want(200).into(&got)
	if got.Version != 2 || len(got.Labels) > 0 || !slices.Equal(got.Tasks, []string{"load-*"}) {
		t.Errorf("got %+v", got)
	}
	h.do("PATCH", "/api/v1/notifications/rules/r", `{"disabled": true}`, "If-Match", `"1"`).problem(412)
	h.do("GET", "/api/v1/notifications/rules", "").want(200)
	h.do("DELETE", "/api/v1/notifications/rules/r", "").want(204)
	h.do("GET", "/api/v1/notifications/rules/r", "").problem(404)
}

func TestDeliveriesAreFilteredAndTriedAgain(t *testing.T) {
	h := serve(t)
	h.deliveries = map[string]notification.Delivery{
		"01DEAD": {ID: "01DEAD", Channel: "ops", State: notification.Dead, Tries: 50, LastError: "down", CreatedAt: noon, EndedAt: &noon, NextAt: noon},
		"01DONE": {ID: "01DONE", Channel: "ops", State: notification.Delivered, CreatedAt: noon, EndedAt: &noon},
	}
	h.do("GET", "/api/v1/notifications/deliveries?channel=ops&state=dead,waiting&event=run_late", "").want(200)
	if f := h.filter; f.Channel != "ops" || f.Event != notification.RunLate || !slices.Equal(f.States, []notification.State{"dead", "waiting"}) {
		t.Errorf("got filter %+v", f)
	}
	for _, query := range []string{"state=nosuch", "event=nosuch", "channel=A%20B"} {
		h.do("GET", "/api/v1/notifications/deliveries?"+query, "").problem(422)
	}
	var got wire.Delivery
	h.do("GET", "/api/v1/notifications/deliveries/01DEAD", "").want(200).into(&got)
	if got.State != notification.Dead || got.LastError != "down" || got.NextAt != nil || got.EndedAt == nil {
		t.Errorf("got %+v", got)
	}
	h.do("POST", "/api/v1/notifications/deliveries/01DEAD/retry", "").want(200).into(&got)
	if got.State != notification.Waiting || got.EndedAt != nil || got.NextAt == nil {
		t.Errorf("got %+v, want it to wait", got)
	}
	h.do("POST", "/api/v1/notifications/deliveries/01DONE/retry", "").problem(409)
	h.do("POST", "/api/v1/notifications/deliveries/01NONE/retry", "").problem(404)
	h.do("GET", "/api/v1/notifications/deliveries/no%20id", "").problem(404)
}
