package wire

import (
	"encoding/json"

	"github.com/segno-jobs/segno/internal/audit"
)

// Deed is something that an operator did, or tried to do.
type Deed struct {
	ID      int64           `json:"id" doc:"Grows with each deed."`
	At      Time            `json:"at" format:"date-time"`
	By      string          `json:"by" doc:"Name of the account or token."`
	From    string          `json:"from" doc:"Address that the request came from."`
	Act     string          `json:"act" doc:"Id of the operation in this description, such as declareServerDead."`
	Subject string          `json:"subject" doc:"What it was done to, such as servers/js-1."`
	Reason  string          `json:"reason" doc:"What was given as the reason; empty otherwise."`
	Request json.RawMessage `json:"request" doc:"Body of the request; null where it had none, or a long one."`
	Outcome string          `json:"outcome" doc:"done, or why it was not done."`
}

// DeedOf returns a deed as it is sent.
func DeedOf(d audit.Deed) Deed {
	w := Deed{ID: d.ID, At: At(d.At), By: d.By, From: d.From, Act: d.Act, Subject: d.Subject, Reason: d.Reason, Outcome: d.Outcome, Request: json.RawMessage("null")}
	if json.Valid([]byte(d.Request)) {
		w.Request = json.RawMessage(d.Request)
	}
	return w
}
