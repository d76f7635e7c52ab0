package api_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/audit"
)

func TestWhatAnOperatorDoesIsRecordedAlsoIfItIsRefused(t *testing.T) {
	h := serve(t)
	h.addServer("js-1")
	h.do("POST", "/api/v1/servers/js-1/declare-dead", `{"reason": "its disk is in pieces"}`).want(200)
	h.do("POST", "/api/v1/servers/js-9/declare-dead", `{"reason": "its disk is in pieces"}`).problem(404)
	h.do("POST", "/api/v1/servers/js-1/declare-dead", `{"reason"`).problem(400)
	h.do("DELETE", "/api/v1/virtual-servers/etl", "").problem(404)
	h.do("POST", "/api/v1/runs/01X/recover", `{"checkpoint": 3}`).problem(404)
	h.do("POST", "/api/v1/triggers/resume?x=1", "").problem(400)
	h.do("GET", "/api/v1/servers/js-1", "").want(200)
	want := []audit.Deed{
		{Act: "declareServerDead", Subject: "servers/js-1", Reason: "its disk is in pieces", Request: `{"reason": "its disk is in pieces"}`, Outcome: "done"},
		{Act: "declareServerDead", Subject: "servers/js-9", Reason: "its disk is in pieces", Request: `{"reason": "its disk is in pieces"}`},
		{Act: "declareServerDead", Subject: "servers/js-1"},
		{Act: "deleteVirtualServer", Subject: "virtual-servers/etl"},
		{Act: "recoverRun", Subject: "runs/01X", Request: `{"checkpoint": 3}`},
	}
	for i := range want {
		want[i].By, want[i].From = "admin", "127.0.0.1"
	}
	got := h.recorded
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(audit.Deed{}, "At", "Outcome")); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	for i, d := range got {
		if done := d.Outcome == audit.Done; done != (i == 0) || d.At.IsZero() || d.Outcome == "" {
			t.Errorf("deed %d has the outcome %q, at %s", i, d.Outcome, d.At)
		}
	}
}

func TestAnAnswerThatIsGivenAgainIsNoFurtherDeed(t *testing.T) {
	h := serve(t)
	h.addServer("js-1")
	for range 2 {
		h.do("POST", "/api/v1/servers/js-1/drain", `{"reason": "a new disk"}`, "Idempotency-Key", "once").want(200)
	}
	if len(h.recorded) != 1 || h.recorded[0].Reason != "a new disk" {
		t.Errorf("got %+v", h.recorded)
	}
}

func TestTheAuditLogIsListed(t *testing.T) {
	h := serve(t)
	h.recorded = []audit.Deed{{ID: 7, At: noon, By: "admin", From: "::1", Act: "drainServer", Subject: "servers/js-1", Outcome: "done"}}
	reply := h.do("GET", "/api/v1/audit?by=admin&act=drainServer&subject=servers/js-1&since=2026-03-01T00:00:00Z&until=2026-03-02T00:00:00Z", "").want(200)
	var got wire.Page[wire.Deed]
	reply.into(&got)
	if len(got.Items) != 1 || got.Items[0].ID != 7 || string(got.Items[0].Request) != "null" {
		t.Errorf("got %+v", got)
	}
	if f := h.filtered; f.By != "admin" || f.Act != "drainServer" || f.Subject != "servers/js-1" || f.Since.IsZero() || f.Until.IsZero() {
		t.Errorf("asked for %+v", f)
	}
	h.do("GET", "/api/v1/audit?since=yesterday", "").problem(422)
	if text := strings.TrimSpace(h.log.String()); strings.Contains(text, "could not be recorded") {
		t.Error(text)
	}
}
