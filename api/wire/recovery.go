package wire

import (
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// Checkpoint is named state that a running job handed over, and that is durable.
type Checkpoint struct {
	Sequence int    `json:"sequence" doc:"Counts the checkpoints of a run over all of its attempts, from 1."`
	Attempt  int    `json:"attempt" doc:"The attempt that made it."`
	Name     string `json:"name"`
	Label    string `json:"label" doc:"A label keeps it from being pruned."`
	// Instructions are what the job wrote for whoever takes the run up after a failure.
	Instructions string `json:"instructions" doc:"What to do where the job fails after it, as the job wrote it."`
	Step         int    `json:"step" doc:"For a job of steps: how many steps had ended well before it."`
	Size         int64  `json:"size" doc:"Bytes of its content, a tar archive."`
	SHA256       string `json:"sha256" doc:"Of its content, in hexadecimal."`
	CreatedAt    Time   `json:"created_at" format:"date-time"`
}

// CheckpointOf returns c as it is sent.
func CheckpointOf(c task.Checkpoint) Checkpoint {
	return Checkpoint{
		Sequence: c.Sequence, Attempt: c.Attempt, Name: c.Name, Label: c.Label, Instructions: c.Instructions, Step: c.Step,
		Size: c.Size, SHA256: c.SHA256, CreatedAt: At(c.CreatedAt),
	}
}

// CheckpointsOf returns checkpoints as they are sent; none are an empty list.
func CheckpointsOf(cs []task.Checkpoint) []Checkpoint {
	out := make([]Checkpoint, len(cs))
	for i, c := range cs {
		out[i] = CheckpointOf(c)
	}
	return out
}

// Next is how a queued run goes on with a further attempt.
type Next struct {
	Ground     string  `json:"ground" doc:"Why the attempt may begin although an earlier one existed."`
	Checkpoint *int    `json:"checkpoint" doc:"Checkpoint to resume from; null for the beginning."`
	Avoid      *string `json:"avoid" doc:"Server that is taken only if no other is eligible."`
	NotBefore  *Time   `json:"not_before" format:"date-time" doc:"Earliest instant of the attempt; null for at once."`
	Reason     string  `json:"reason" doc:"Why there is a further attempt."`
}

func nextOf(c *task.Continuation) *Next {
	if c == nil {
		return nil
	}
	return &Next{
		Ground: c.Ground, Checkpoint: number(c.Checkpoint), Avoid: text(c.Avoid), NotBefore: AtOrNil(c.NotBefore), Reason: c.Reason,
	}
}

// RecoverRequest is the optional body of POST /runs/{id}/recover.
type RecoverRequest struct {
	// Checkpoint is the sequence to resume from; nil stands for the last validated one.
	Checkpoint *int `json:"checkpoint,omitempty" minimum:"1" doc:"Sequence of the checkpoint to resume from; by default the last validated one."`
}

// Recoverable is a run that failed, timed out or was lost, with what it can be taken up from.
type Recoverable struct {
	Run         Run          `json:"run"`
	Checkpoints []Checkpoint `json:"checkpoints" doc:"Oldest first." nullable:"false"`
}

// RecoverableOf returns r as it is sent.
func RecoverableOf(r task.Recoverable) Recoverable {
	return Recoverable{Run: RunOf(r.Run), Checkpoints: CheckpointsOf(r.Checkpoints)}
}

// DeathStatement is the body of POST /servers/{name}/declare-dead.
type DeathStatement struct {
	Reason string `json:"reason" minLength:"10" maxLength:"1000" doc:"How the operator knows that the server is dead. Its runs follow their policies at once, on that word alone."`
}

// WhatIf is what would happen to one run if its server died now.
type WhatIf struct {
	Run     task.RunID `json:"run"`
	Task    string     `json:"task"`
	Attempt int        `json:"attempt"`
	Action  string     `json:"action" enum:"wait,reset,restart,recover"`
	// After counts from the last word of the server.
	After      *task.Duration `json:"after" doc:"How long after the server's last word; null for wait."`
	Checkpoint *Checkpoint    `json:"checkpoint" doc:"What it would resume from; null for the beginning."`
	Server     *string        `json:"server" doc:"Where it would go as things are now; null where it would go nowhere, see reason."`
	Reason     string         `json:"reason" doc:"In a sentence."`
}

// WhatIfOf returns w as it is sent.
func WhatIfOf(w jobserver.WhatIf) WhatIf {
	out := WhatIf{Run: w.Run, Task: w.Task, Attempt: w.Attempt, Action: w.Action, After: span(w.After), Server: text(w.Server), Reason: w.Reason}
	if w.Checkpoint != nil {
		c := CheckpointOf(*w.Checkpoint)
		out.Checkpoint = &c
	}
	return out
}

// number returns a pointer to n, or nil where n is 0.
func number(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

// span returns d as it is sent, or nil where d is 0.
func span(d time.Duration) *task.Duration {
	if d == 0 {
		return nil
	}
	out := task.Duration(d)
	return &out
}
