package guard

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestACounterIsTheNumberAfterItsWholeName(t *testing.T) {
	long := strings.Repeat("nr_of_something_else 123456789\n", 400)
	for name, c := range map[string]struct {
		text string
		want int64
	}{
		"first":                  {"oom_kill 3\noom 7\n", 3},
		"last":                   {"oom 7\noom_kill 3\n", 3},
		"behind a longer name":   {"my_oom_kill 9\noom_kill_group 8\noom_kill 3\n", 3},
		"behind a page and more": {long + "oom_kill 3\n", 3},
		"absent":                 {"oom 7\n", 0},
		"cut":                    {"oom_kill 3", 0},
		"beyond what is read":    {long + long + long + "oom_kill 3\n", 0},
		"of an empty file":       {"", 0},
	} {
		file := filepath.Join(t.TempDir(), "counters")
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := counter(file, "oom_kill"); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
	if got := counter(filepath.Join(t.TempDir(), "none"), "oom_kill"); got != 0 {
		t.Errorf("a file that is not there: got %d", got)
	}
	if counter("/proc/vmstat", "nr_free_pages") <= 0 {
		t.Error("this host is said to have no free page")
	}
}
