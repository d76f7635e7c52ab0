// Package slacktest looks at the timer slack of processes, for tests.
package slacktest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Threads returns the timer slack of each thread of a process, as far as it has not ended. The kernel tells it to those alone
// who may change it (CAP_SYS_NICE): for others the test is skipped, so what they can see is to be checked before.
func Threads(t testing.TB, pid int) []time.Duration {
	t.Helper()
	threads, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	var slacks []time.Duration
	for _, thread := range threads {
		text, err := os.ReadFile(filepath.Join("/proc", thread.Name(), "timerslack_ns"))
		if errors.Is(err, os.ErrPermission) {
			t.Skip("this user may not read the timer slack of other threads")
		}
		if err != nil {
			continue // It has ended.
		}
		ns, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err != nil {
			t.Fatalf("timer slack of thread %s: %v", thread.Name(), err)
		}
		slacks = append(slacks, time.Duration(ns))
	}
	return slacks
}
