package wire

import "github.com/segno-jobs/segno/task"

// Task is a stored task: the document of the operator with its version.
type Task struct {
	task.Spec
	Version   int64 `json:"version" doc:"Counts edits; also the ETag."`
	CreatedAt Time  `json:"created_at" format:"date-time"`
	UpdatedAt Time  `json:"updated_at" format:"date-time"`
	// LastRun is given in lists, for tasks that have run.
	LastRun *LastRun `json:"last_run,omitempty" doc:"The newest run; given in lists, for tasks that have run."`
}

// NewTask is the body of POST /tasks: a task with its triggers, which are stored together or not at all.
type NewTask struct {
	task.Spec
	Triggers []task.TriggerSpec `json:"triggers,omitempty" doc:"Triggers that the task is created with; all is stored, or nothing."`
}

// TaskOf returns t as it is sent.
func TaskOf(t task.Task) Task {
	return Task{Spec: t.Spec, Version: t.Version, CreatedAt: At(t.CreatedAt), UpdatedAt: At(t.UpdatedAt)}
}
