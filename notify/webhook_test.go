package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/notification"
)

func notice() notification.Notice {
	return notification.Notice{
		ID: "01JD3Z5M7QW8X9Y0ABCDEFGHJK", Event: notification.RunFailed, At: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		Title: "load-orders failed on js-1", Text: "load-orders failed on js-1: a < b & c.", Task: "load-orders",
	}
}

// hook returns a sender that may reach the receiver, and a channel to it.
func hook(t *testing.T, receive http.HandlerFunc) (*Sender, notification.ChannelSpec) {
	t.Helper()
	receiver := httptest.NewTLSServer(receive)
	t.Cleanup(receiver.Close)
	own, err := ParseAllowed([]string{"127.0.0.1", "::1"})
	if err != nil {
		t.Fatal(err)
	}
	return New(Options{Private: own, RootCAs: receiver.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, Version: "1.0"}),
		notification.ChannelSpec{Name: "ops", Webhook: &notification.Webhook{URL: notification.Secret(receiver.URL + "/services/T0PSECRET")}}
}

func TestAWebhookIsSignedWithItsIDAndTime(t *testing.T) {
	for _, secret := range []struct{ text, key string }{
		{"a secret of 24 bytes....", "a secret of 24 bytes...."},
		{"whsec_" + base64.StdEncoding.EncodeToString([]byte("the key in base64")), "the key in base64"},
	} {
		var body []byte
		var header http.Header
		s, c := hook(t, func(_ http.ResponseWriter, r *http.Request) {
			body, _ = io.ReadAll(r.Body)
			header = r.Header
		})
		c.Webhook.Secret = notification.Secret(secret.text)
		c.Webhook.Headers = map[string]notification.Secret{"Authorization": "Bearer abc"}
		if r := s.Send(t.Context(), c, notice()); r.Err != "" {
			t.Fatal(r.Err)
		}
		mac := hmac.New(sha256.New, []byte(secret.key))
		mac.Write([]byte(notice().ID + "." + header.Get("webhook-timestamp") + "." + string(body)))
		if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); header.Get("webhook-signature") != want {
			t.Errorf("got signature %q, want %q", header.Get("webhook-signature"), want)
		}
		at, err := time.Parse(time.RFC3339, header.Get("webhook-timestamp"))
		if err == nil {
			t.Errorf("the time %s is no number of seconds", at)
		}
		if header.Get("webhook-id") != notice().ID || header.Get("Authorization") != "Bearer abc" || header.Get("User-Agent") != "segno/1.0" {
			t.Errorf("got headers %v", header)
		}
		var got notification.Notice
		if err := json.Unmarshal(body, &got); err != nil || got.ID != notice().ID || got.Event != notification.RunFailed || got.Text == "" {
			t.Errorf("got body %s (%v)", body, err)
		}
	}
}

// TestTheSignatureIsThatOfTheSpecification takes the example of the Standard Webhooks specification's libraries.
func TestTheSignatureIsThatOfTheSpecification(t *testing.T) {
	got := Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSlackGetsTheTextAlone(t *testing.T) {
	var body []byte
	s, c := hook(t, func(_ http.ResponseWriter, r *http.Request) { body, _ = io.ReadAll(r.Body) })
	c.Webhook.Format = notification.FormatSlack
	n := notice()
	n.Link = "https://segno.example/runs/1"
	if r := s.Send(t.Context(), c, n); r.Err != "" {
		t.Fatal(r.Err)
	}
	var got map[string]string
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	if want := "load-orders failed on js-1: a &lt; b &amp; c. https://segno.example/runs/1"; len(got) != 1 || got["text"] != want {
		t.Errorf("got %v, want only the text %q", got, want)
	}
}

func TestAnAnswerSaysWhetherToTryAgain(t *testing.T) {
	for status, want := range map[int]struct {
		failed, refused bool
	}{
		200: {}, 204: {}, 301: {true, false}, 307: {true, false}, 400: {true, true}, 401: {true, false}, 404: {true, false},
		410: {true, true}, 413: {true, true}, 422: {true, true}, 429: {true, false}, 500: {true, false}, 503: {true, false},
	} {
		s, c := hook(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://elsewhere.example/")
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(status)
		})
		r := s.Send(t.Context(), c, notice())
		if (r.Err != "") != want.failed || r.Refused != want.refused {
			t.Errorf("%d: got %+v", status, r)
		}
		if want.failed && r.RetryAfter != 2*time.Minute {
			t.Errorf("%d: wait %s, want the 2m that were asked for", status, r.RetryAfter)
		}
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	var inside int
	s, c := hook(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/inside" {
			inside++
			return
		}
		http.Redirect(w, r, "/inside", http.StatusTemporaryRedirect)
	})
	if r := s.Send(t.Context(), c, notice()); !strings.Contains(r.Err, "redirects are not followed") || inside > 0 {
		t.Errorf("got %+v and %d requests there", r, inside)
	}
}

func TestAnErrorTellsNoSecret(t *testing.T) {
	s, c := hook(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte("no: " + r.URL.Path + " " + r.Header.Get("Authorization") + strings.Repeat("x", 1<<20)))
	})
	c.Webhook.Headers = map[string]notification.Secret{"Authorization": "Bearer abcdef"}
	refused := s.Send(t.Context(), c, notice())
	closed := c
	closed.Webhook = &notification.Webhook{URL: "https://127.0.0.1:1/services/T0PSECRET"}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, r := range map[string]notification.Result{
		"refused": refused, "closed": s.Send(t.Context(), closed, notice()), "cancelled": s.Send(ctx, c, notice()),
	} {
		if r.Err == "" || strings.Contains(r.Err, "T0PSECRET") || strings.Contains(r.Err, "abcdef") {
			t.Errorf("%s: got error %q", name, r.Err)
		}
		if len(r.Err) > 400 {
			t.Errorf("%s: the error has %d bytes", name, len(r.Err))
		}
	}
	if !strings.Contains(refused.Err, "403") {
		t.Errorf("the error %q does not say what was answered", refused.Err)
	}
}

func TestACertificateThatNobodyVouchesForIsRefused(t *testing.T) {
	s, c := hook(t, func(http.ResponseWriter, *http.Request) {})
	s = New(Options{Private: s.options.Private})
	if r := s.Send(t.Context(), c, notice()); !strings.Contains(r.Err, "certificate") {
		t.Errorf("got %+v", r)
	}
}
