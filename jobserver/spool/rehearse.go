package spool

import (
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// Rehearse does once, in memory, what every spool asks of its writer. What the first use of a type and of a table costs in
// a process, more than all the rest of a short attempt, is paid before an attempt waits for it.
func Rehearse() error {
	now := time.Unix(0, 0).UTC()
	head, err := encodeHeader(Header{CreatedAt: now, Execution: jobserver.Execution{
		Ref: task.Ref{Run: "rehearsal", Number: 1}, Job: task.Job{Script: &task.Script{Text: "true"}}, ScheduledFor: now,
		Params: map[string]string{"name": "value"},
	}})
	if err != nil {
		return err
	}
	if _, _, err := decodeHeader(head); err != nil {
		return err
	}
	return new(Writer).Exit(now, task.Exit{Kind: task.ExitExited, Detail: "rehearsal"})
}
