package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/notification"
)

// told is the part of the fake API that is about notifications. Unlike what it answers, it keeps secrets.
type told struct {
	channels   map[string]notification.Channel
	rules      map[string]wire.NotificationRule
	deliveries map[string]wire.Delivery
	test       wire.ChannelTest
}

func (f *fakeAPI) routeNotifications(mux *http.ServeMux) {
	f.told = told{channels: map[string]notification.Channel{}, rules: map[string]wire.NotificationRule{}, deliveries: map[string]wire.Delivery{}}
	shown := func() map[string]wire.Channel {
		all := map[string]wire.Channel{}
		for name, c := range f.told.channels {
			all[name] = wire.ChannelOf(c)
		}
		return all
	}
	f.route(mux, "GET /notifications/channels", func(r *http.Request) (any, error) { return listOf(shown())(r) })
	f.route(mux, "GET /notifications/channels/{name}", func(r *http.Request) (any, error) { return oneOf(shown())(r) })
	f.route(mux, "DELETE /notifications/channels/{name}", removeOf(f.told.channels))
	f.route(mux, "POST /notifications/channels", func(r *http.Request) (any, error) {
		var s notification.ChannelSpec
		err := json.NewDecoder(r.Body).Decode(&s)
		f.told.channels[s.Name] = notification.Channel{ChannelSpec: s, Version: 1, CreatedAt: noon, UpdatedAt: noon}
		return shown()[s.Name], err
	})
	f.route(mux, "PATCH /notifications/channels/{name}", func(r *http.Request) (any, error) {
		c, err := find(f.told.channels, r.PathValue("name"))
		if err != nil {
			return nil, err
		}
		before, _ := json.Marshal(c.ChannelSpec)
		patch, _ := io.ReadAll(r.Body)
		after, err := wire.Merge(before, patch)
		if err != nil {
			return nil, err
		}
		c.ChannelSpec = notification.ChannelSpec{}
		if err := json.Unmarshal(after, &c.ChannelSpec); err != nil {
			return nil, err
		}
		if again, _ := json.Marshal(c.ChannelSpec); string(again) != string(before) {
			c.Version++
		}
		f.told.channels[c.Name] = c
		return wire.ChannelOf(c), nil
	})
	f.route(mux, "POST /notifications/channels/{name}/test", func(*http.Request) (any, error) { return f.told.test, nil })
	f.route(mux, "GET /notifications/rules", listOf(f.told.rules))
	f.route(mux, "GET /notifications/rules/{name}", oneOf(f.told.rules))
	f.route(mux, "PATCH /notifications/rules/{name}", patchOf(f.told.rules))
	f.route(mux, "DELETE /notifications/rules/{name}", removeOf(f.told.rules))
	f.route(mux, "POST /notifications/rules", func(r *http.Request) (any, error) {
		var s notification.RuleSpec
		err := json.NewDecoder(r.Body).Decode(&s)
		f.told.rules[s.Name] = wire.NotificationRule{RuleSpec: s, Version: 1, UpdatedAt: wire.At(noon)}
		return f.told.rules[s.Name], err
	})
	f.route(mux, "GET /notifications/deliveries", listOf(f.told.deliveries))
	f.route(mux, "GET /notifications/deliveries/{name}", oneOf(f.told.deliveries))
	f.route(mux, "POST /notifications/deliveries/{name}/retry", oneOf(f.told.deliveries))
}

const notificationFile = `kind: notification-channel
name: ops
webhook:
  url: {env: OPS_HOOK}
  secret: {file: ops.key}
  headers: {X-Key: HEADERKEY}
---
kind: notification-channel
name: mail
email: {host: smtp.example.com, username: segno, password: {env: MAIL_KEY}, from: segno@example.com, to: [ops@example.com]}
---
kind: notification-rule
name: failures
events: [run_failed, run_late]
tasks: [load-*]
channels: [ops, mail]
`

