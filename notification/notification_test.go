package notification

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func event(kind string, edit ...func(*task.Event)) task.Event {
	e := task.Event{ID: 7, At: noon, Kind: kind, Subject: "01RUN", Task: "load-orders", Attempt: 1}
	for _, f := range edit {
		f(&e)
	}
	return e
}

func run(attempts ...task.Attempt) task.Run {
	began := noon
	for i := range attempts {
		attempts[i].Number = i + 1
		if attempts[i].State != task.AttemptWithdrawn {
			attempts[i].ClaimedAt = &began
		}
	}
	return task.Run{ID: "01RUN", Task: "load-orders", QueuedAt: noon, Spec: task.Spec{Labels: map[string]string{"team": "data"}}, Attempts: attempts}
}

func TestEachEndOfARunIsWorded(t *testing.T) {
	code := task.Attempt{Server: "js-1", State: task.AttemptFailed, Exit: &task.Exit{Kind: task.ExitExited, Code: 3}}
	for kind, want := range map[string]string{
		"run.failed":    "load-orders failed on js-1: exit code 3.",
		"run.timed_out": "load-orders timed out on js-1: exit code 3.",
		"run.lost":      "load-orders was lost on js-1: exit code 3.",
		"run.succeeded": "load-orders succeeded on js-1: exit code 3.",
		"run.reset":     "load-orders was reset on js-1: exit code 3.",
		"run.cancelled": "load-orders was cancelled on js-1: exit code 3.",
	} {
		_, to, _ := strings.Cut(kind, ".")
		n, ok := OfRun(event(kind, func(e *task.Event) { e.To, e.Reason = task.State(to), "exit\ncode\x00 3." }), run(code))
		if !ok || n.Text != want || n.Run.ExitCode == nil || *n.Run.ExitCode != 3 || n.Labels["team"] != "data" {
			t.Errorf("%s: got %q (%v), want %q", kind, n.Text, ok, want)
		}
		if strings.ContainsAny(n.Title, "\r\n") || !strings.Contains(n.Body(), "Exit code:      3\n") {
			t.Errorf("%s: got body\n%s", kind, n.Body())
		}
	}
}

func TestARecoveryIsToldOnlyIfTheRunLostItsServer(t *testing.T) {
	three := 3
	begun := event("run.running", func(e *task.Event) { e.From, e.To, e.Attempt = task.Starting, task.Running, 2 })
	lost := task.Attempt{Server: "js-1", State: task.AttemptUnavailable}
	for name, c := range map[string]struct {
		event task.Event
		run   task.Run
		want  string
	}{
		"from a checkpoint":       {begun, run(lost, task.Attempt{Server: "js-2", ResumedFrom: &three}), "load-orders goes on from checkpoint 3 on js-2 instead of js-1."},
		"from the beginning":      {begun, run(lost, task.Attempt{Server: "js-2"}), "load-orders goes on from the beginning on js-2 instead of js-1."},
		"after a lost one":        {begun, run(task.Attempt{Server: "js-1", State: task.AttemptLost}, task.Attempt{Server: "js-2"}), "load-orders goes on from the beginning on js-2 instead of js-1."},
		"on the same server":      {begun, run(lost, task.Attempt{Server: "js-1"}), ""},
		"a retry elsewhere":       {begun, run(task.Attempt{Server: "js-1", State: task.AttemptFailed}, task.Attempt{Server: "js-2"}), ""},
		"the first attempt":       {event("run.running", func(e *task.Event) { e.From = task.Starting }), run(task.Attempt{Server: "js-1"}), ""},
		"one that is heard again": {event("run.running", func(e *task.Event) { e.From, e.Attempt = task.Unknown, 2 }), run(lost, task.Attempt{Server: "js-2"}), ""},
	} {
		n, ok := OfRun(c.event, c.run)
		if ok != (c.want != "") || n.Text != c.want {
			t.Errorf("%s: got %q (%v), want %q", name, n.Text, ok, c.want)
		}
	}
	withdrawn := event("run.running", func(e *task.Event) { e.From, e.Attempt = task.Starting, 3 })
	n, ok := OfRun(withdrawn, run(lost, task.Attempt{Server: "js-3", State: task.AttemptWithdrawn}, task.Attempt{Server: "js-2"}))
	if !ok || n.Run.From != "js-1" {
		t.Errorf("got %+v (%v), want the offer that nobody claimed passed over", n, ok)
	}
}

