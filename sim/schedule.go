package sim

import (
	"container/heap"
	"time"
)

// event is something that will happen. Events of one instant are ordered by chance, which the seed decides.
type event struct {
	at   time.Duration
	tie  uint64
	seq  uint64
	name string
	do   func()
}

type events []*event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	switch {
	case e[i].at != e[j].at:
		return e[i].at < e[j].at
	case e[i].tie != e[j].tie:
		return e[i].tie < e[j].tie
	}
	return e[i].seq < e[j].seq
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(*event)) }
func (e *events) Pop() any {
	old := *e
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*e = old[:len(old)-1]
	return last
}

// after has do happen once d of true time has passed.
func (w *World) after(d time.Duration, name string, do func()) {
	w.seq++
	heap.Push(&w.events, &event{at: w.now + max(d, 0), tie: w.rnd.Uint64(), seq: w.seq, name: name, do: do})
}

// runUntil lets everything happen that is due up to an instant of true time, or until the seed has failed. It may be
// called from within an event: whoever calls it stands still meanwhile.
func (w *World) runUntil(end time.Duration) {
	for len(w.events) > 0 && w.events[0].at <= end && !w.failed() {
		e := heap.Pop(&w.events).(*event)
		w.now = max(w.now, e.at)
		w.steps++
		e.do()
		w.check(e.name)
	}
	w.now = max(w.now, end)
}
