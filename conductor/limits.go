package conductor

import (
	"maps"
	"slices"

	"github.com/segno-jobs/segno/task"
)

// limits are how many attempts of tasks and of concurrency groups may be open at once, and how many are. They are part of
// the fleet and under its lock: a place is reserved only where they allow it, and whatever is reserved counts. They are
// those of the tasks as they are now, for runs that were requested earlier, too.
type limits struct {
	// active counts the open attempts of every task.
	active map[string]int
	// tasks are those that have a limit, or have had one.
	tasks  map[string]taskLimit
	groups map[string]*groupLimit
}

type taskLimit struct {
	// most is 0 without a limit of the task's own.
	most    int
	groups  []string
	version int64
}

type groupLimit struct {
	// most is unknownLimit for a group that a task names and that was not read yet.
	most, active int
	version      int64
}

const unknownLimit = -1

func newLimits() limits {
	return limits{active: map[string]int{}, tasks: map[string]taskLimit{}, groups: map[string]*groupLimit{}}
}

// enter counts an attempt of a task that is open from now on, and leave one that is no more.
func (l *limits) enter(name string) { l.count(name, 1) }
func (l *limits) leave(name string) { l.count(name, -1) }

func (l *limits) count(name string, by int) {
	if name == "" {
		return
	}
	if l.active[name] += by; l.active[name] == 0 {
		delete(l.active, name)
	}
	for _, g := range l.tasks[name].groups {
		l.group(g).active += by
	}
}

// full returns why no further attempt of a task may be open, or "".
func (l *limits) full(name string) string {
	limit, limited := l.tasks[name]
	if !limited {
		return ""
	}
	if why := task.Full("its task", l.active[name], limit.most); why != "" {
		return why
	}
	for _, g := range limit.groups {
		group := l.group(g)
		if group.most == unknownLimit {
			return "waits for the concurrency group " + g + ": its limit is not known yet"
		}
		if why := task.Full("the concurrency group "+g, group.active, group.most); why != "" {
			return why
		}
	}
	return ""
}

// setTask takes in what a task allows. An older version than the one that is known changes nothing.
func (l *limits) setTask(t task.Task) {
	old, known := l.tasks[t.Name]
	if known && old.version >= t.Version || !known && t.MaxConcurrent == 0 && len(t.ConcurrencyGroups) == 0 {
		return
	}
	l.regroup(t.Name, old.groups, t.ConcurrencyGroups)
	l.tasks[t.Name] = taskLimit{most: t.MaxConcurrent, groups: slices.Clone(t.ConcurrencyGroups), version: t.Version}
}

// dropTask forgets a task that is deleted.
func (l *limits) dropTask(name string) {
	l.regroup(name, l.tasks[name].groups, nil)
	delete(l.tasks, name)
}

// regroup moves what a task has open from the one groups to the others.
func (l *limits) regroup(name string, from, to []string) {
	for _, g := range from {
		l.group(g).active -= l.active[name]
	}
	for _, g := range to {
		l.group(g).active += l.active[name]
	}
}

func (l *limits) group(name string) *groupLimit {
	g, known := l.groups[name]
	if !known {
		g = &groupLimit{most: unknownLimit}
		l.groups[name] = g
	}
	return g
}

// clone returns limits of their own, for a picture of the fleet.
func (l *limits) clone() limits {
	c := limits{active: maps.Clone(l.active), tasks: maps.Clone(l.tasks), groups: make(map[string]*groupLimit, len(l.groups))}
	for name, g := range l.groups {
		copied := *g
		c.groups[name] = &copied
	}
	return c
}

// heldBack returns why no further run of a task may be placed now, whatever the servers have room for, or "".
func (f *fleet) heldBack(name string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.limits.full(name)
}

// limited reports whether something bounds how many runs of the task are active.
func (f *fleet) limited(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.limits.tasks[name]
	return l.most > 0 || len(l.groups) > 0
}

// activeIn returns how many open attempts count in a concurrency group.
func (f *fleet) activeIn(group string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if g, known := f.limits.groups[group]; known {
		return g.active
	}
	return 0
}

// openOf returns the open attempts of a task that nobody is known to want to stop, by server.
func (f *fleet) openOf(name string) []task.RunID {
	f.mu.Lock()
	defer f.mu.Unlock()
	var runs []task.RunID
	for _, h := range f.hosts {
		for ref, p := range h.open {
			if p.task == name && p.intent == "" {
				runs = append(runs, ref.Run)
			}
		}
	}
	slices.Sort(runs)
	return runs
}

func (f *fleet) setTaskLimits(ts ...task.Task) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range ts {
		f.limits.setTask(t)
	}
}

func (f *fleet) dropTaskLimits(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.limits.dropTask(name)
}

// setGroupLimits takes in the limits of concurrency groups.
func (f *fleet) setGroupLimits(gs ...task.ConcurrencyGroup) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, g := range gs {
		if l := f.limits.group(g.Name); g.Version > l.version {
			l.most, l.version = g.MaxConcurrent, g.Version
		}
	}
}

// dropGroupLimit forgets the limit of a concurrency group that is deleted.
func (f *fleet) dropGroupLimit(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.limits.group(name)
	l.most, l.version = unknownLimit, 0
}
