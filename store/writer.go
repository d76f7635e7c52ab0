package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
)

const (
	// maxBatch is about how many items are committed together. It bounds the time for which an item waits for others.
	maxBatch = 128
	// maxWaiting is how many jobs may wait for the writer before more are refused.
	maxWaiting = 16384
	// maxRepeats is how often a transaction is run again that PostgreSQL rolled back because of another one.
	maxRepeats = 5
	// batchPatience ends a transaction whose database does not answer. SQLite's transactions are local and not bounded.
	batchPatience = 30 * time.Second
)

// job is one call's work for the writer: n items, independent of one another, that go into the same transaction.
type job struct {
	n  int
	do func(t *tx, i int) error
	// errs has the error of each item, once done is closed.
	errs []error
	// state goes from waiting either to taken, by the writer, or to left, by a caller that waits no longer.
	state atomic.Int32
	done  chan struct{}
}

const (
	jobWaiting int32 = iota
	jobTaken
	jobLeft
)

// writer runs jobs in transactions, those that wait at the same time together.
//
// A batch is run optimistically: all items in one transaction, without savepoints. An item that is refused before it
// has written anything hinders nobody. If an item fails after it has written, the transaction is rolled back and each
// item is run in a transaction of its own.
type writer struct {
	dialect  dialect
	logger   *slog.Logger
	onCommit func(took time.Duration, jobs int)
	// tasks is emptied when a commit has changed tasks.
	tasks *taskCache

	mu      sync.Mutex
	waiting []*job
	closed  bool
	// wake has room for one signal for each worker.
	wake    chan struct{}
	workers sync.WaitGroup
}

var errClosed = fmt.Errorf("the store is closed: %w", fault.Unavailable)

// start begins taking jobs, one batch at a time for each session. The sessions belong to the writer from then on.
func (w *writer) start(sessions []*session) {
	w.wake = make(chan struct{}, len(sessions))
	for _, s := range sessions {
		w.workers.Go(func() {
			defer s.close()
			w.work(s)
		})
	}
}

// close lets the jobs that wait finish and ends the workers.
func (w *writer) close() {
	w.mu.Lock()
	wasClosed := w.closed
	w.closed = true
	w.mu.Unlock()
	if !wasClosed {
		close(w.wake)
	}
	w.workers.Wait()
}

// run hands a job to the writer and waits until it is committed. If ctx ends before the job was taken, nothing of it is
// done; once it is taken, its outcome is awaited.
func (w *writer) run(ctx context.Context, n int, do func(t *tx, i int) error) []error {
	j := &job{n: n, do: do, errs: make([]error, n), done: make(chan struct{})}
	if n == 0 {
		return j.errs
	}
	if err := w.submit(ctx, j); err != nil {
		return fill(j.errs, err)
	}
	select {
	case <-j.done:
	case <-ctx.Done():
		if j.state.CompareAndSwap(jobWaiting, jobLeft) {
			return fill(j.errs, fmt.Errorf("wait for the store: %w", context.Cause(ctx)))
		}
		<-j.done
	}
	return j.errs
}

func (w *writer) submit(ctx context.Context, j *job) error {
	if ctx.Err() != nil {
		return fmt.Errorf("write to the store: %w", context.Cause(ctx))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return errClosed
	}
	if len(w.waiting) >= maxWaiting {
		return fmt.Errorf("%d changes wait for the store already: %w", len(w.waiting), fault.Unavailable)
	}
	w.waiting = append(w.waiting, j)
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return nil
}

func fill(errs []error, err error) []error {
	for i := range errs {
		errs[i] = err
	}
	return errs
}

// work takes batches until the writer is closed and nothing waits.
func (w *writer) work(s *session) {
	for range w.wake {
		for batch := w.take(); len(batch) > 0; batch = w.take() {
			w.commit(s, batch)
		}
	}
	for batch := w.take(); len(batch) > 0; batch = w.take() {
		w.commit(s, batch)
	}
}

// take removes jobs of about maxBatch items from the queue, leaving out those whose callers have left.
func (w *writer) take() []*job {
	w.mu.Lock()
	defer w.mu.Unlock()
	var batch []*job
	taken, items := 0, 0
	for _, j := range w.waiting {
		if items > 0 && items+j.n > maxBatch {
			break
		}
		taken++
		if j.state.CompareAndSwap(jobWaiting, jobTaken) {
			batch = append(batch, j)
			items += j.n
		}
	}
	rest := copy(w.waiting, w.waiting[taken:])
	clear(w.waiting[rest:])
	w.waiting = w.waiting[:rest]
	return batch
}

