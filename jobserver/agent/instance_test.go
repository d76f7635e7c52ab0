package agent

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/segno-jobs/segno/jobserver"
)

func TestALaterStartSortsAfterAnEarlierOneThoughTheClockWasSetBack(t *testing.T) {
	data, now := t.TempDir(), time.Unix(2e9, 0)
	first, err := newInstance(data, now)
	if err != nil {
		t.Fatal(err)
	}
	second, err := newInstance(data, now.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if !jobserver.StartedBefore(first, second) || jobserver.StartedBefore(second, first) {
		t.Errorf("got %s and then %s, want them in that order", first, second)
	}
}

func TestAStartHasANameWhereItsCountCannotBeKept(t *testing.T) {
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, startsFile), []byte("no number"), 0o600); err != nil {
		t.Fatal(err)
	}
	name, err := newInstance(data, time.Unix(2e9, 0))
	if err == nil || !jobserver.StartedBefore(jobserver.InstanceName(1, "x"), name) {
		t.Errorf("got %q and %v, want a name by the clock and an error", name, err)
	}
}
