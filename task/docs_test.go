package task_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

// docs/policies.md names every policy and ground, and its figures are those of the code.
func TestThePageOnPoliciesIsTrue(t *testing.T) {
	data, err := os.ReadFile("../docs/policies.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	want := func(format string, args ...any) {
		t.Helper()
		if text := fmt.Sprintf(format, args...); !strings.Contains(page, text) {
			t.Errorf("%q is not there", text)
		}
	}
	for _, k := range policy.Kinds() {
		want("| `%s`", k)
	}
	for _, g := range []policy.Ground{
		policy.ExitReported, policy.StopConfirmed, policy.HostRebooted, policy.LeaseExpired, policy.OperatorStatement, policy.LeftRunning,
	} {
		want("| `%s` |", g)
	}
	want("5s to %.0fh", task.MaxUnavailableAfter.Hours())
	want("at most %d", task.MaxRetries)
	want("%s by default, %s to 1h", task.DefaultBackoff, task.MinBackoff)
	want("%d GiB each", task.MaxCheckpointSize>>30)
	want("| %d bytes, one line |", task.MaxCheckpointName)
	want("the last %d, those with a label", task.KeptCheckpoints)
	for lc, beats := range map[time.Duration]string{5 * time.Second: "0.6", 10 * time.Second: "1.5", 30 * time.Second: "1.5", 2 * time.Minute: "1.5", 10 * time.Minute: "1.5"} {
		la, err := jobserver.LeaseOf(lc)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%.1f", min(la/4, jobserver.DefaultHeartbeat).Seconds()); got != beats {
			t.Errorf("%s: heartbeats every %s s, and the page says %s", lc, got, beats)
		}
		found := false
		for line := range strings.Lines(page) {
			cells := strings.Split(line, " | ")
			found = found || len(cells) == 3 && strings.HasPrefix(cells[0], fmt.Sprintf("| %.0fs", lc.Seconds())) &&
				cells[1] == fmt.Sprintf("%.1f s", la.Seconds()) && strings.HasPrefix(cells[2], beats+" s")
		}
		if !found {
			t.Errorf("the table of leases has no true line for %s: %s", lc, la)
		}
	}
}
