package task

import (
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
)

func TestAFileTriggerIsAboutFilesThatItsMaskTakesDownToItsDepth(t *testing.T) {
	trigger := FileTrigger{Server: "js-1", Path: "/data/in", Mask: "*.csv", Depth: 1}
	for file, want := range map[string]bool{
		"/data/in/a.csv": true, "/data/in/x/a.csv": true, "/data/in/x/y/a.csv": false, "/data/in/a.txt": false,
		"/data/in/.a.csv": false, "/data/in/.x/a.csv": false, "/data/inside/a.csv": false, "/data/in/../a.csv": false,
		"/data/in": false, "a.csv": false, "/data/in/x/../a.csv": false,
	} {
		if trigger.Matches(file) != want {
			t.Errorf("Matches(%q) is %v", file, !want)
		}
	}
	hidden := FileTrigger{Path: "/", Mask: ".*"}
	if !hidden.Matches("/.done") || hidden.Matches("/done") {
		t.Error("a mask that begins with a dot takes names that do, and no others")
	}
}

func TestFileTriggersThatCannotBeWatchedAreRefused(t *testing.T) {
	good := FileTrigger{Server: "js-1", Path: "/data/in", Mask: "*.csv", On: FileCreated, Settle: Duration(time.Second)}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for field, spoil := range map[string]func(*FileTrigger){
		"":       func(f *FileTrigger) { f.VirtualServer = "etl" },
		"path":   func(f *FileTrigger) { f.Path = "/data/../in" },
		"mask":   func(f *FileTrigger) { f.Mask = "[a" },
		"on":     func(f *FileTrigger) { f.On = "deleted" },
		"depth":  func(f *FileTrigger) { f.Depth = MaxFileDepth + 1 },
		"settle": func(f *FileTrigger) { f.Settle = -1 },
		"poll":   func(f *FileTrigger) { f.Poll = 1 },
	} {
		f := good
		spoil(&f)
		fields := fault.Fields(f.Validate())
		if len(fields) != 1 || fields[0].Field != field {
			t.Errorf("%+v is refused with %v, want one fault of %q", f, fields, field)
		}
	}
}

func TestAChainThatWouldLeadBackIsRefusedWithThePath(t *testing.T) {
	links := []Link{{"a", "b"}, {"b", "c"}, {"b", "d"}, {"d", "b2"}}
	for _, added := range []Link{{"c", "d"}, {"a", "d"}, {"x", "a"}, {"a", "c"}} {
		if err := CheckChain(links, added); err != nil {
			t.Errorf("%v closes no loop, but: %v", added, err)
		}
	}
	for added, path := range map[Link]string{{"c", "a"}: "a → b → c → a", {"a", "a"}: "a → a", {"b2", "b"}: "b → d → b2 → b"} {
		err := CheckChain(links, added)
		fields := fault.Fields(err)
		if len(fields) != 1 || fields[0].Field != "after.task" || !strings.HasSuffix(fields[0].Reason, path) {
			t.Errorf("%v gives %v, want the path %s", added, err, path)
		}
	}
}

