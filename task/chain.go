package task

import (
	"slices"
	"strings"

	"github.com/segno-jobs/segno/internal/fault"
)

// AfterTrigger starts a run when one of another task has ended.
type AfterTrigger struct {
	Task string   `json:"task" doc:"The other task."`
	On   ChainEnd `json:"on" enum:"ok,error,any" doc:"Which ends count: ok is succeeded, error is failed, timed_out and lost, any is those, cancelled and reset."`
}

// ChainEnd says which ends of a run another task follows.
type ChainEnd string

// The ends that a chained task follows. A run that someone cancelled or reset has not come to an end of its own: it
// counts for ChainAny alone.
const (
	ChainOK    ChainEnd = "ok"
	ChainError ChainEnd = "error"
	ChainAny   ChainEnd = "any"
)

// Includes reports whether a run that ended in the state is one that the chained task follows. A state that is no end
// is none.
func (e ChainEnd) Includes(s State) bool {
	switch e {
	case ChainOK:
		return s == Succeeded
	case ChainError:
		return s.Failure()
	case ChainAny:
		return s.Final()
	}
	return false
}

// Failure reports whether a run ended in this state because it did not do what it was to do: failed, timed out or lost.
func (s State) Failure() bool { return s == Failed || s == TimedOut || s == Lost }

// Validate checks the other task's name and the ends that count.
func (a AfterTrigger) Validate() error {
	var found problems
	found.add(CheckName("task", a.Task))
	if a.On == "" {
		found.addf("on", "must be ok, error or any")
	}
	found.add(oneOf("on", a.On, ChainOK, ChainError, ChainAny))
	return found.join()
}

// Link says that the end of a task starts another one.
type Link struct{ From, To string }

// CheckChain returns a field error with the path unless the chains stay free of loops with the new link: a task whose end
// leads to its own start would never come to rest.
func CheckChain(links []Link, added Link) error {
	next := map[string][]string{}
	for _, l := range links {
		next[l.From] = append(next[l.From], l.To)
	}
	// A loop with the new link leads from its end back to its beginning.
	before := map[string]string{added.To: ""}
	queue := []string{added.To}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if at == added.From {
			return fault.Field("after.task", "would lead from %s back to its own start: %s", added.To, chainPath(before, added))
		}
		for _, to := range next[at] {
			if _, seen := before[to]; !seen {
				before[to] = at
				queue = append(queue, to)
			}
		}
	}
	return nil
}

// chainPath writes the loop that the link closes, from its end over all tasks between and back to it.
func chainPath(before map[string]string, added Link) string {
	path := []string{added.To}
	for at := added.From; at != ""; at = before[at] {
		path = append(path, at)
	}
	slices.Reverse(path)
	return strings.Join(path, " → ")
}