// commit runs the batch and answers its callers.
func (w *writer) commit(s *session, batch []*job) {
	ctx, cancel := w.bounded()
	ok := w.together(ctx, s, batch)
	cancel()
	if !ok {
		w.apart(s, batch)
	}
	for _, j := range batch {
		for i := range j.errs {
			j.errs[i] = classify(j.errs[i])
		}
		close(j.done)
	}
	if w.dialect == postgres {
		s.close()
	}
}

// bounded returns the context of one transaction.
func (w *writer) bounded() (context.Context, context.CancelFunc) {
	if w.dialect == sqlite {
		// A context that can end costs a goroutine for each statement in the driver.
		return context.Background(), func() {}
	}
	return context.WithTimeout(context.Background(), batchPatience)
}

// together runs all items in one transaction. It returns false if nothing was committed and the items are to be run apart.
func (w *writer) together(ctx context.Context, s *session, batch []*job) bool {
	begun := time.Now()
	t, err := w.begin(ctx, s)
	if err != nil {
		for _, j := range batch {
			fill(j.errs, err)
		}
		return true
	}
	for _, j := range batch {
		for i := range j.n {
			t.wrote, t.failed = false, false
			events := len(t.pending)
			j.errs[i] = w.protect(t, j, i)
			if j.errs[i] == nil {
				continue
			}
			if t.wrote || t.failed {
				w.rollback(ctx, s)
				return false
			}
			t.pending = t.pending[:events]
		}
	}
	if err := w.finish(t, begun, len(batch)); err != nil {
		w.rollback(ctx, s)
		if answered(err) {
			return false
		}
		for _, j := range batch {
			fill(j.errs, err)
		}
	}
	return true
}

// apart runs each item in a transaction of its own.
func (w *writer) apart(s *session, batch []*job) {
	var unreachable error
	for _, j := range batch {
		for i := range j.n {
			if unreachable != nil {
				j.errs[i] = unreachable
				continue
			}
			j.errs[i], unreachable = w.alone(s, j, i)
		}
	}
}

// alone runs one item. The second error is not nil where there is no use in trying others.
func (w *writer) alone(s *session, j *job, i int) (err, unreachable error) {
	for repeat := 0; ; repeat++ {
		err, unreachable = w.attempt(s, j, i)
		if !repeatable(err) || repeat == maxRepeats {
			return err, unreachable
		}
		// The one that won commits meanwhile; two that lost should not meet again.
		time.Sleep(time.Duration(1+rand.IntN(10*(repeat+1))) * time.Millisecond)
	}
}

func (w *writer) attempt(s *session, j *job, i int) (err, unreachable error) {
	ctx, cancel := w.bounded()
	defer cancel()
	begun := time.Now()
	t, err := w.begin(ctx, s)
	if err != nil {
		return err, err
	}
	if err = w.protect(t, j, i); err == nil {
		err = w.finish(t, begun, 1)
	}
	if err != nil {
		w.rollback(ctx, s)
	}
	return err, nil
}

// protect runs one item and turns a panic into an error.
func (w *writer) protect(t *tx, j *job, i int) (err error) {
	defer func() {
		if p := recover(); p != nil {
			t.failed = true
			w.logger.Error("a change of the store panicked", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("a change of the store panicked: %v", p)
		}
	}()
	return j.do(t, i)
}

func (w *writer) begin(ctx context.Context, s *session) (*tx, error) {
	if err := s.connect(ctx); err != nil {
		return nil, classify(err)
	}
	if _, err := s.exec(ctx, w.dialect.begin()); err != nil {
		s.discard()
		return nil, classify(fmt.Errorf("begin a transaction: %w", err))
	}
	return &tx{ctx: ctx, session: s}, nil
}

// finish writes the pending events and commits.
func (w *writer) finish(t *tx, begun time.Time, jobs int) error {
	if err := t.flush(); err != nil {
		return err
	}
	_, err := t.session.exec(t.ctx, "COMMIT")
	if t.tasksChanged { // Also where it is not known whether they were.
		w.tasks.forget()
	}
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if w.onCommit != nil {
		w.onCommit(time.Since(begun), jobs)
	}
	return nil
}

// rollback gives the transaction up. A connection that cannot even do that is thrown away, and the database gives the
// transaction up by itself.
func (w *writer) rollback(ctx context.Context, s *session) {
	if s.rolledBack() {
		return
	}
	if _, err := s.exec(ctx, "ROLLBACK"); err != nil {
		s.discard()
	}
}

// updateEach runs n independent changes and returns the error of each.
func (db *DB) updateEach(ctx context.Context, n int, do func(t *tx, i int) error) []error {
	return db.writer.run(ctx, n, do)
}

// joinDistinct joins errors, those with the same text once.
func joinDistinct(errs []error) error {
	seen := map[string]bool{}
	var distinct []error
	for _, err := range errs {
		if err != nil && !seen[err.Error()] {
			seen[err.Error()] = true
			distinct = append(distinct, err)
		}
	}
	return errors.Join(distinct...)
}