func TestAServerIsBackOnlyAfterItWasUnavailable(t *testing.T) {
	for _, c := range []struct {
		kind, before, want string
	}{
		{"server.unavailable", "server.online", "job server js-1 is unavailable."},
		{"server.unavailable", "", "job server js-1 is unavailable."},
		{"server.declared_dead", "server.online", "job server js-1 is unavailable: disk burnt."},
		{"server.declared_dead", "server.unavailable", ""},
		{"server.online", "server.unavailable", "job server js-1 is back."},
		{"server.online", "server.declared_dead", "job server js-1 is back."},
		{"server.online", "server.online", ""},
		{"server.online", "", ""},
	} {
		e := event(c.kind, func(e *task.Event) {
			e.Subject, e.Task = "js-1", ""
			if c.kind == "server.declared_dead" {
				e.Reason = "disk burnt"
			}
		})
		n, ok := OfServer(e, nil, c.before)
		if ok != (c.want != "") || n.Text != c.want {
			t.Errorf("%s after %q: got %q (%v), want %q", c.kind, c.before, n.Text, ok, c.want)
		}
	}
}

func TestSkippedOccurrencesPlansAndLateRunsAreWorded(t *testing.T) {
	data := func(text string) func(*task.Event) {
		return func(e *task.Event) { e.Data, e.Reason = json.RawMessage(text), "the task was busy" }
	}
	one, _ := OfOccurrence(event("occurrence.skipped", data(`{"task": "load-orders", "trigger": "nightly", "count": 1, "scheduled_for": "2026-03-01T02:30:00Z"}`)), nil)
	many, _ := OfOccurrence(event("occurrence.skipped", data(`{"plan": "month", "trigger": "nightly", "count": 3, "scheduled_for": "2026-03-01T02:30:00Z"}`)), nil)
	ended, _ := OfPlan(event("plan_run.failed", data(`{"plan": "month"}`)))
	late, _ := OfRun(event("run.late", data(`{"expected": "start", "due": "2026-03-01T06:00:00Z"}`)), run())
	for want, n := range map[string]Notice{
		"load-orders was not started by nightly for 2026-03-01 02:30:00 UTC: the task was busy.":              one,
		"plan month was not started by nightly 3 times, last for 2026-03-01 02:30:00 UTC: the task was busy.": many,
		"plan month failed: the task was busy.":                                                               ended,
		"load-orders is late: not started by 2026-03-01 06:00:00 UTC: the task was busy.":                     late,
	} {
		if n.Text != want {
			t.Errorf("got %q, want %q", n.Text, want)
		}
	}
	if !(Rule{RuleSpec: RuleSpec{Events: []Kind{OccurrenceSkipped}, Plans: []string{"mon*"}}}).Matches(many) {
		t.Error("a rule by plan does not find the plan's occurrence")
	}
}

func TestEveryKindOfEventThatIsReadMakesANotice(t *testing.T) {
	kinds := map[Kind]bool{}
	for _, k := range EventKinds() {
		kind, _ := KindOf(event(k, func(e *task.Event) { e.From, e.Attempt = task.Starting, 2 }))
		kinds[kind] = true
	}
	for _, k := range Kinds() {
		if !kinds[k] {
			t.Errorf("no event is read for %s", k)
		}
	}
	if len(kinds) != len(Kinds()) {
		t.Errorf("got %v", kinds)
	}
}

func TestARuleMatchesWhatMeetsAllItsFilters(t *testing.T) {
	failed := Notice{Event: RunFailed, At: noon, Task: "load-orders", Server: "js-1", Labels: map[string]string{"team": "data", "env": "prod"}}
	server := Notice{Event: ServerUnavailable, At: noon, Server: "js-1", Labels: map[string]string{"zone": "a"}}
	for name, c := range map[string]struct {
		rule           RuleSpec
		failed, server bool
	}{
		"by event":                      {RuleSpec{Events: []Kind{RunFailed}}, true, false},
		"by another event":              {RuleSpec{Events: []Kind{RunLate}}, false, false},
		"by a task's name":              {RuleSpec{Events: Kinds(), Tasks: []string{"load-orders"}}, true, false},
		"by a pattern":                  {RuleSpec{Events: Kinds(), Tasks: []string{"x", "load-*"}}, true, false},
		"by a pattern that is part":     {RuleSpec{Events: Kinds(), Tasks: []string{"load"}}, false, false},
		"by a label":                    {RuleSpec{Events: Kinds(), Labels: map[string]string{"team": "data"}}, true, false},
		"by labels of which one is not": {RuleSpec{Events: Kinds(), Labels: map[string]string{"team": "data", "env": "test"}}, false, false},
		"by a server":                   {RuleSpec{Events: Kinds(), Servers: []string{"js-?"}}, true, true},
		"by a plan":                     {RuleSpec{Events: Kinds(), Plans: []string{"*"}}, false, false},
		"by all":                        {RuleSpec{Events: Kinds()}, true, true},
		"disabled":                      {RuleSpec{Events: Kinds(), Disabled: true}, false, false},
	} {
		r := Rule{RuleSpec: c.rule}
		if r.Matches(failed) != c.failed || r.Matches(server) != c.server {
			t.Errorf("%s: matches a run %v and a server %v, want %v and %v", name, r.Matches(failed), r.Matches(server), c.failed, c.server)
		}
	}
	later := Rule{RuleSpec: RuleSpec{Events: Kinds()}, CreatedAt: noon.Add(time.Millisecond)}
	if later.Matches(failed) {
		t.Error("a rule speaks of what happened before it was made")
	}
	channels, by := Recipients([]Rule{
		{RuleSpec: RuleSpec{Name: "a", Events: Kinds(), Channels: []string{"ops", "dev"}}},
		{RuleSpec: RuleSpec{Name: "b", Events: Kinds(), Channels: []string{"dev", "boss"}}},
		{RuleSpec: RuleSpec{Name: "c", Events: []Kind{RunLate}, Channels: []string{"none"}}},
	}, failed)
	if !slices.Equal(channels, []string{"ops", "dev", "boss"}) || !slices.Equal(by, []string{"a", "b"}) {
		t.Errorf("got %v by %v, want each channel once", channels, by)
	}
}

