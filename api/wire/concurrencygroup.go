package wire

import "github.com/segno-jobs/segno/task"

// ConcurrencyGroup is a stored concurrency group: the document of the operator with its version, and what counts in it.
type ConcurrencyGroup struct {
	task.ConcurrencyGroupSpec
	Active    int      `json:"active" doc:"How many runs count in it now: those whose attempt may act."`
	Tasks     []string `json:"tasks" doc:"Names of the tasks that name it." nullable:"false"`
	Version   int64    `json:"version" doc:"Counts edits; also the ETag."`
	CreatedAt Time     `json:"created_at" format:"date-time"`
	UpdatedAt Time     `json:"updated_at" format:"date-time"`
}

// ConcurrencyGroupOf returns g as it is sent, with the number of runs that count in it.
func ConcurrencyGroupOf(g task.ConcurrencyGroup, active int) ConcurrencyGroup {
	return ConcurrencyGroup{
		ConcurrencyGroupSpec: g.ConcurrencyGroupSpec, Active: active, Tasks: list(g.Tasks),
		Version: g.Version, CreatedAt: At(g.CreatedAt), UpdatedAt: At(g.UpdatedAt),
	}
}
