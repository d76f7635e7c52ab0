package wire

import (
	"encoding/json"

	"github.com/segno-jobs/segno/task"
)

// Event is one thing that happened.
type Event struct {
	// ID orders all events.
	ID      int64  `json:"id" doc:"Orders all events."`
	At      Time   `json:"at" format:"date-time"`
	Kind    string `json:"kind" doc:"A word such as run.running, server.online or task.created."`
	Subject string `json:"subject" doc:"Name or id of what it happened to."`
	// Task, Attempt, From and To are set on events of runs.
	Task    string          `json:"task,omitempty"`
	Attempt int             `json:"attempt,omitempty"`
	From    task.State      `json:"from,omitempty"`
	To      task.State      `json:"to,omitempty"`
	Reason  string          `json:"reason,omitempty"`
	Data    json.RawMessage `json:"data,omitempty" doc:"What else is worth telling, as an object."`
}

// EventOf returns e as it is sent.
func EventOf(e task.Event) Event {
	return Event{
		ID: e.ID, At: At(e.At), Kind: e.Kind, Subject: e.Subject, Task: e.Task, Attempt: e.Attempt,
		From: e.From, To: e.To, Reason: e.Reason, Data: e.Data,
	}
}
