package notification

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/segno-jobs/segno/task"
)

// Kind is what a notice is about.
type Kind string

// The kinds that rules may name, and KindTest, which only a test of a channel has.
const (
	RunFailed         Kind = "run_failed"
	RunSucceeded      Kind = "run_succeeded"
	RunReset          Kind = "run_reset"
	RunCancelled      Kind = "run_cancelled"
	RunRecovered      Kind = "run_recovered"
	RunLate           Kind = "run_late"
	ServerUnavailable Kind = "server_unavailable"
	ServerBack        Kind = "server_back"
	OccurrenceSkipped Kind = "occurrence_skipped"
	PlanEnded         Kind = "plan_ended"
	KindTest          Kind = "test"
)

// Kinds returns the kinds that rules may name.
func Kinds() []Kind {
	return []Kind{
		RunFailed, RunSucceeded, RunReset, RunCancelled, RunRecovered, RunLate, ServerUnavailable, ServerBack, OccurrenceSkipped,
		PlanEnded,
	}
}

// Notice is what a channel is told. Its JSON is the body of a webhook, and what the outbox keeps.
type Notice struct {
	// ID is that of the delivery: the same on each try.
	ID    string    `json:"id"`
	Event Kind      `json:"event"`
	At    time.Time `json:"at"`
	// Title is one line, Text one or two sentences.
	Title string `json:"title"`
	Text  string `json:"text"`
	// Link is the page of the console, where the conductor knows its own address.
	Link   string `json:"link,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Task, Labels and Server are what rules look at.
	Task       string            `json:"task,omitempty"`
	Labels     map[string]string `json:"labels,omitempty"`
	Server     string            `json:"server,omitempty"`
	Run        *RunFacts         `json:"run,omitempty"`
	Late       *LateFacts        `json:"late,omitempty"`
	Occurrence *OccurrenceFacts  `json:"occurrence,omitempty"`
	Plan       *PlanFacts        `json:"plan,omitempty"`
	// Rules are the names of the rules that wanted it told.
	Rules []string `json:"rules,omitempty"`
}

// RunFacts are what is told of a run.
type RunFacts struct {
	ID           task.RunID `json:"id"`
	State        task.State `json:"state"`
	Attempt      int        `json:"attempt,omitempty"`
	ExitCode     *int       `json:"exit_code,omitempty"`
	ScheduledFor *time.Time `json:"scheduled_for,omitempty"`
	QueuedAt     time.Time  `json:"queued_at"`
	StartedAt    *time.Time `json:"started_at,omitempty"`
	// From is the server that a recovered run was on before, and Checkpoint what it was resumed from, 0 for the beginning.
	From       string `json:"from_server,omitempty"`
	Checkpoint int    `json:"checkpoint,omitempty"`
}

// LateFacts say what a run had not done by when.
type LateFacts struct {
	// Expected is ExpectStart or ExpectFinish of package task.
	Expected task.Expectation `json:"expected"`
	Due      time.Time        `json:"due"`
}

// OccurrenceFacts are what is told of due instants of a trigger that were skipped.
type OccurrenceFacts struct {
	Trigger string `json:"trigger,omitempty"`
	// Plan is set in place of the notice's task where the trigger is that of a plan.
	Plan string `json:"plan,omitempty"`
	// ScheduledFor is the last one of Count, which is 1 for most.
	ScheduledFor *time.Time `json:"scheduled_for,omitempty"`
	Count        int        `json:"count,omitempty"`
}

// PlanFacts are what is told of a run of a plan.
type PlanFacts struct {
	Name  string `json:"name"`
	Run   string `json:"run"`
	State string `json:"state"`
}

func (n Notice) planName() string {
	switch {
	case n.Plan != nil:
		return n.Plan.Name
	case n.Occurrence != nil:
		return n.Occurrence.Plan
	}
	return ""
}

// EventKinds are the kinds of event, or their prefixes, of which notices may come.
func EventKinds() []string {
	return []string{
		"run.failed", "run.timed_out", "run.lost", "run.succeeded", "run.reset", "run.cancelled", "run.running", "run.late",
		"server.unavailable", "server.declared_dead", "server.online", "occurrence.skipped",
		"plan_run.succeeded", "plan_run.failed", "plan_run.cancelled",
	}
}

// KindOf returns what a notice of the event would be about, by the event alone: one of a run that began to run, or of a
// server that came online, needs a look at what was before; see [OfRun] and [OfServer].
func KindOf(e task.Event) (Kind, bool) {
	switch e.Kind {
	case "run.failed", "run.timed_out", "run.lost":
		return RunFailed, true
	case "run.succeeded":
		return RunSucceeded, true
	case "run.reset":
		return RunReset, true
	case "run.cancelled":
		return RunCancelled, true
	case "run.running":
		return RunRecovered, e.From == task.Starting && e.Attempt > 1
	case "run.late":
		return RunLate, true
	case "server.unavailable", "server.declared_dead":
		return ServerUnavailable, true
	case "server.online":
		return ServerBack, true
	case "occurrence.skipped":
		return OccurrenceSkipped, true
	case "plan_run.succeeded", "plan_run.failed", "plan_run.cancelled":
		return PlanEnded, true
	}
	return "", false
}

// OfRun returns the notice of a run's event, or false where there is nothing to tell: an attempt that began is told only if
// the run was on another server before, which it lost.
func OfRun(e task.Event, r task.Run) (Notice, bool) {
	kind, ok := KindOf(e)
	if !ok {
		return Notice{}, false
	}
	n := Notice{
		Event: kind, At: e.At, Reason: e.Reason, Task: r.Task, Labels: r.Spec.Labels,
		Run: &RunFacts{
			ID: r.ID, State: e.To, Attempt: e.Attempt, ScheduledFor: r.ScheduledFor, QueuedAt: r.QueuedAt, StartedAt: r.StartedAt,
		},
	}
	var before task.Attempt
	for _, a := range r.Attempts {
		switch {
		case a.Number == e.Attempt:
			n.Server = a.Server
			if a.Exit != nil && a.Exit.Kind == task.ExitExited {
				n.Run.ExitCode = &a.Exit.Code
			}
			if a.ResumedFrom != nil {
				n.Run.Checkpoint = *a.ResumedFrom
			}
		case a.Number < e.Attempt && a.ClaimedAt != nil:
			before = a
		}
	}
	switch kind {
	case RunRecovered:
		n.Run.From = before.Server
		gone := before.State == task.AttemptUnavailable || before.State == task.AttemptLost
		if !gone || before.Server == n.Server {
			return Notice{}, false
		}
	case RunLate:
		n.Late = &LateFacts{}
		if err := json.Unmarshal(e.Data, n.Late); err != nil {
			return Notice{}, false
		}
	}
	return n.worded(), true
}

// OfServer returns the notice of a server's event. Before is the kind of its last event of those that [ServerKinds] names,
// or empty: a server that comes online is told of only if it was unavailable.
func OfServer(e task.Event, labels map[string]string, before string) (Notice, bool) {
	kind, ok := KindOf(e)
	if !ok || kind == ServerBack && before != "server.unavailable" && before != "server.declared_dead" {
		return Notice{}, false
	}
	if kind == ServerUnavailable && before == "server.unavailable" {
		return Notice{}, false // An operator's word that it is dead, too.
	}
	return Notice{Event: kind, At: e.At, Reason: e.Reason, Labels: labels, Server: e.Subject}.worded(), true
}

// ServerKinds are the kinds of event that say whether a server is there.
func ServerKinds() []string {
	return []string{"server.online", "server.unavailable", "server.declared_dead"}
}

// OfOccurrence returns the notice of a trigger's occurrence that was skipped.
func OfOccurrence(e task.Event, labels map[string]string) (Notice, bool) {
	o := OccurrenceFacts{}
	if len(e.Data) > 0 && json.Unmarshal(e.Data, &o) != nil {
		o = OccurrenceFacts{}
	}
	return Notice{
		Event: OccurrenceSkipped, At: e.At, Reason: e.Reason, Task: e.Task, Labels: labels, Occurrence: &o,
	}.worded(), true
}

// OfPlan returns the notice of a plan's run that has ended.
func OfPlan(e task.Event) (Notice, bool) {
	var data struct {
		Plan string `json:"plan"`
	}
	if len(e.Data) > 0 && json.Unmarshal(e.Data, &data) != nil {
		return Notice{}, false
	}
	_, state, _ := strings.Cut(e.Kind, ".")
	return Notice{
		Event: PlanEnded, At: e.At, Reason: e.Reason, Plan: &PlanFacts{Name: data.Plan, Run: e.Subject, State: state},
	}.worded(), true
}

// Test returns the notice that a test of a channel sends.
func Test(id, channel, by string, now time.Time) Notice {
	n := Notice{ID: id, Event: KindTest, At: now, Title: fmt.Sprintf("test of the channel %s", channel)}
	n.Text = fmt.Sprintf("This is a test of the channel %s", channel)
	if by != "" {
		n.Text += ", asked for by " + by
	}
	n.Text += ". Nothing has happened."
	return n
}
