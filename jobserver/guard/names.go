package guard

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/segno-jobs/segno/jobserver/spool"
	"github.com/segno-jobs/segno/task"
)

// nameSync makes the names of fresh spools durable, many with one sync of their folder, while their jobs run. An exit is
// told only when the name of its spool is durable.
type nameSync struct {
	folder *spool.Folder
	wake   chan struct{}

	mu sync.Mutex
	// made and durable count spools; waiting are ended ones whose name is not durable yet.
	made, durable uint64
	waiting       []waitingName
}

type waitingName struct {
	ticket uint64
	ref    task.Ref
}

func newNameSync(folder *spool.Folder) *nameSync {
	return &nameSync{folder: folder, wake: make(chan struct{}, 1)}
}

// created returns the ticket of a spool that was just created.
func (s *nameSync) created() uint64 {
	s.mu.Lock()
	s.made++
	ticket := s.made
	s.mu.Unlock()
	offer(s.wake, struct{}{})
	return ticket
}

// durableAt reports whether the name of the spool with that ticket is durable. Where it is not, run calls back for ref
// once it is.
func (s *nameSync) durableAt(ticket uint64, ref task.Ref) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ticket <= s.durable {
		return true
	}
	s.waiting = append(s.waiting, waitingName{ticket, ref})
	return false
}

// run syncs until ctx is done, and calls done for each spool that ended and is durable.
func (s *nameSync) run(ctx context.Context, done func(task.Ref), logger *slog.Logger) {
	retry := time.NewTimer(0)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-retry.C:
		}
		if err := s.sync(); err != nil {
			logger.Error("names of spools could not be synced", "error", err)
			retry.Reset(retryEvery)
		}
		for _, ref := range s.ready() {
			done(ref)
		}
	}
}

func (s *nameSync) sync() error {
	s.mu.Lock()
	upTo, done := s.made, s.durable
	s.mu.Unlock()
	if upTo == done {
		return nil
	}
	if err := s.folder.Sync(); err != nil {
		return err
	}
	s.mu.Lock()
	s.durable = upTo
	s.mu.Unlock()
	return nil
}

// ready takes those of waiting whose name is durable.
func (s *nameSync) ready() []task.Ref {
	s.mu.Lock()
	defer s.mu.Unlock()
	var refs []task.Ref
	rest := s.waiting[:0]
	for _, w := range s.waiting {
		if w.ticket <= s.durable {
			refs = append(refs, w.ref)
		} else {
			rest = append(rest, w)
		}
	}
	s.waiting = rest
	return refs
}
