package wire

import "github.com/segno-jobs/segno/task"

// RunLoadPoint is what one attempt used over a short stretch of time.
type RunLoadPoint struct {
	Attempt int `json:"attempt"`
	// At is the end of the stretch, Length how long it was.
	At        Time          `json:"at" doc:"End of the stretch." format:"date-time"`
	Length    task.Duration `json:"length" doc:"How long the stretch was."`
	CPU       float64       `json:"cpu" doc:"Mean, in cores."`
	Memory    int64         `json:"memory" doc:"The most, in bytes, of all processes."`
	Processes int           `json:"processes"`
}

// RunLoadPointOf returns p as it is sent.
func RunLoadPointOf(p task.LoadPoint) RunLoadPoint {
	return RunLoadPoint{
		Attempt: p.Number, At: At(p.At), Length: task.Duration(p.Length), CPU: p.CPU, Memory: p.Memory, Processes: p.Processes,
	}
}

// LastRun is what a list of tasks tells of the newest run of one.
type LastRun struct {
	ID        task.RunID `json:"id"`
	State     task.State `json:"state" enum:"queued,starting,running,unknown,stopping,succeeded,failed,timed_out,cancelled,reset,lost"`
	Reason    string     `json:"reason"`
	Server    *string    `json:"server"`
	QueuedAt  Time       `json:"queued_at" format:"date-time"`
	StartedAt *Time      `json:"started_at" format:"date-time"`
	EndedAt   *Time      `json:"ended_at" format:"date-time"`
}

// LastRunOf returns what a list of tasks tells of r.
func LastRunOf(r task.Run) LastRun {
	return LastRun{
		ID: r.ID, State: r.State, Reason: r.Reason, Server: text(r.Server),
		QueuedAt: At(r.QueuedAt), StartedAt: optional(r.StartedAt), EndedAt: optional(r.EndedAt),
	}
}

// Span is where and when one attempt ran.
type Span struct {
	Run     task.RunID        `json:"run"`
	Attempt int               `json:"attempt"`
	Task    string            `json:"task"`
	Server  string            `json:"server"`
	State   task.AttemptState `json:"state" enum:"offered,running,unknown,stopping,withdrawn,succeeded,failed,timed_out,cancelled,lost,unavailable"`
	From    Time              `json:"from" doc:"When its agent claimed it; when it was offered where nobody has yet." format:"date-time"`
	To      *Time             `json:"to" doc:"Null while it is open." format:"date-time"`
}

// SpanOf returns s as it is sent.
func SpanOf(s task.Span) Span {
	return Span{
		Run: s.Run, Attempt: s.Number, Task: s.Task, Server: s.Server, State: s.State, From: At(s.From), To: optional(s.To),
	}
}
