package task_test

import (
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/segno-jobs/segno/task"
)

func TestTheFirstIDOfAnInstantIsThatOfAULIDWithoutChance(t *testing.T) {
	for _, at := range []time.Time{
		time.UnixMilli(0), time.UnixMilli(1), time.UnixMilli(33), time.Date(2026, 3, 1, 12, 0, 0, 123e6, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		var id ulid.ULID
		if err := id.SetTime(ulid.Timestamp(at)); err != nil {
			t.Fatal(err)
		}
		if got := task.FirstRunID(at); string(got) != id.String() {
			t.Errorf("%s: got %s, want %s", at, got, id)
		}
	}
	if got := task.FirstRunID(time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC)); got != task.FirstRunID(time.UnixMilli(0)) {
		t.Errorf("before 1970 got %s", got)
	}
}
