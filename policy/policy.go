package policy

import "time"

// Policy is what happens to a run whose server falls silent: a ladder of steps, each taken once the server has been
// silent for as long as the step says. In JSON it is a plain word, which is a ladder of one step at the server's
// unavailable_after, or a list such as [{"after": "2m", "do": "wait"}, {"after": "10m", "do": "recover"}].
// The first step that does not wait is the one that acts; a reset that follows it gives up a run that has no server by
// then. The zero value is the policy wait.
type Policy struct {
	Steps []Step
}

// Step is one rung of the ladder.
type Step struct {
	// After is how long the server has been silent; 0 stands for the period after which it counts as unavailable.
	After time.Duration
	Do    Kind
}

// Ground is why a new attempt may begin although an earlier one existed: how it is known that the earlier one is over.
type Ground string

// The grounds.
const (
	// ExitReported: the attempt's exit record was delivered.
	ExitReported Ground = "exit reported"
	// StopConfirmed: the guard reported that it stopped the attempt.
	StopConfirmed Ground = "stop confirmed"
	// HostRebooted: the host came back with another boot id.
	HostRebooted Ground = "host rebooted"
	// LeaseExpired: the attempt's lease has run out by the arithmetic of package lease, so its guard has ended it.
	LeaseExpired Ground = "lease expired"
	// OperatorStatement: an operator stated that the server is dead. Attempts overlap if that is not true.
	OperatorStatement Ground = "operator's statement"
	// LeftRunning: nothing is known of the attempt; leave_running gave up the promise that attempts do not overlap.
	LeftRunning Ground = "left running"
)

// Action is what is to be done with a run.
type Action string

// The actions.
const (
	// Keep leaves the run as it is.
	Keep Action = "keep"
	// EndReset ends the run as reset; its task is ready to run.
	EndReset Action = "reset"
	// StartAgain queues the run for a new attempt from the beginning.
	StartAgain Action = "restart"
	// Resume queues the run for a new attempt from Checkpoint.
	Resume Action = "recover"
	// EndLost ends the run as lost: it was to wait, and there is nothing left to wait for.
	EndLost Action = "lost"
)

// Situation is all that a decision about one attempt rests on. They are plain facts, gathered at one instant.
type Situation struct {
	Policy Policy
	// LeaveRunning gives up the promise of no overlap for reset: the attempt is not stopped.
	LeaveRunning bool
	// UnavailableAfter is the period after which the attempt's server counts as unavailable for this run.
	UnavailableAfter time.Duration
	// Silent is for how long nothing was heard of the server, by the conductor's own clock, and 0 while it is heard from.
	// A conductor that could not listen counts from when it could again.
	Silent time.Duration
	// Over is set where it is known that the attempt is over without its job having ended by itself, with the ground.
	Over Ground
	// LeaseOver is true once the attempt's lease has certainly run out. It is never true for one without a lease.
	LeaseOver bool
	// Checkpoint is the sequence of the last validated checkpoint, 0 where there is none.
	Checkpoint int
}

// Decision is what is to be done, and why.
type Decision struct {
	Action Action
	// Reason is a sentence for a person.
	Reason string
	// Ground is set for every action but Keep.
	Ground Ground
	// Checkpoint is set for Resume.
	Checkpoint int
	// GiveUp is set for StartAgain and Resume: a run that has no server after so long is to be reset; 0 is never.
	GiveUp time.Duration
	// Again is after how long to decide again, when the ladder's next step is due: before that, time alone changes
	// nothing. It is 0 where no step is to come.
	Again time.Duration
}
