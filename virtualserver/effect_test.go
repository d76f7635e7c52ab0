package virtualserver_test

import (
	"testing"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/virtualserver"
)

func TestCapacityCountsTheSlotsOfMembersThatTakeNewRuns(t *testing.T) {
	candidates := []virtualserver.Candidate{
		candidate("js-1", busy(3)),
		candidate("js-2", busy(1), func(c *virtualserver.Candidate) { c.Server.Mode = jobserver.Draining }),
		candidate("js-3", func(c *virtualserver.Candidate) { c.Server.State = jobserver.Unreachable }),
		candidate("js-4", func(c *virtualserver.Candidate) { c.Server.Quarantine = "a process is left" }),
		candidate("js-9", busy(2)),
	}
	got := virtualserver.CapacityOf(group("js-1", "js-2", "js-3", "js-4", "js-5"), candidates)
	if want := (virtualserver.Capacity{Members: 5, Taking: 1, Slots: 8, Used: 3}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	inactive := group("js-1")
	inactive.Inactive = true
	if got := virtualserver.CapacityOf(inactive, candidates); got != (virtualserver.Capacity{Members: 1}) {
		t.Errorf("an inactive group: got %+v, want one member and no slots", got)
	}
}

func TestAGroupCanTakeWhatItNeedOnlyWaitFor(t *testing.T) {
	for name, tt := range map[string]struct {
		member change
		want   bool
	}{
		"a free one":  {busy(0), true},
		"a full one":  {busy(8), true},
		"not sampled": {func(c *virtualserver.Candidate) { c.Server.Sample = nil }, true},
		"a draining":  {func(c *virtualserver.Candidate) { c.Server.Mode = jobserver.Draining }, false},
		"a silent":    {func(c *virtualserver.Candidate) { c.Server.State = jobserver.Unreachable }, false},
	} {
		if got := place(group("js-1"), virtualserver.Request{}, candidate("js-1", tt.member)).CanTake(); got != tt.want {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
	if place(group(), virtualserver.Request{}).CanTake() {
		t.Error("a group without members can take a run")
	}
}
