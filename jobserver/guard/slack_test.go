package guard

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTheMonitorOfAKeeperMayBeLateAndItsDeadlinesMayNot(t *testing.T) {
	h := newHost(t)
	h.run(command(newRun(), "true"))
	keepers := h.keeperPIDs()
	if len(keepers) == 0 {
		t.Fatal("there is no keeper")
	}
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", keepers[0]))
	if err != nil {
		t.Fatal(err)
	}
	var slacks []time.Duration
	for _, thread := range threads {
		text, err := os.ReadFile(filepath.Join("/proc", thread.Name(), "timerslack_ns"))
		if errors.Is(err, os.ErrPermission) {
			t.Skip("this user may not read the timer slack of other processes")
		}
		if err != nil {
			t.Fatal(err)
		}
		slack, err := time.ParseDuration(strings.TrimSpace(string(text)) + "ns")
		if err != nil {
			t.Fatal(err)
		}
		slacks = append(slacks, slack)
	}
	if !slices.Contains(slacks, keeperSlack) || !slices.Contains(slacks, monitorSlack) {
		t.Errorf("its threads have %v, want one with %s and one with %s", slacks, keeperSlack, monitorSlack)
	}
}