func TestApplySetsNotificationsUpWithSecretsFromWhereTheFileSays(t *testing.T) {
	s := newShell(t)
	s.env["OPS_HOOK"], s.env["MAIL_KEY"] = "https://hooks.example.com/T0PSECRET", "MAILSECRET"
	path := file(t, notificationFile)
	key := filepath.Join(filepath.Dir(path), "ops.key")
	if err := os.WriteFile(key, []byte("a-key-of-16-letters\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	first := s.run("apply", "-f", path)
	if first.code != 0 {
		t.Fatal(first.err)
	}
	for _, secret := range []string{"T0PSECRET", "MAILSECRET", "a-key-of", "HEADERKEY"} {
		if strings.Contains(first.out+first.err, secret) {
			t.Errorf("the secret %s is shown:\n%s", secret, first.out)
		}
	}
	ops := s.api.told.channels["ops"].Webhook
	if ops.URL != "https://hooks.example.com/T0PSECRET" || ops.Secret != "a-key-of-16-letters" || ops.Headers["X-Key"] != "HEADERKEY" {
		t.Errorf("stored the secrets %q %q %q", string(ops.URL), string(ops.Secret), string(ops.Headers["X-Key"]))
	}
	if len(s.api.told.rules) != 1 || s.api.told.channels["mail"].Email.Password != "MAILSECRET" {
		t.Errorf("stored %v", s.api.told.rules)
	}

	again := s.run("apply", "-f", path)
	if again.code != 0 || !strings.Contains(again.out, "Nothing to change") || strings.Contains(again.err, "secret") {
		t.Errorf("a second time: exit code %d\n%s%s", again.code, again.out, again.err)
	}
	if dry := s.run("apply", "-f", path, "--dry-run"); dry.code != 0 {
		t.Errorf("a dry run of what is as in the files: exit code %d", dry.code)
	}

	s.env["OPS_HOOK"] = "https://hooks.example.com/ROTATED1"
	rotated := s.run("apply", "-f", path)
	if rotated.code != 0 || !strings.Contains(rotated.err, "notification-channel ops has new secrets") || strings.Contains(rotated.err, "mail has new") {
		t.Errorf("a changed secret: exit code %d\n%s%s", rotated.code, rotated.out, rotated.err)
	}
	if got := s.api.told.channels["ops"].Webhook; !strings.HasSuffix(string(got.URL), "ROTATED1") || got.Secret == "" {
		t.Errorf("stored the address %q", string(got.URL))
	}
}

func TestApplyTakesASecretAwayThatTheFileDoesNotHave(t *testing.T) {
	s := newShell(t)
	s.api.told.channels["ops"] = notification.Channel{Version: 1, ChannelSpec: notification.ChannelSpec{Name: "ops", Webhook: &notification.Webhook{
		URL: "https://hooks.example.com/x", Secret: "a-key-of-16-letters", Headers: map[string]notification.Secret{"X-Old": "1", "X-Kept": "2"},
	}}}
	text := "kind: notification-channel\nname: ops\nwebhook: {url: 'https://hooks.example.com/x', headers: {X-Kept: '2'}}\n"
	dry := s.run("apply", "-f", file(t, text), "--dry-run")
	if dry.code != exitChanges || !strings.Contains(dry.out, "secrets.webhook.secret") {
		t.Errorf("exit code %d\n%s%s", dry.code, dry.out, dry.err)
	}
	s.ok("apply", "-f", file(t, text))
	if got := s.api.told.channels["ops"].Webhook; got.Secret != "" || len(got.Headers) != 1 || got.Headers["X-Kept"] != "2" || got.URL == "" {
		t.Errorf("got %d headers and the secret %q", len(got.Headers), string(got.Secret))
	}
}

func TestApplySaysWhereASecretIsMissing(t *testing.T) {
	s := newShell(t)
	got := s.run("apply", "-f", file(t, notificationFile))
	for _, want := range []string{"setup.yaml:4: webhook.url: the environment variable OPS_HOOK is not set", "setup.yaml:5: webhook.secret: ", "setup.yaml:10: email.password"} {
		if got.code == 0 || !strings.Contains(got.err, want) {
			t.Errorf("exit code %d, want %q in\n%s", got.code, want, got.err)
		}
	}
	bad := s.run("apply", "-f", file(t, "kind: notification-channel\nname: a\nwebhook: {url: {vault: x}}\n"))
	if bad.code == 0 || !strings.Contains(bad.err, "setup.yaml:3") || !strings.Contains(bad.err, "{env: NAME}") {
		t.Errorf("exit code %d\n%s", bad.code, bad.err)
	}
}

func TestChannelsAreMadeTestedAndPaused(t *testing.T) {
	s := newShell(t)
	s.env["HOOK"], s.stdin = "https://hooks.example.com/T0PSECRET", "a-key-of-16-letters\n"
	s.ok("notification", "channel", "create", "chat", "--url-from", "env:HOOK", "--format", "slack", "--secret-from", "-")
	if w := s.api.told.channels["chat"].Webhook; w == nil || string(w.URL) != s.env["HOOK"] || w.Secret != "a-key-of-16-letters" || w.Format != "slack" {
		t.Fatalf("stored %+v", w)
	}
	s.env["PW"] = "pw"
	s.ok("notification", "channel", "create", "mail", "--smtp", "smtp.example.com", "--username", "u", "--password-from", "env:PW", "--from", "a@b.c", "--to", "c@d.e,f@g.h")
	if e := s.api.told.channels["mail"].Email; e == nil || e.Password != "pw" || len(e.To) != 2 {
		t.Fatalf("stored %+v", e)
	}
	out := s.ok("notification", "channel", "list") + s.ok("notification", "channel", "show", "chat") + s.ok("notification", "channel", "show", "mail")
	if strings.Contains(out, "T0PSECRET") || !strings.Contains(out, "https://hooks.example.com") || !strings.Contains(out, "smtp.example.com:587") || !strings.Contains(out, "webhook.secret, webhook.url") {
		t.Errorf("got\n%s", out)
	}
	s.env["HOOK"] = "https://hooks.example.com/T1SECRET"
	s.ok("notification", "channel", "edit", "chat", "--url-from", "env:HOOK", "--description", "the team")
	if c := s.api.told.channels["chat"]; string(c.Webhook.URL) != s.env["HOOK"] || c.Webhook.Secret != "a-key-of-16-letters" || c.Webhook.Format != "slack" || c.Description != "the team" {
		t.Errorf("an edit stored %+v, want the rest as it was", c)
	}
	s.ok("notification", "channel", "edit", "mail", "--to", "x@y.z")
	if e := s.api.told.channels["mail"].Email; e.Password != "pw" || len(e.To) != 1 || e.To[0] != "x@y.z" || e.Host != "smtp.example.com" {
		t.Errorf("an edit stored %+v, want the rest as it was", e)
	}
	if got := s.run("notification", "channel", "edit", "chat"); got.code != exitUsage {
		t.Errorf("an edit of nothing: exit code %d\n%s", got.code, got.err)
	}
	s.ok("notification", "channel", "pause", "chat")
	if !s.api.told.channels["chat"].Paused || s.api.told.channels["chat"].Webhook.URL == "" {
		t.Errorf("a pause stored %+v", s.api.told.channels["chat"])
	}
	s.api.told.test = wire.ChannelTest{ID: "01A", Delivered: true, Took: "12ms"}
	if got := s.ok("notification", "channel", "test", "chat"); !strings.Contains(got, "01A") {
		t.Errorf("got %s", got)
	}
	s.api.told.test = wire.ChannelTest{ID: "01A", Error: "the receiver answered 404"}
	if got := s.run("notification", "channel", "test", "chat"); got.code != exitError || !strings.Contains(got.err, "answered 404") {
		t.Errorf("exit code %d\n%s", got.code, got.err)
	}
	for _, args := range [][]string{{"x"}, {"x", "--url-from", "HOOK"}, {"x", "--url-from", "env:NOSUCH"}} {
		if got := s.run(append([]string{"notification", "channel", "create"}, args...)...); got.code != exitUsage {
			t.Errorf("%v: exit code %d\n%s", args, got.code, got.err)
		}
	}
	s.ok("notification", "channel", "delete", "chat")
}

func TestRulesAndDeliveriesAreListedAndChanged(t *testing.T) {
	s := newShell(t)
	if got := s.run("notification", "rule", "list"); !strings.Contains(got.err, "nobody is told") {
		t.Errorf("got\n%s%s", got.out, got.err)
	}
	s.ok("notification", "rule", "create", "data", "--events", "run_failed,run_late", "--tasks", "load-*", "--label", "team=data", "--channels", "ops")
	if r := s.api.told.rules["data"]; len(r.Events) != 2 || r.Labels["team"] != "data" || r.Tasks[0] != "load-*" {
		t.Errorf("stored %+v", r)
	}
	if got := s.ok("notification", "rule", "list") + s.ok("notification", "rule", "show", "data"); !strings.Contains(got, "tasks load-*; team=data") {
		t.Errorf("got\n%s", got)
	}
	s.ok("notification", "rule", "disable", "data")
	if !s.api.told.rules["data"].Disabled {
		t.Error("the rule still speaks")
	}
	s.ok("notification", "rule", "delete", "data")
	s.api.told.deliveries["01A"] = wire.Delivery{
		ID: "01A", Channel: "ops", Event: notification.RunFailed, Title: "load failed", State: notification.Dead, Tries: 50, LastError: "down\x1b[31m",
		CreatedAt: wire.At(noon), Notice: notification.Notice{Text: "load failed: exit code 1."},
	}
	got := s.ok("notification", "delivery", "list") + s.ok("notification", "delivery", "show", "01A")
	if strings.Contains(got, "\x1b") || !strings.Contains(got, "exit code 1.") || !strings.Contains(got, "dead") {
		t.Errorf("got %q", got)
	}
	if got := s.run("notification", "delivery", "retry", "01A"); got.code != 0 || !strings.Contains(got.err, "ops is told again") {
		t.Errorf("got\n%s", got.err)
	}
}
