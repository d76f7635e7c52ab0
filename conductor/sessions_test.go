package conductor

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/protocol/segnov1"
)

func offerNamed(name string) *segnov1.Offer { return &segnov1.Offer{Task: name} }

func tasksOf(commands []*segnov1.Command) []string {
	var names []string
	for _, c := range commands {
		names = append(names, c.GetOffer().GetTask())
	}
	return names
}

func TestCommandsArriveInOrderWithConsecutiveSequences(t *testing.T) {
	s := newSessions()
	n, err := s.open("js-1", "a", start, start)
	if err != nil {
		t.Fatal(err)
	}
	s.offer("js-1", offerNamed("one"))
	s.offer("js-2", offerNamed("for nobody"))
	s.offer("js-1", offerNamed("two"))
	got, err := n.take(t.Context())
	if err != nil || len(got) != 2 || got[0].GetOffer().GetTask() != "one" || got[1].Sequence != got[0].Sequence+1 {
		t.Errorf("got %v (%v), want one and two in order", tasksOf(got), err)
	}
}

func TestASecondAgentWithTheSameIdentityIsRefusedWhileTheFirstLives(t *testing.T) {
	s := newSessions()
	first, err := s.open("js-1", "a", start, start)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.open("js-1", "b", start, start.Add(-time.Second)); !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v, want a conflict", err)
	}
	if _, err := s.open("js-1", "b", start.Add(time.Minute), start.Add(50*time.Second)); err != nil {
		t.Errorf("an agent that restarted was refused though the old one is silent: %v", err)
	}
	if _, err := first.take(t.Context()); !errors.Is(err, fault.Unavailable) {
		t.Errorf("got %v, want the old session to have ended", err)
	}
}

func TestANewStreamOfTheSameAgentTakesOver(t *testing.T) {
	s := newSessions()
	old, _ := s.open("js-1", "a", start, start)
	fresh, err := s.open("js-1", "a", start, start.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	s.close(old)
	s.offer("js-1", offerNamed("one"))
	if got, err := fresh.take(t.Context()); err != nil || len(got) != 1 {
		t.Errorf("the newer session got %d commands (%v), want 1: closing the older one must not end it", len(got), err)
	}
}

func TestPolledCommandsComeAgainUntilTheyAreConfirmed(t *testing.T) {
	s := newSessions()
	n, _ := s.open("js-1", "a", start, start)
	s.offer("js-1", offerNamed("one"))
	first, _ := n.poll(t.Context(), 0)
	again, _ := n.poll(t.Context(), 0)
	if len(first) != 1 || len(again) != 1 || first[0].Sequence != again[0].Sequence {
		t.Fatalf("got %v and %v, want the unconfirmed command twice", tasksOf(first), tasksOf(again))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := n.poll(ctx, first[0].Sequence); err == nil || len(got) != 0 {
		t.Errorf("got %v, want nothing after it was confirmed", tasksOf(got))
	}
}