func TestADeliveryIsTriedUntilItIsTakenRefusedTooOldOrTriedTooOften(t *testing.T) {
	c := ChannelSpec{MaxTries: 3, MaxAge: task.Duration(time.Hour)}
	d := Delivery{State: Waiting, Tries: 1, Since: noon}
	down := Result{Err: "down\nfor now"}
	for name, w := range map[string]struct {
		d    Delivery
		r    Result
		at   time.Duration
		want State
	}{
		"taken":           {d, Result{}, 0, Delivered},
		"down":            {d, down, 0, Waiting},
		"refused":         {d, Result{Err: "no", Refused: true}, 0, Dead},
		"tried too often": {Delivery{State: Waiting, Tries: 3, Since: noon}, down, 0, Dead},
		"too old":         {d, down, time.Hour, Dead},
		"old, but taken":  {d, Result{}, 48 * time.Hour, Delivered},
	} {
		now := noon.Add(w.at)
		got := w.d.After(w.r, c, now, 0.5)
		if got.State != w.want || (got.EndedAt != nil) != (w.want != Waiting) || (got.LastError == "") != (w.r.Err == "") {
			t.Errorf("%s: got %+v, want %s", name, got, w.want)
		}
		if w.want == Waiting && (!got.NextAt.Equal(now.Add(5*time.Second)) || got.LastError != "down for now") {
			t.Errorf("%s: got %+v, want it tried again in 5s", name, got)
		}
	}
	asked := d.After(Result{Err: "busy", RetryAfter: 10 * time.Minute}, c, noon, 0.5)
	if !asked.NextAt.Equal(noon.Add(10 * time.Minute)) {
		t.Errorf("tried again at %s, want after the 10m that were asked for", asked.NextAt)
	}
}

func TestBackoffDoublesUpToItsBoundAndIsSpread(t *testing.T) {
	want := 5 * time.Second
	for tries := 1; tries < 100; tries++ {
		least, middle, most := Backoff(tries, 0), Backoff(tries, 0.5), Backoff(tries, 1)
		if middle != want || least != want*3/4 || most != want*5/4 {
			t.Fatalf("after %d tries: got %s to %s, want a quarter around %s", tries, least, most, want)
		}
		want = min(2*want, 30*time.Minute)
	}
	// What the documents state: 50 tries fill most of a day.
	total := time.Duration(0)
	for tries := 1; tries < DefaultMaxTries; tries++ {
		total += Backoff(tries, 0.5)
	}
	if total < 20*time.Hour || total > 24*time.Hour {
		t.Errorf("%d tries take %s", DefaultMaxTries, total)
	}
}

func TestASecretPrintsAsNothingOfItself(t *testing.T) {
	c := ChannelSpec{Webhook: &Webhook{URL: "https://h/T0P", Secret: "SECRET", Headers: map[string]Secret{"A": "SECRET"}}, Email: &Email{Password: "SECRET"}}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, v := range []any{c.Webhook.Secret, *c.Webhook, *c.Email, c.Webhook.Headers} {
			if text := fmt.Sprintf(format, v); strings.Contains(text, "SECRET") || strings.Contains(text, "T0P") {
				t.Errorf("%s: %s", format, text)
			}
		}
	}
	text, err := json.Marshal(c.Public())
	if err != nil || strings.Contains(string(text), "SECRET") || strings.Contains(string(text), "T0P") {
		t.Errorf("the public part is %s (%v)", text, err)
	}
	if c.Webhook.Secret != "SECRET" || c.Email.Password != "SECRET" {
		t.Error("showing the public part took the secrets away")
	}
}

