package task

import "slices"

// State is the state of a run.
type State string

// The states of a run. What may follow what stands in [Transitions].
const (
	// Queued runs wait for an eligible server; the run's reason says what for.
	Queued State = "queued"
	// Starting runs have been offered to a server that has not claimed them yet. Nothing was started.
	Starting State = "starting"
	// Running runs were claimed: a process runs, or is about to.
	Running State = "running"
	// Unknown runs are on a server that is not heard from. They count as running.
	Unknown State = "unknown"
	// Stopping runs were told to stop, and have not yet been seen to.
	Stopping State = "stopping"

	// Succeeded runs left exit code 0.
	Succeeded State = "succeeded"
	// Failed runs left another exit code, died by a signal, or could not be started.
	Failed State = "failed"
	// TimedOut runs were stopped because they ran for longer than their timeout.
	TimedOut State = "timed_out"
	// Cancelled runs were stopped, or never started, at an operator's word.
	Cancelled State = "cancelled"
	// Reset runs were given up by the policy reset: the task is ready to run again.
	Reset State = "reset"
	// Lost runs ended without an exit record: their guard or their host died.
	Lost State = "lost"
)

// Transitions is the one table of what may follow what. The CHECK constraint of the schema, the chart in
// docs/run-states.md and [State.CanBecome] all follow from it.
var Transitions = map[State][]State{
	Queued:    {Starting, Cancelled, Failed, Reset},
	Starting:  {Queued, Running, Cancelled, Failed, Reset},
	Running:   {Unknown, Stopping, Queued, Succeeded, Failed, TimedOut, Lost, Reset},
	Unknown:   {Running, Stopping, Queued, Succeeded, Failed, TimedOut, Cancelled, Lost, Reset},
	Stopping:  {Unknown, Queued, Succeeded, Failed, TimedOut, Cancelled, Lost, Reset},
	Succeeded: {},
	Failed:    {Queued},
	TimedOut:  {Queued},
	Cancelled: {Queued},
	Reset:     {Queued},
	Lost:      {Queued},
}

// States lists every state, in the order of a run's life.
func States() []State {
	return []State{Queued, Starting, Running, Unknown, Stopping, Succeeded, Failed, TimedOut, Cancelled, Reset, Lost}
}

// CanBecome reports whether a run in state s may go to state next in one step.
func (s State) CanBecome(next State) bool { return slices.Contains(Transitions[s], next) }

// Final reports whether a run in state s has ended: nothing moves it on by itself. An operator may have a run that ended
// otherwise than well taken up again, and its task's retries may: it is queued then.
func (s State) Final() bool {
	switch s {
	case Succeeded, Failed, TimedOut, Cancelled, Reset, Lost:
		return true
	}
	return false
}

// OnServer reports whether a run in state s may have a process on a server. Such a run counts against slots.
func (s State) OnServer() bool { return s == Running || s == Unknown || s == Stopping }

// Valid reports whether s is one of the states.
func (s State) Valid() bool { _, known := Transitions[s]; return known }

// AttemptState is the state of one attempt of a run.
type AttemptState string

// The states of an attempt.
const (
	// AttemptOffered attempts have not been claimed; withdrawing one is always safe.
	AttemptOffered AttemptState = "offered"
	// AttemptRunning attempts have been claimed.
	AttemptRunning AttemptState = "running"
	// AttemptUnknown attempts are on a server that is not heard from.
	AttemptUnknown AttemptState = "unknown"
	// AttemptStopping attempts were told to stop.
	AttemptStopping AttemptState = "stopping"

	// AttemptWithdrawn offers were taken back before anyone claimed them.
	AttemptWithdrawn AttemptState = "withdrawn"
	// AttemptSucceeded and the following ended with an exit record of that kind.
	AttemptSucceeded AttemptState = "succeeded"
	AttemptFailed    AttemptState = "failed"
	AttemptTimedOut  AttemptState = "timed_out"
	AttemptCancelled AttemptState = "cancelled"
	// AttemptLost attempts ended without an exit record of the job.
	AttemptLost AttemptState = "lost"
	// AttemptUnavailable attempts were replaced, or given up, because their server was unavailable.
	AttemptUnavailable AttemptState = "unavailable"
)

// AttemptStates lists every state of an attempt.
func AttemptStates() []AttemptState {
	return []AttemptState{
		AttemptOffered, AttemptRunning, AttemptUnknown, AttemptStopping, AttemptWithdrawn, AttemptSucceeded,
		AttemptFailed, AttemptTimedOut, AttemptCancelled, AttemptLost, AttemptUnavailable,
	}
}

// Open reports whether an attempt in state s may still act.
func (s AttemptState) Open() bool {
	return s == AttemptOffered || s == AttemptRunning || s == AttemptUnknown || s == AttemptStopping
}
