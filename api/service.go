package api

import (
	"context"
	"io"
	"time"

	"github.com/segno-jobs/segno/internal/about"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/internal/replay"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// Service is what the API needs of a conductor. Errors are of the kinds of internal/fault.
// A version of 0 stands for "whatever is stored"; another one must match, or the error is fault.Conflict.
// An edit that changes nothing leaves the version and is no event.
type Service interface {
	ServerService
	VirtualServerService
	TaskService
	ConcurrencyGroupService
	RetentionService
	AuditService
	SessionService
	ArchiveService
	RunService
	PlanService
	TriggerService
	CalendarService
	EventTriggerService
	InsightService
	NotificationService
	EventService
	AnswerService

	// Ready returns nil when the conductor can do its work, else why not.
	Ready(ctx context.Context) error
}

// ServerService is about job servers.
type ServerService interface {
	Servers(ctx context.Context, f jobserver.Filter, p page.Request) (page.Of[ServerView], error)
	Server(ctx context.Context, name string) (ServerView, error)
	EditServer(ctx context.Context, name string, version int64, edit func(*jobserver.Server) error) (ServerView, error)
	DeleteServer(ctx context.Context, name string, version int64) error
	// SetServerMode drains, activates or disables a server. The reason may be empty.
	SetServerMode(ctx context.Context, name string, mode jobserver.Mode, reason string) (ServerView, error)
	// DeclareDead notes the operator's statement that a server is dead; its runs follow their policies at once.
	DeclareDead(ctx context.Context, name, reason, by string) (ServerView, error)
	// WhatIf says what would happen to each run on a server if it died now.
	WhatIf(ctx context.Context, name string) ([]WhatIf, error)
	ServerLoad(ctx context.Context, name string, from, to time.Time) ([]jobserver.LoadPoint, error)
	// CreateJoinToken returns a new one-time token; it is not stored in clear and cannot be shown again.
	CreateJoinToken(ctx context.Context, name string, ttl time.Duration) (token string, t jobserver.JoinToken, err error)
}

// ServerView is a server with what the conductor makes of it.
type ServerView = jobserver.View

// WhatIf is what would happen to one run if its server died now.
type WhatIf = jobserver.WhatIf

// VirtualServerService is about virtual servers.
type VirtualServerService interface {
	VirtualServers(ctx context.Context, query string, p page.Request) (page.Of[virtualserver.VirtualServer], error)
	VirtualServer(ctx context.Context, name string) (virtualserver.VirtualServer, error)
	CreateVirtualServer(ctx context.Context, s virtualserver.Spec) (virtualserver.VirtualServer, error)
	EditVirtualServer(ctx context.Context, name string, version int64, edit func(*virtualserver.Spec) error) (virtualserver.VirtualServer, error)
	DeleteVirtualServer(ctx context.Context, name string, version int64) error
	// Rating answers what the placement of a run of the task would be now, without placing it. An empty task stands
	// for a run of one core.
	Rating(ctx context.Context, name, task string) (virtualserver.Placement, error)
	// PreviewVirtualServers says what it would mean if virtual servers were as the drafts say, without changing anything.
	PreviewVirtualServers(ctx context.Context, drafts []virtualserver.Spec, task string) ([]virtualserver.Effect, error)
}

// TaskService is about tasks.
type TaskService interface {
	Tasks(ctx context.Context, f task.Filter, p page.Request) (page.Of[task.Task], error)
	Task(ctx context.Context, name string) (task.Task, error)
	// CreateTask stores a task with its triggers, all or nothing. What is refused of a trigger is told under triggers[i].
	CreateTask(ctx context.Context, s task.Spec, triggers ...task.TriggerSpec) (task.Task, error)
	EditTask(ctx context.Context, name string, version int64, edit func(*task.Spec) error) (task.Task, error)
	DeleteTask(ctx context.Context, name string, version int64) error
}

// RunService is about runs.
type RunService interface {
	// StartRun requests a run of a task. The same key gives the same run again.
	StartRun(ctx context.Context, taskName string, r RunRequest) (task.Run, error)
	Runs(ctx context.Context, f task.RunFilter, p page.Request) (page.Of[task.Run], error)
	// Run returns a run with its attempts.
	Run(ctx context.Context, id task.RunID) (task.Run, error)
	// Placements returns stored placements by attempt; under 0 the newest explanation of why it waits.
	Placements(ctx context.Context, id task.RunID) (map[int]virtualserver.Placement, error)
	// CancelRun cancels a run for the caller named by.
	CancelRun(ctx context.Context, id task.RunID, by string) (task.Run, error)
	// TakeUp does what the operator named by wants of a run: reset, restart, or recover from a checkpoint (0 is the last).
	TakeUp(ctx context.Context, id task.RunID, intent task.Intent, checkpoint int, by string) (task.Run, error)
	Checkpoints(ctx context.Context, id task.RunID) ([]task.Checkpoint, error)
	// CheckpointContent opens the content of a checkpoint, a tar archive; the caller closes it.
	CheckpointContent(ctx context.Context, id task.RunID, sequence int) (io.ReadSeekCloser, task.Checkpoint, error)
	RecoverableRuns(ctx context.Context, taskName string, p page.Request) (page.Of[task.Recoverable], error)
	RunEvents(ctx context.Context, id task.RunID, p page.Request) (page.Of[task.Event], error)
	// Output reads output of an attempt from the offset on; end is true when nothing can follow what was returned.
	Output(ctx context.Context, ref task.Ref, offset int64, limit int) (out task.Output, end bool, err error)
	// WatchOutput returns a channel that receives whenever an attempt of the run may have more output or a newer attempt
	// may exist. Signals are joined while nobody reads. stop must be called.
	WatchOutput(id task.RunID) (signal <-chan struct{}, stop func())
}

// InsightService is about what people look at beside the runs themselves.
type InsightService interface {
	// RunLoad returns what the attempts of a run used while they ran, oldest first.
	RunLoad(ctx context.Context, id task.RunID) ([]task.LoadPoint, error)
	// LatestRuns returns the newest run of each of the tasks that has one, by task.
	LatestRuns(ctx context.Context, tasks []string) (map[string]task.Run, error)
	// Spans returns where and when attempts ran that touch a stretch of time, those of the newest runs first, at most
	// limit at once and after a cursor.
	Spans(ctx context.Context, f task.SpanFilter, limit int, cursor string) (page.Of[task.Span], error)
	// TaskPlacement answers where a run of the task would go now, and why, without placing it.
	TaskPlacement(ctx context.Context, name string) (virtualserver.Placement, error)
	// Summary counts what runs and what a person should look at. It may be a second old.
	Summary(ctx context.Context) (task.Summary, error)
	// About says what the conductor is. A check that is not passed is part of the answer and no error.
	About(ctx context.Context) (about.Facts, error)
}

// RunRequest is what a caller gives for a run.
type RunRequest = task.RunRequest

// EventService is about what happens.
type EventService interface {
	Events(ctx context.Context, f task.EventFilter, limit int) ([]task.Event, error)
	LastEvent(ctx context.Context) (int64, error)
	// WatchEvents returns a channel that receives whenever new events may be there. Signals are joined. stop must be called.
	WatchEvents() (signal <-chan struct{}, stop func())
}

// AnswerService keeps answers to requests with an Idempotency-Key.
type AnswerService interface {
	// Answer returns the saved answer of a key, or fault.NotFound.
	Answer(ctx context.Context, key string) (replay.Answer, error)
	SaveAnswer(ctx context.Context, key string, a replay.Answer) error
}
