package store

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// pausedOnError is who pauses the triggers of a task whose run failed.
const pausedOnError = "pause_on_error"

// pauseOnError pauses the triggers of a task of which a run has failed, where the task wants that, in the transaction that
// ends the run: no trigger that is due afterwards starts another one. A run that ended well costs nothing.
func (t *tx) pauseOnError(now time.Time, id task.RunID, of string, end task.State, reason string) error {
	failed, err := tasks.read(t, of, "")
	if errors.Is(err, fault.NotFound) || err == nil && !failed.PauseOnError {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read task %s, of which a run failed: %w", of, err)
	}
	why := fmt.Sprintf("run %s %s", id, failedWord(end))
	if reason != "" {
		why += ": " + reason
	}
	return t.pauseTriggers(task.TaskOwner(of), why, pausedOnError, now)
}

// failedWord says how a run failed.
func failedWord(end task.State) string {
	if end == task.Lost {
		return "was lost"
	}
	return strings.ReplaceAll(string(end), "_", " ")
}
