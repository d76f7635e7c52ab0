package wire

import (
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// TriggerWebhook says how the webhook of a trigger is. Its secrets are in no answer but that which made them.
type TriggerWebhook struct {
	// MadeAt is null before an address was made.
	MadeAt    *Time `json:"made_at" doc:"When its address was made; null where it has none yet." format:"date-time"`
	HasKey    bool  `json:"has_signing_key" doc:"Whether there is a key for the signature."`
	Refused   int64 `json:"refused" doc:"How many requests had a wrong signature."`
	RefusedAt *Time `json:"refused_at" doc:"When the last of them came; null where there was none." format:"date-time"`
}

// TriggerWebhookOf returns s as it is sent.
func TriggerWebhookOf(s task.WebhookState) TriggerWebhook {
	return TriggerWebhook{MadeAt: optional(s.MadeAt), HasKey: s.HasKey, Refused: s.Refused, RefusedAt: optional(s.RefusedAt)}
}

// WebhookSecrets are the secrets of a webhook that were just made.
type WebhookSecrets struct {
	Path       string `json:"path,omitempty" doc:"Path of the address, such as /hooks/…; left out where it was kept."`
	URL        string `json:"url,omitempty" doc:"The whole address, where the conductor knows its own."`
	SigningKey string `json:"signing_key,omitempty" doc:"Key of the signature; left out where it was kept, or where none is asked for."`
}

// WebhookAnswer is what the sender of a request to a webhook gets.
type WebhookAnswer struct {
	// Run is null where Reason says why there is none.
	Run    *task.RunID `json:"run" doc:"The run that was made; null where reason says why there is none."`
	Reason string      `json:"reason" doc:"Why there is no run; empty otherwise."`
}

// WebhookAnswerOf returns what became of a request as it is sent.
func WebhookAnswerOf(o task.Occurrence) WebhookAnswer {
	a := WebhookAnswer{Reason: o.Reason}
	if o.Run != "" {
		a.Run = &o.Run
	}
	return a
}

// Watch is what the agent of a server says of the folder of a file trigger.
type Watch struct {
	Server  string `json:"server"`
	Files   int    `json:"files" doc:"How many files match."`
	Pending int    `json:"pending" doc:"How many events wait on the server to be taken."`
	Problem string `json:"problem" doc:"Why the folder cannot be watched, or not as a whole; empty where it can."`
	ToldAt  Time   `json:"told_at" doc:"When the agent last said so." format:"date-time"`
}

// WatchOf returns w as it is sent.
func WatchOf(w jobserver.ToldWatch) Watch {
	return Watch{Server: w.Server, Files: w.Files, Pending: w.Pending, Problem: w.Problem, ToldAt: At(w.ToldAt)}
}