func TestAChannelSaysWhatIsWrongWithIt(t *testing.T) {
	mail := func(edit func(*Email)) ChannelSpec {
		e := Email{Host: "smtp.example.com", From: "a@example.com", To: []string{"b@example.com"}}
		edit(&e)
		return ChannelSpec{Name: "c", Email: &e}
	}
	hook := func(edit func(*Webhook)) ChannelSpec {
		w := Webhook{URL: "https://hooks.example.com/"}
		edit(&w)
		return ChannelSpec{Name: "c", Webhook: &w}
	}
	for name, c := range map[string]struct {
		spec  ChannelSpec
		field string
	}{
		"a good mailbox":               {mail(func(*Email) {}), ""},
		"a good webhook":               {hook(func(*Webhook) {}), ""},
		"neither":                      {ChannelSpec{Name: "c"}, ""},
		"no host":                      {mail(func(e *Email) { e.Host = "" }), "email.host"},
		"a host with a line break":     {mail(func(e *Email) { e.Host = "a\r\nRCPT" }), "email.host"},
		"a port that is none":          {mail(func(e *Email) { e.Port = 70000 }), "email.port"},
		"an unknown security":          {mail(func(e *Email) { e.Security = "ssl" }), "email.security"},
		"a login in clear":             {mail(func(e *Email) { e.Security, e.Username = NoTLS, "u" }), "email.security"},
		"a password without a name":    {mail(func(e *Email) { e.Password = "p" }), "email.username"},
		"a sender with a line break":   {mail(func(e *Email) { e.From = "a@b\r\nBcc: c@d" }), "email.from"},
		"no receiver":                  {mail(func(e *Email) { e.To = nil }), "email.to"},
		"a receiver that is none":      {mail(func(e *Email) { e.To = []string{"a@b", "ops"} }), "email.to[1]"},
		"a receiver twice":             {mail(func(e *Email) { e.To = []string{"a@b", "a@b"} }), "email.to[1]"},
		"no address":                   {hook(func(w *Webhook) { w.URL = "" }), "webhook.url"},
		"another scheme":               {hook(func(w *Webhook) { w.URL = "file:///etc/passwd" }), "webhook.url"},
		"an address with a line break": {hook(func(w *Webhook) { w.URL = "https://a/\r\nX: y" }), "webhook.url"},
		"an unknown format":            {hook(func(w *Webhook) { w.Format = "teams" }), "webhook.format"},
		"a short secret":               {hook(func(w *Webhook) { w.Secret = "short" }), "webhook.secret"},
		"a header of Segno's own":      {hook(func(w *Webhook) { w.Headers = map[string]Secret{"Webhook-ID": "x"} }), "webhook.headers.Webhook-ID"},
		"a header with a line break":   {hook(func(w *Webhook) { w.Headers = map[string]Secret{"X": "a\r\nY: b"} }), "webhook.headers.X"},
		"a header's name with a colon": {hook(func(w *Webhook) { w.Headers = map[string]Secret{"X: y": "a"} }), "webhook.headers.X: y"},
		"too old":                      {ChannelSpec{Name: "c", Webhook: &Webhook{URL: "https://a/"}, MaxAge: task.Duration(8 * 24 * time.Hour)}, "max_age"},
		"tried too often":              {ChannelSpec{Name: "c", Webhook: &Webhook{URL: "https://a/"}, MaxTries: 1001}, "max_tries"},
	} {
		fields := fault.Fields(c.spec.Validate())
		good := strings.HasPrefix(name, "a good")
		if good != (len(fields) == 0) || !good && !slices.ContainsFunc(fields, func(f fault.FieldError) bool { return f.Field == c.field }) {
			t.Errorf("%s: got %v, want %q", name, fields, c.field)
		}
	}
}

func TestRedactTakesSecretsOutOfWhatOthersSay(t *testing.T) {
	c := ChannelSpec{Webhook: &Webhook{URL: "https://hooks.example.com/services/T0P", Secret: "a-long-secret", Headers: map[string]Secret{"A": "Bearer abc"}}}
	got := c.Redact(`Post "https://hooks.example.com/services/T0P": no a-long-secret, no Bearer abc, no services/T0P`)
	if strings.Contains(got, "T0P") || strings.Contains(got, "a-long") || strings.Contains(got, "abc") {
		t.Errorf("got %s", got)
	}
	c.Webhook.URL = "https://hooks.example.com/redir"
	const answer = "the receiver answered 302 Found; redirects are not followed"
	if got := c.Redact(answer); got != answer {
		t.Errorf("got %q, want a word of the sentence to stay although the path is a part of it", got)
	}
	if got := c.Redact("no /redir here"); strings.Contains(got, "redir") {
		t.Errorf("got %q, want the path taken out", got)
	}
}