func TestWhichEndsAChainFollows(t *testing.T) {
	for state, want := range map[State]string{
		Succeeded: "ok any", Failed: "error any", TimedOut: "error any", Lost: "error any", Cancelled: "any", Reset: "any",
		Running: "", Unknown: "", Queued: "",
	} {
		var got []string
		for _, e := range []ChainEnd{ChainOK, ChainError, ChainAny} {
			if e.Includes(state) {
				got = append(got, string(e))
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s is an end for %q, want %q", state, got, want)
		}
	}
}

func TestParamsOfATriggerTakeValuesOfTheEvent(t *testing.T) {
	run := RunValues{ID: "r1", Task: "extract", State: Succeeded, Params: map[string]string{"date": "d"}, Outputs: map[string]string{"rows": "7"}}
	body := NewBodyValues([]byte(`{"ref":"main","n":12345678901234567890,"ok":true,"nil":null,"commits":[{"id":"c1"},{"id":"c2"}]}`))
	for _, c := range []struct {
		values EventValues
		given  map[string]string
		want   map[string]string
	}{
		{run, map[string]string{"a": "${{ run.id }}/${{run.outputs.rows}}", "b": "plain $${{ x }}", "c": "${{ run.params.date }}", "gone": "x${{ run.outputs.none }}"},
			map[string]string{"a": "r1/7", "b": "plain ${{ x }}", "c": "d"}},
		{body, map[string]string{"a": "${{ body.ref }}", "b": "${{ body.commits.1.id }}", "c": "${{ body.n }}", "d": "${{ body.ok }}",
			"e": "${{ body.commits.0 }}", "gone": "${{ body.nil }}", "gone2": "${{ body.commits.9.id }}", "gone3": "${{ body.ref.x }}"},
			map[string]string{"a": "main", "b": "c2", "c": "12345678901234567890", "d": "true", "e": `{"id":"c1"}`}},
		{FileValues("/in/x/a.csv"), map[string]string{"a": "${{ file.path }} ${{ file.name }} ${{ file.folder }}"},
			map[string]string{"a": "/in/x/a.csv a.csv /in/x"}},
		{NewBodyValues([]byte("no json")), map[string]string{"a": "${{ body }}", "gone": "${{ body.a }}"}, map[string]string{"a": "no json"}},
	} {
		got, err := TriggerSpec{Params: c.given}.EventParams(c.values)
		if err != nil || !maps.Equal(got, c.want) {
			t.Errorf("%v gives %v (%v), want %v", c.given, got, err, c.want)
		}
	}
	long := TriggerSpec{Params: map[string]string{"a": "${{ body }}"}}
	if _, err := long.EventParams(NewBodyValues(make([]byte, MaxParamValue+1))); !errors.Is(err, fault.Invalid) {
		t.Errorf("a value that is too long gives %v", err)
	}
}

func TestReferencesToWhatAnEventNeverHasAreRefused(t *testing.T) {
	for _, s := range []TriggerSpec{
		{File: &FileTrigger{}, Params: map[string]string{"a": "${{ body.x }}"}},
		{After: &AfterTrigger{}, Params: map[string]string{"a": "${{ run.outputs. }}"}},
		{Webhook: &WebhookTrigger{}, Params: map[string]string{"a": "${{ body.x"}},
	} {
		if fields := fault.Fields(s.validReferences()); len(fields) != 1 || fields[0].Field != "params.a" {
			t.Errorf("%s: %v", s.Kind(), fields)
		}
	}
	if err := (TriggerSpec{Cron: "@daily", Params: map[string]string{"a": "${{ x"}}).validReferences(); err != nil {
		t.Errorf("params of a trigger that is due at times are taken as they are, but: %v", err)
	}
}

func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

// The examples are those of the documents of GitHub and of Standard Webhooks.
func TestSignaturesAreCheckedAsTheirSendersMakeThem(t *testing.T) {
	github := WebhookTrigger{Signature: SignatureGitHub}
	h := headers("X-Hub-Signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17", "X-GitHub-Delivery", "72d3162e")
	if id, err := github.Verify("It's a Secret to Everybody", h, []byte("Hello, World!"), time.Time{}); err != nil || id != "72d3162e" {
		t.Errorf("GitHub's example is %q, %v", id, err)
	}
	standard, at := WebhookTrigger{Signature: SignatureStandard}, time.Unix(1614265330, 0)
	key, body := "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", []byte(`{"test": 2432232314}`)
	h = headers("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp", "1614265330",
		"webhook-signature", "v1,bm9uZQ== v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
	if id, err := standard.Verify(key, h, body, at.Add(time.Minute)); err != nil || id != "msg_p5jXN8AQM9LWM0D4loKWxJek" {
		t.Errorf("the example of Standard Webhooks is %q, %v", id, err)
	}
	for name, err := range map[string]error{
		"late":         second(standard.Verify(key, h, body, at.Add(WebhookTolerance+time.Second))),
		"early":        second(standard.Verify(key, h, body, at.Add(-WebhookTolerance-time.Second))),
		"another body": second(standard.Verify(key, h, []byte("{}"), at)),
		"another key":  second(standard.Verify("whsec_AAAA", h, body, at)),
		"unsigned":     second(standard.Verify(key, headers(), body, at)),
		"github":       second(github.Verify("key", headers("X-Hub-Signature-256", "sha256=00"), body, at)),
		"no github":    second(github.Verify("key", headers("X-Hub-Signature-256", "sha1=00"), body, at)),
	} {
		if !errors.Is(err, fault.Unauthorized) {
			t.Errorf("%s: %v, want it refused as unauthorized", name, err)
		}
	}
	h.Set("webhook-id", "another")
	if _, err := standard.Verify(key, h, body, at); !errors.Is(err, fault.Unauthorized) {
		t.Errorf("the same request under another id: %v, want it refused", err)
	}
}

func second(_ string, err error) error { return err }

func TestADeliveryWithoutSignatureHasTheIdThatItsSenderGives(t *testing.T) {
	for want, h := range map[string]http.Header{"": headers(), "k": headers("Idempotency-Key", "k", "Webhook-Id", "w"), "w": headers("webhook-id", "w")} {
		if id, err := (WebhookTrigger{}).Verify("", h, nil, time.Time{}); err != nil || id != want {
			t.Errorf("%v has the id %q (%v), want %q", h, id, err, want)
		}
	}
	if _, err := (WebhookTrigger{}).Verify("", headers("Idempotency-Key", strings.Repeat("x", MaxDeliveryID+1)), nil, time.Time{}); !errors.Is(err, fault.Invalid) {
		t.Errorf("an id that is too long: %v", err)
	}
}
