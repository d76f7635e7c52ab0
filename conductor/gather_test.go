package conductor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segno-jobs/segno/jobserver"
)

// heardStore counts what is stored together. It refuses batches that have one of the servers.
type heardStore struct {
	mu      sync.Mutex
	refuses []string
	batches [][]string
}

func (s *heardStore) heard(ctx context.Context, beats []jobserver.Beat) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, b := range beats {
		names = append(names, b.Server)
	}
	s.batches = append(s.batches, names)
	if slices.ContainsFunc(names, func(name string) bool { return slices.Contains(s.refuses, name) }) {
		return errors.New("refused")
	}
	return ctx.Err()
}

func TestHeartbeatsThatComeTogetherAreStoredTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &heardStore{}
		g := &gathering{within: 50 * time.Millisecond, store: s.heard}
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				begun := time.Now()
				if err := g.add(t.Context(), jobserver.Beat{Server: fmt.Sprint(i)}); err != nil {
					t.Error(err)
				}
				if waited := time.Since(begun); waited > 50*time.Millisecond {
					t.Errorf("heartbeat %d waited for %s", i, waited)
				}
			})
		}
		all.Wait()
		stored := 0
		for _, b := range s.batches {
			stored += len(b)
		}
		if stored != 100 || len(s.batches) != 2 {
			t.Errorf("%d heartbeats of 100 ms were stored in %d commits, want 100 in 2", stored, len(s.batches))
		}
	})
}

func TestAHeartbeatThatCannotBeStoredDoesNoHarmToTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &heardStore{refuses: []string{"3"}}
		g := &gathering{within: 50 * time.Millisecond, store: s.heard}
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				err := g.add(t.Context(), jobserver.Beat{Server: fmt.Sprint(i)})
				if (err != nil) != (i == 3) {
					t.Errorf("heartbeat %d: got %v", i, err)
				}
			})
		}
		all.Wait()
	})
}

func TestAnAgentThatHangsUpTakesNoOtherHeartbeatWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &heardStore{}
		g := &gathering{within: 50 * time.Millisecond, store: s.heard}
		gone, hangUp := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { _ = g.add(gone, jobserver.Beat{Server: "first"}) })
		synctest.Wait()
		all.Go(func() {
			if err := g.add(t.Context(), jobserver.Beat{Server: "second"}); err != nil {
				t.Errorf("the second: %v", err)
			}
		})
		all.Go(func() {
			if err := g.add(gone, jobserver.Beat{Server: "third"}); !errors.Is(err, context.Canceled) {
				t.Errorf("the third, who hung up: %v", err)
			}
		})
		synctest.Wait()
		hangUp()
		all.Wait()
	})
}

func TestWithoutGatheringEachHeartbeatIsStoredAtOnce(t *testing.T) {
	s := &heardStore{}
	g := &gathering{store: s.heard}
	for range 3 {
		if err := g.add(t.Context(), jobserver.Beat{Server: "js-1"}); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.batches) != 3 {
		t.Errorf("got %d commits, want 3", len(s.batches))
	}
}
