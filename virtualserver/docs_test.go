package virtualserver_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/segno-jobs/segno/virtualserver"
)

// docs/rating.md explains every word that an operator can meet, and the presets as they are.
func TestThePageOnRatingIsComplete(t *testing.T) {
	data, err := os.ReadFile("../docs/rating.md")
	if err != nil {
		t.Fatal(err)
	}
	page := strings.ReplaceAll(string(data), "−", "-")
	want := func(what, text string) {
		if !strings.Contains(page, text) {
			t.Errorf("%s: %s is not there", what, text)
		}
	}
	for _, m := range virtualserver.Metrics() {
		want("metric", "`"+m.Name+"`")
	}
	for _, s := range virtualserver.Selections() {
		want("selection", "| `"+string(s)+"`")
	}
	for _, r := range []virtualserver.Refusal{
		virtualserver.RefusedOffline, virtualserver.RefusedDraining, virtualserver.RefusedDisabled, virtualserver.RefusedInactive, virtualserver.RefusedNoSlot,
		virtualserver.RefusedLabel, virtualserver.RefusedBound, virtualserver.RefusedKind, virtualserver.RefusedNoSample, virtualserver.RefusedNotJoined,
		virtualserver.RefusedQuarantined, virtualserver.RefusedReturned, virtualserver.RefusedUser,
	} {
		want("refusal", "`"+string(r)+"`")
	}
	for _, p := range virtualserver.Presets() {
		want("preset", "| `"+p.Name+"`")
		if p.Name == virtualserver.Talend {
			continue // Its wide bounds are told in words.
		}
		for _, i := range p.Indicators {
			text := fmt.Sprintf("[%v, %v] %v", i.Min, i.Max, i.Weight)
			if !strings.Contains(page, "`"+i.Name+"` "+text) {
				t.Errorf("%s: %s %s is not there", p.Name, i.Name, text)
			}
		}
	}
}
