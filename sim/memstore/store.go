package memstore

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/internal/replay"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// Fate is what becomes of a commit.
type Fate int

// The fates of a commit.
const (
	// Commit lets it happen.
	Commit Fate = iota
	// FailBefore makes it fail with fault.Unavailable, and nothing is stored.
	FailBefore
	// FailAfter stores it, and loses the answer: the caller gets fault.Unavailable.
	FailAfter
	// CrashBefore and CrashAfter end the caller by a panic with [Crashed], before and after it is stored.
	CrashBefore
	CrashAfter
)

// Crashed is what a commit panics with that takes its caller down.
type Crashed struct {
	Op    string
	After bool
}

// Store is the store. Its fields may be set before it is used. One goroutine uses it at a time.
type Store struct {
	// Fate decides what becomes of each commit, by the name of the method; nil lets all happen.
	Fate func(op string) Fate
	// Jitter gives numbers from 0 to 1 that spread retries; nil is 0.
	Jitter func() float64
	// Committed is called with each event once it is stored; nil is not called.
	Committed func(task.Event)

	runs  map[task.RunID]*run
	order []task.RunID
	keys  map[string]task.RunID
	// open are runs whose newest attempt may still act, queued those that wait for a server.
	open, queued map[task.RunID]*run

	servers     map[string]*jobserver.Server
	credentials map[string]string
	tokens      map[string]*token
	groups      map[string]virtualserver.VirtualServer
	tasks       map[string]task.Task
	shared      map[string]task.ConcurrencyGroup
	usage       map[string]task.Usage
	answers     map[string]answer
	load        map[string][]jobserver.LoadPoint
	events      []task.Event
}

type answer struct {
	replay.Answer
	at time.Time
}

type token struct {
	jobserver.JoinToken
	used bool
}

// New returns an empty store.
func New() *Store {
	return &Store{
		runs: map[task.RunID]*run{}, keys: map[string]task.RunID{},
		open: map[task.RunID]*run{}, queued: map[task.RunID]*run{},
		servers: map[string]*jobserver.Server{}, credentials: map[string]string{}, tokens: map[string]*token{},
		groups: map[string]virtualserver.VirtualServer{}, tasks: map[string]task.Task{},
		shared: map[string]task.ConcurrencyGroup{},
		usage:  map[string]task.Usage{}, answers: map[string]answer{}, load: map[string][]jobserver.LoadPoint{},
	}
}

