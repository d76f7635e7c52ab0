package agent

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// repeatTrouble is how often a trouble that lasts is logged.
const repeatTrouble = time.Minute

// troubles logs what goes wrong again and again: when it begins, each minute that it lasts, and when it is over.
type troubles struct {
	log *slog.Logger
	now func() time.Time

	mu    sync.Mutex
	since map[string]*trouble
}

type trouble struct{ began, told time.Time }

// met logs a trouble of a kind, unless it was told a short time ago.
func (t *troubles) met(kind string, level slog.Level, text string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.since == nil {
		t.since = map[string]*trouble{}
	}
	now := t.now()
	tr := t.since[kind]
	if tr == nil {
		tr = &trouble{began: now}
		t.since[kind] = tr
	} else if now.Sub(tr.told) < repeatTrouble {
		return
	}
	tr.told = now
	t.log.Log(context.Background(), level, text, args...)
}

// over logs the end of a trouble, if there was one.
func (t *troubles) over(kind string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if tr := t.since[kind]; tr != nil {
		delete(t.since, kind)
		t.log.Info(kind+" works again", "after", t.now().Sub(tr.began).Round(time.Millisecond))
	}
}
