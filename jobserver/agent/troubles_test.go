package agent

import (
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestATroubleIsToldOnceAMinuteAndItsEndOnce(t *testing.T) {
	log, now := &logBuffer{}, time.Unix(1e9, 0)
	tr := troubles{log: slog.New(slog.NewTextHandler(log, nil)), now: func() time.Time { return now }}
	tr.over("deliver")
	for range 100 {
		tr.met("deliver", slog.LevelWarn, "deliver failed")
		now = now.Add(time.Second)
	}
	tr.over("deliver")
	tr.over("deliver")
	text := log.text.String()
	if n := strings.Count(text, "deliver failed"); n != 2 {
		t.Errorf("got it told %d times in 100 s, want 2", n)
	}
	if n := strings.Count(text, "works again"); n != 1 {
		t.Errorf("got its end told %d times, want 1", n)
	}
}

func TestBackoffDoublesUpToItsCap(t *testing.T) {
	most := func() float64 { return 1 }
	for failures, want := range map[int]time.Duration{
		1: 200 * time.Millisecond, 2: 400 * time.Millisecond, 4: 1600 * time.Millisecond, 7: 12800 * time.Millisecond,
		8: 15 * time.Second, 1000: 15 * time.Second,
	} {
		if got := backoff(failures, most); got != want {
			t.Errorf("after %d failures: got at most %v, want %v", failures, got, want)
		}
		if got := backoff(failures, func() float64 { return 0 }); got != 0 {
			t.Errorf("after %d failures: got at least %v, want 0", failures, got)
		}
	}
}
