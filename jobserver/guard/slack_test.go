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
	what := fmt.Sprintf("a keeper has a thread with a slack of %s and one with %s", keeperSlack, monitorSlack)
	h.await(what, func() bool { // One that was just started has yet to come to wait.
		return slices.ContainsFunc(h.keeperPIDs(), func(keeper int) bool {
			slacks := threadSlacks(t, keeper)
			return slices.Contains(slacks, keeperSlack) && slices.Contains(slacks, monitorSlack)
		})
	})
}

// threadSlacks returns the timer slack of each thread of a process, as far as it has not ended.
func threadSlacks(t *testing.T, pid int) []time.Duration {
	threads, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	var slacks []time.Duration
	for _, thread := range threads {
		text, err := os.ReadFile(filepath.Join("/proc", thread.Name(), "timerslack_ns"))
		if errors.Is(err, os.ErrPermission) {
			t.Skip("this user may not read the timer slack of other processes")
		}
		if slack, err := time.ParseDuration(strings.TrimSpace(string(text)) + "ns"); err == nil {
			slacks = append(slacks, slack)
		}
	}
	return slacks
}
