package conductor

import (
	"context"
	"io"
	"time"

	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/internal/replay"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// Store is the storage that a conductor needs. One method is one thing that happened and, for each run or server that
// it concerns, one transaction with the events that tell of it. A change of state is a compare-and-set.
//
// Errors are of the kinds of internal/fault: NotFound, Conflict, Fenced, Invalid; Unavailable for a full disk or a lost
// database. Methods that take several items answer for each, in their order, and one refused item does not hinder the
// others. Every instant that is stored comes in as an argument.
type Store interface {
	RunStore
	ServerStore
	VirtualServerStore
	TaskStore
	ConcurrencyGroupStore
	EventStore

	// Ping reports whether the store answers and can write.
	Ping(ctx context.Context) error
	// Stats counts what /metrics shows.
	Stats(ctx context.Context) (task.Stats, error)
	// Answer returns the saved answer of an earlier request with this Idempotency-Key, or fault.NotFound.
	Answer(ctx context.Context, key string) (replay.Answer, error)
	// SaveAnswer keeps the answer to a request. The first answer of a key stays.
	SaveAnswer(ctx context.Context, key string, a replay.Answer, now time.Time) error
	// PruneAnswers forgets answers that were saved before the instant.
	PruneAnswers(ctx context.Context, before time.Time) error
}

// RunStore keeps runs, attempts and their output.
type RunStore interface {
	// InsertRun stores a queued run. If key is not empty and a run has it already, that run is returned with created
	// false; if it was made for another task or with other params, the error is fault.Conflict. It is a *task.Refusal, a
	// Conflict as well, where the limits of its task allow no further run; what the run replaces is cancelled with it.
	InsertRun(ctx context.Context, run task.Run, key string) (stored task.Run, created bool, err error)
	// InsertPlacedRun stores a run as InsertRun does, together with its first attempt: queued → starting, and on to running
	// where that is claimed with it. Conflict also where the server was deleted meanwhile or, for a claim, is not online any more;
	// then nothing was stored.
	InsertPlacedRun(ctx context.Context, run task.Run, key string, a virtualserver.Assignment) (stored task.Run, created bool, err error)
	// QueuedTargets returns the targets that queued runs wait for, each once.
	QueuedTargets(ctx context.Context) ([]task.Target, error)
	// QueuedRuns returns up to limit queued runs for one target after a position in the queue, those of higher priority
	// first, then the older ones. The zero position is before the first. Runs of the tasks in without are passed over.
	QueuedRuns(ctx context.Context, target task.Target, after task.QueuePosition, without []string, limit int) ([]task.Run, error)
	// ExpireQueued ends up to limit queued runs that have waited for longer than their tasks allow: queued → failed. It
	// returns those that it has ended.
	ExpireQueued(ctx context.Context, limit int, now time.Time) ([]task.Run, error)
	// AssignRuns commits attempts: queued → starting, and on to running where they are claimed with it. Conflict for a run that is
	// not queued any more, and for a claim on a server that is not online any more.
	AssignRuns(ctx context.Context, as []virtualserver.Assignment, now time.Time) []error
	// ExplainQueued stores why queued runs could not be placed. It writes only where the reason differs.
	ExplainQueued(ctx context.Context, es []virtualserver.Explanation, now time.Time) error
	// WithdrawOffers takes back attempts that nobody claimed: starting → queued. Conflict for a claimed one.
	WithdrawOffers(ctx context.Context, refs []task.Ref, reason string, now time.Time) []error
	// ClaimAttempts commits claims: starting → running. A repeated claim by the same instance succeeds again.
	// Fenced for an attempt that is not open, not the newest, or not on that server.
	ClaimAttempts(ctx context.Context, server, instance string, refs []task.Ref, now time.Time) []error
	// Deliver stores records of attempts on a server, and ends the attempt and the run with the exit record.
	// Records that are stored already are passed over; records after a gap are left out. The record of a checkpoint makes
	// it visible: it is left out, with what follows it, until the content is whole, and passed over if it can never be
	// shown (no hash, for one that its agent gave up; over a limit; a sequence that has other content or is too old).
	Deliver(ctx context.Context, server string, ds []task.Delivery, now time.Time) ([]task.Delivered, error)
	// ReturnAttempts puts runs back into the queue whose claimed attempt provably never started: running or unknown →
	// queued, and the attempt is withdrawn with the reason. Conflict for one that has ended.
	ReturnAttempts(ctx context.Context, refs []task.Ref, reason string, now time.Time) []error
	// ReplaceAttempts ends attempts that certainly cannot act any more, or of which an operator says so, and moves their
	// runs on: to Queued with a continuation, to Reset or to Lost. Conflict for one that has ended, Fenced for one that is
	// not its run's newest. What an operator asked for meanwhile is done instead.
	ReplaceAttempts(ctx context.Context, rs []task.Replacement, now time.Time) []error
	// TakeUp does what an operator wants of a run. What has ended otherwise than well is queued again (restart, recover);
	// what nothing was started for is ended or goes on waiting; what may run becomes stopping with the intent pending,
	// which the attempt's end fulfils. Invalid for a checkpoint that the run does not have; Conflict for what cannot be
	// done with the run as it is, such as a reset of one that has ended.
	TakeUp(ctx context.Context, id task.RunID, intent task.Intent, checkpoint int, by string, now time.Time) (task.Run, error)
	// PutContent stores a piece of a checkpoint's content and returns how much of it is there. Fenced for an attempt that
	// may not act any more; Conflict for a sequence that has other content; TooLarge beyond the limits. When all of it is
	// there, its hash is checked: content with another hash is dropped, and the error is Invalid.
	PutContent(ctx context.Context, server string, ref task.Ref, c task.Checkpoint, offset int64, data []byte) (received int64, err error)
	// Checkpoints returns the visible checkpoints of a run, oldest first.
	Checkpoints(ctx context.Context, id task.RunID) ([]task.Checkpoint, error)
	// CheckpointContent opens the content of a visible checkpoint, a tar archive.
	CheckpointContent(ctx context.Context, id task.RunID, sequence int) (io.ReadSeekCloser, task.Checkpoint, error)
	// RecoverableRuns returns runs that failed, timed out or were lost, newest first, each with its checkpoints.
	RecoverableRuns(ctx context.Context, taskName string, p page.Request) (page.Of[task.Recoverable], error)
	// CancelRun ends a run that nothing was started for, or makes it stopping. It returns the run as it is then.
	// A run that is stopping or cancelled already is returned unchanged; Conflict for one that ended otherwise.
	CancelRun(ctx context.Context, id task.RunID, by string, now time.Time) (task.Run, error)

	// Run returns a run with its attempts.
	Run(ctx context.Context, id task.RunID) (task.Run, error)
	// Runs returns runs, newest first, without their attempts.
	Runs(ctx context.Context, f task.RunFilter, p page.Request) (page.Of[task.Run], error)
	// Placements returns the stored placements of a run by the number of their attempt; under 0 stands the newest
	// explanation of why the run could not be placed, if any.
	Placements(ctx context.Context, id task.RunID) (map[int]virtualserver.Placement, error)
	// OpenAttempts returns attempts that may still act, on one server or, with an empty name, on all.
	OpenAttempts(ctx context.Context, server string) ([]virtualserver.OpenAttempt, error)
	// Output returns up to limit bytes of an attempt's output from the offset on, and whether the attempt has ended
	// and all of its output up to the end of what is returned was read.
	Output(ctx context.Context, ref task.Ref, offset int64, limit int) (out task.Output, end bool, err error)
	// Usage returns what earlier runs of each task used; SaveUsage stores it.
	Usage(ctx context.Context) (map[string]task.Usage, error)
	SaveUsage(ctx context.Context, us map[string]task.Usage, now time.Time) error
}

// ServerStore keeps job servers.
type ServerStore interface {
	// CreateJoinToken stores the hash of a one-time token.
	CreateJoinToken(ctx context.Context, t jobserver.JoinToken) error
	// JoinServer uses a token up and stores the server with the hash of its credential; a server of that name that
	// exists keeps its history and its place in groups. Forbidden for a token that is unknown, used, expired, or made
	// for another name.
	JoinServer(ctx context.Context, tokenHash, credentialHash string, s jobserver.Server, now time.Time) (jobserver.Server, error)
	// ServerByCredential returns the name of the server with that credential's hash, or fault.NotFound.
	ServerByCredential(ctx context.Context, credentialHash string) (string, error)
	Server(ctx context.Context, name string) (jobserver.Server, error)
	Servers(ctx context.Context, f jobserver.Filter, p page.Request) (page.Of[jobserver.Server], error)
	// EditServer applies edit to the server in one transaction. If version is not 0 it must be the stored one, else Conflict.
	EditServer(ctx context.Context, name string, version int64, now time.Time, edit func(*jobserver.Server) error) (jobserver.Server, error)
	// DeleteServer removes a server from the fleet and from groups. Conflict while it has open attempts or a task is bound to it.
	DeleteServer(ctx context.Context, name string, version int64, now time.Time) error
	// Heard stores heartbeats. A server that was not online becomes so, and its unknown runs get back their prior state.
	Heard(ctx context.Context, beats []jobserver.Beat) error
	// MarkUnreachable makes online servers unreachable that were last heard before the instant, and their runs unknown.
	// It returns the names of those that it changed.
	MarkUnreachable(ctx context.Context, names []string, lastHeardBefore, now time.Time) ([]string, error)
	// MarkUnavailable makes unreachable servers unavailable. It returns the names of those that it changed.
	MarkUnavailable(ctx context.Context, names []string, now time.Time) ([]string, error)
	// DeclareDead notes an operator's statement that a server is dead: it is disabled and unavailable, with the reason.
	DeclareDead(ctx context.Context, name, reason, by string, now time.Time) (jobserver.Server, error)
	// Hold notes that the leases of these servers were lengthened for a planned absence; 0 ends the hold.
	Hold(ctx context.Context, servers []string, length time.Duration, now time.Time) error
	// Quarantine notes why a server must not be used: a process there could not be killed. An empty reason lifts it.
	Quarantine(ctx context.Context, server, reason string, now time.Time) error
	// RecordLoad keeps samples as history; ThinLoad joins old ones: after an hour one a minute stays, after a day one
	// each ten minutes, after fifteen days none.
	RecordLoad(ctx context.Context, points []jobserver.LoadPoint) error
	ThinLoad(ctx context.Context, now time.Time) error
	// Load returns the history of a server from from (inclusive) to to (exclusive), oldest first, at most 5,000 points.
	Load(ctx context.Context, name string, from, to time.Time) ([]jobserver.LoadPoint, error)
}

// VirtualServerStore keeps virtual servers.
type VirtualServerStore interface {
	CreateVirtualServer(ctx context.Context, s virtualserver.Spec, now time.Time) (virtualserver.VirtualServer, error)
	VirtualServer(ctx context.Context, name string) (virtualserver.VirtualServer, error)
	VirtualServers(ctx context.Context, query string, p page.Request) (page.Of[virtualserver.VirtualServer], error)
	// EditVirtualServer applies edit in one transaction. If version is not 0 it must be the stored one, else Conflict.
	// A member that is no server is refused with fault.Field("members[i]", …), here and on creation.
	EditVirtualServer(ctx context.Context, name string, version int64, now time.Time, edit func(*virtualserver.Spec) error) (virtualserver.VirtualServer, error)
	// DeleteVirtualServer removes a group. Conflict, naming them, while tasks are bound to it.
	DeleteVirtualServer(ctx context.Context, name string, version int64, now time.Time) error
}

// TaskStore keeps tasks.
type TaskStore interface {
	// CreateTask stores a task. A target that does not exist is refused with fault.Field("target.virtual_server", …).
	CreateTask(ctx context.Context, s task.Spec, now time.Time) (task.Task, error)
	Task(ctx context.Context, name string) (task.Task, error)
	Tasks(ctx context.Context, f task.Filter, p page.Request) (page.Of[task.Task], error)
	// EditTask applies edit in one transaction. If version is not 0 it must be the stored one, else Conflict.
	EditTask(ctx context.Context, name string, version int64, now time.Time, edit func(*task.Spec) error) (task.Task, error)
	// DeleteTask removes a task; its runs stay. Conflict while one of them is not final.
	DeleteTask(ctx context.Context, name string, version int64, now time.Time) error
}

// ConcurrencyGroupStore keeps concurrency groups. A task that names one that does not exist is refused with
// fault.Field("concurrency_groups[i]", …).
type ConcurrencyGroupStore interface {
	CreateConcurrencyGroup(ctx context.Context, s task.ConcurrencyGroupSpec, now time.Time) (task.ConcurrencyGroup, error)
	ConcurrencyGroup(ctx context.Context, name string) (task.ConcurrencyGroup, error)
	ConcurrencyGroups(ctx context.Context, query string, p page.Request) (page.Of[task.ConcurrencyGroup], error)
	// EditConcurrencyGroup applies edit in one transaction. If version is not 0 it must be the stored one, else Conflict.
	EditConcurrencyGroup(ctx context.Context, name string, version int64, now time.Time, edit func(*task.ConcurrencyGroupSpec) error) (task.ConcurrencyGroup, error)
	// DeleteConcurrencyGroup removes a group. Conflict, naming them, while tasks name it.
	DeleteConcurrencyGroup(ctx context.Context, name string, version int64, now time.Time) error
}

// EventStore reads the events that the other methods append.
type EventStore interface {
	// Events returns events in the order of their ids (or newest first where the filter says so), at most limit.
	// On a store that several conductors write to, an event is shown only when no event with a lower id can still come.
	Events(ctx context.Context, f task.EventFilter, limit int) ([]task.Event, error)
	// RunEvents returns the history of a run, oldest first.
	RunEvents(ctx context.Context, id task.RunID, p page.Request) (page.Of[task.Event], error)
	// LastEvent returns the id of the newest event, or 0.
	LastEvent(ctx context.Context) (int64, error)
}
