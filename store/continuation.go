package store

import (
	"encoding/json"
	"time"

	"github.com/segno-jobs/segno/task"
)

// continuationJSON is the stored form of a continuation.
type continuationJSON struct {
	Ground     string `json:"ground,omitempty"`
	Checkpoint int    `json:"checkpoint,omitempty"`
	Avoid      string `json:"avoid,omitempty"`
	// NotBefore and GiveUpAt are in microseconds since 1970, or 0.
	NotBefore int64  `json:"not_before,omitempty"`
	GiveUpAt  int64  `json:"give_up_at,omitempty"`
	Reason    string `json:"reason,omitempty"`
}

func encodeContinuation(c task.Continuation, id task.RunID) (string, error) {
	s := continuationJSON{
		Ground: clean(c.Ground), Checkpoint: c.Checkpoint, Avoid: clean(c.Avoid), Reason: clean(c.Reason),
	}
	if !c.NotBefore.IsZero() {
		s.NotBefore = micros(c.NotBefore)
	}
	if !c.GiveUpAt.IsZero() {
		s.GiveUpAt = micros(c.GiveUpAt)
	}
	return encode(s, "continuation of run", string(id))
}

func decodeContinuation(text string, id task.RunID) (*task.Continuation, error) {
	var s continuationJSON
	if err := decode(text, &s, "continuation of run", string(id)); err != nil {
		return nil, err
	}
	c := task.Continuation{Ground: s.Ground, Checkpoint: s.Checkpoint, Avoid: s.Avoid, Reason: s.Reason}
	if s.NotBefore != 0 {
		c.NotBefore = instant(s.NotBefore)
	}
	if s.GiveUpAt != 0 {
		c.GiveUpAt = instant(s.GiveUpAt)
	}
	return &c, nil
}

// groundData is the data of an event by which an attempt was ended from outside, or a run goes on with a further one.
func groundData(ground string, checkpoint int, server string) string {
	data, _ := json.Marshal(struct { // All of them have a JSON form.
		Ground     string `json:"ground"`
		Checkpoint int    `json:"checkpoint"`
		Server     string `json:"server,omitempty"`
	}{ground, checkpoint, server})
	return string(data)
}

const queueAgain = `
	UPDATE run SET state = 'queued', prior = NULL, prior_reason = NULL, ended_at = NULL, exit_code = NULL, reason = ?,
		server = NULL, progress_percent = NULL, progress_message = NULL, pending = '', pending_checkpoint = 0,
		next = ?, tries = tries + ?, expires_at = CASE WHEN max_queue_time > 0 THEN CAST(? AS BIGINT) + max_queue_time END
	WHERE id = ? AND state = ? AND attempt = ?`

// again is a run that goes back into the queue for a further attempt.
type again struct {
	id      task.RunID
	task    string
	from    task.State
	attempt int
	// server is that of the attempt which is over, or empty.
	server string
	// failed is 1 where the job of that attempt has failed by itself, else 0.
	failed int
	next   task.Continuation
}

// queue puts the run into the queue. One that begins at the beginning loses the output values of its earlier attempts:
// none of them would be told from its own.
func (a again) queue(t *tx, now time.Time) error {
	next, err := encodeContinuation(a.next, a.id)
	if err != nil {
		return err
	}
	reason := clean(a.next.Reason)
	waits := now
	if a.next.NotBefore.After(now) {
		waits = a.next.NotBefore
	}
	n, err := t.exec(queueAgain, reason, next, a.failed, micros(waits), string(a.id), string(a.from), a.attempt)
	if err := hitOne(n, err); err != nil {
		return err
	}
	if a.next.Checkpoint == 0 {
		if _, err := t.exec(`DELETE FROM output_value WHERE run = ?`, string(a.id)); err != nil {
			return err
		}
	}
	return t.recordRun(now, a.id, a.task, a.attempt, a.from, task.Queued, reason,
		groundData(a.next.Ground, a.next.Checkpoint, a.server))
}
