package api_test

import (
	"context"
	"strings"
	"testing"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/virtualserver"
)

func (f *fake) PreviewVirtualServers(_ context.Context, drafts []virtualserver.Spec, of string) ([]virtualserver.Effect, error) {
	effects := make([]virtualserver.Effect, len(drafts))
	for i, d := range drafts {
		effects[i] = virtualserver.Effect{
			Name: d.Name, Placement: virtualserver.Placement{At: noon, Reason: "best for " + of},
			Before: virtualserver.Capacity{Members: 1, Taking: 1, Slots: 4, Used: 2}, After: virtualserver.Capacity{Members: len(d.Members)},
			Queued: 3, CouldStart: 2,
		}
	}
	return effects, nil
}

func TestAPreviewTellsTheEffectOfEachDraft(t *testing.T) {
	h := serve(t)
	var got wire.Page[wire.Effect]
	h.do("POST", "/api/v1/virtual-servers/preview", `{"virtual_servers": [{"name": "etl", "members": ["js-1", "js-2"]}, {"name": "new"}], "task": "load"}`).want(200).into(&got)
	if len(got.Items) != 2 || got.Items[0].After.Members != 2 || got.Items[0].Before.Slots != 4 || got.Items[1].Name != "new" ||
		got.Items[0].Placement.Reason != "best for load" || got.Items[0].CouldStart != 2 || got.Items[1].Stranded == nil {
		t.Errorf("got %+v", got)
	}
	if h.writes != 0 {
		t.Errorf("%d writes by asking", h.writes)
	}
}

func TestAPreviewOfWhatCouldNotBeStoredIsRefused(t *testing.T) {
	h := serve(t)
	many := "[" + strings.TrimSuffix(strings.Repeat(`{"name": "a"},`, 65), ",") + "]"
	for _, c := range []struct {
		body   string
		status int
		field  string
	}{
		{`{"virtual_servers": []}`, 422, "virtual_servers"},
		{`{"virtual_servers": ` + many + `}`, 422, "virtual_servers"},
		{`{"virtual_servers": [{"name": "a"}, {"name": "A B"}]}`, 422, "virtual_servers[1].name"},
		{`{"virtual_servers": [{"name": "a", "selection": "best"}]}`, 422, "virtual_servers[0].selection"},
		{`{"virtual_servers": [{"name": "a"}], "task": "A/B"}`, 422, "task"},
		{`{"drafts": []}`, 400, "drafts"},
	} {
		p := h.do("POST", "/api/v1/virtual-servers/preview", c.body).problem(c.status)
		if field(p, c.field) == "" {
			t.Errorf("%.80s: got the errors %v, want one for %s", c.body, p.Errors, c.field)
		}
	}
}

func TestThePresetsOfRatingsAreListed(t *testing.T) {
	h := serve(t)
	var got wire.RatingPresets
	h.do("GET", "/api/v1/rating-presets", "").want(200).into(&got)
	if len(got.Presets) != len(virtualserver.Presets()) || got.Presets[0].Name != virtualserver.DefaultPreset || len(got.Presets[0].Indicators) == 0 ||
		len(got.Metrics) != len(virtualserver.Metrics()) || got.Metrics[0].Meaning == "" {
		t.Errorf("got %+v", got)
	}
}