// transaction runs do as one commit: it must change nothing where it returns an error.
func (s *Store) transaction(op string, do func() error) error {
	fate := Commit
	if s.Fate != nil {
		fate = s.Fate(op)
	}
	switch fate {
	case FailBefore:
		return fmt.Errorf("%s: the store cannot write: %w", op, fault.Unavailable)
	case CrashBefore:
		panic(Crashed{Op: op})
	}
	err := do()
	switch fate {
	case FailAfter:
		return fmt.Errorf("%s: the answer of the store was lost: %w", op, fault.Unavailable)
	case CrashAfter:
		panic(Crashed{Op: op, After: true})
	}
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// each runs do as one commit for each of n items.
func (s *Store) each(op string, n int, do func(i int) error) []error {
	errs := make([]error, n)
	for i := range n {
		errs[i] = s.transaction(op, func() error { return do(i) })
	}
	return errs
}

// stored returns an instant as a store gives it back.
func stored(t time.Time) time.Time { return t.Truncate(time.Microsecond).UTC() }

func storedOrNil(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := stored(*t)
	return &u
}

func (s *Store) record(e task.Event) {
	e.ID = int64(len(s.events)) + 1
	e.At = stored(e.At)
	s.events = append(s.events, e)
	if s.Committed != nil {
		s.Committed(e)
	}
}

func (s *Store) recordThing(now time.Time, kind, subject, reason string) {
	s.record(task.Event{At: now, Kind: kind, Subject: subject, Reason: reason})
}

// Ping always succeeds.
func (s *Store) Ping(context.Context) error { return nil }

// Stats counts runs and servers.
func (s *Store) Stats(context.Context) (task.Stats, error) {
	st := task.Stats{RunsByState: map[task.State]int64{}, ServersByState: map[string]int64{}}
	for _, r := range s.runs {
		st.RunsByState[r.State]++
		if r.State == task.Queued {
			st.QueueLength++
			if st.OldestQueuedAt.IsZero() || r.QueuedAt.Before(st.OldestQueuedAt) {
				st.OldestQueuedAt = r.QueuedAt
			}
		}
	}
	for _, v := range s.servers {
		st.ServersByState[string(v.State)]++
	}
	return st, nil
}

// Answer returns a saved answer.
func (s *Store) Answer(_ context.Context, key string) (replay.Answer, error) {
	a, there := s.answers[key]
	if !there {
		return replay.Answer{}, notFound("answer", key)
	}
	return a.Answer, nil
}

// SaveAnswer keeps an answer. The first of a key stays.
func (s *Store) SaveAnswer(_ context.Context, key string, a replay.Answer, now time.Time) error {
	return s.transaction("SaveAnswer", func() error {
		if _, there := s.answers[key]; !there {
			s.answers[key] = answer{a, now}
		}
		return nil
	})
}

// PruneAnswers forgets old answers.
func (s *Store) PruneAnswers(_ context.Context, before time.Time) error {
	return s.transaction("PruneAnswers", func() error {
		for key, a := range s.answers {
			if a.at.Before(before) {
				delete(s.answers, key)
			}
		}
		return nil
	})
}

// Events returns events.
func (s *Store) Events(_ context.Context, f task.EventFilter, limit int) ([]task.Event, error) {
	var found []task.Event
	take := func(e task.Event) bool {
		if wanted(e, f) {
			found = append(found, e)
		}
		return len(found) < limit
	}
	if f.Newest {
		for i := len(s.events) - 1; i >= 0 && s.events[i].ID > f.After; i-- {
			if f.Before != 0 && s.events[i].ID >= f.Before {
				continue
			}
			if !take(s.events[i]) {
				break
			}
		}
		return found, nil
	}
	for _, e := range s.events[min(max(f.After, 0), int64(len(s.events))):] {
		if !take(e) {
			break
		}
	}
	return found, nil
}

func wanted(e task.Event, f task.EventFilter) bool {
	if f.Subject != "" && e.Subject != f.Subject || f.Task != "" && e.Task != f.Task {
		return false
	}
	return len(f.Kinds) == 0 || slices.ContainsFunc(f.Kinds, func(k string) bool {
		return e.Kind == k || strings.HasSuffix(k, ".") && strings.HasPrefix(e.Kind, k)
	})
}

// RunEvents returns the history of a run.
func (s *Store) RunEvents(_ context.Context, id task.RunID, p page.Request) (page.Of[task.Event], error) {
	if _, there := s.runs[id]; !there {
		return page.Of[task.Event]{}, notFound("run", string(id))
	}
	var all []task.Event
	for _, e := range s.events {
		if e.Subject == string(id) {
			all = append(all, e)
		}
	}
	return paged(all, p, func(e task.Event) string { return fmt.Sprintf("%020d", e.ID) }, false)
}

// LastEvent returns the id of the newest event.
func (s *Store) LastEvent(context.Context) (int64, error) { return int64(len(s.events)), nil }

// paged cuts the page that is asked for out of all items, which are in the order of their keys.
func paged[T any](all []T, p page.Request, key func(T) string, descending bool) (page.Of[T], error) {
	if p.Cursor != "" {
		all = slices.DeleteFunc(all, func(item T) bool {
			c := cmp.Compare(key(item), p.Cursor)
			return c <= 0 && !descending || c >= 0 && descending
		})
	}
	if len(all) <= p.Size() {
		return page.Of[T]{Items: all}, nil
	}
	all = all[:p.Size()]
	return page.Of[T]{Items: all, Next: key(all[len(all)-1])}, nil
}

func notFound(what, name string) error { return fmt.Errorf("%s %q: %w", what, name, fault.NotFound) }

func onServer(name string) json.RawMessage {
	data, _ := json.Marshal(map[string]string{"server": name}) // a map of strings always has a JSON form
	return data
}

// sortedKeys returns the keys of a map in their order.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
