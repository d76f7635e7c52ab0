package jobserver_test

import (
	"testing"

	"github.com/segno-jobs/segno/jobserver"
)

func TestTheNamesOfStartsTellTheirOrder(t *testing.T) {
	first, second := jobserver.InstanceName(9, "b"), jobserver.InstanceName(0x10, "a")
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{first, second, true},
		{second, first, false},
		{first, first, false},
		{jobserver.InstanceName(9, "a"), first, false},
		{"old", "new", true},
		{"new", "old", true},
		{"old", "old", false},
		{"old", first, true},
	} {
		if got := jobserver.StartedBefore(c.a, c.b); got != c.want {
			t.Errorf("%q before %q: got %t, want %t", c.a, c.b, got, c.want)
		}
	}
}
