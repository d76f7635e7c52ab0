package conductor_test

import (
	"context"
	"errors"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

// spoilt is a store in which one plan run cannot be read.
type spoilt struct {
	conductor.PlanStore
	id plan.RunID
}

func (s *spoilt) PlanRun(ctx context.Context, id plan.RunID) (plan.Run, error) {
	if id == s.id {
		return plan.Run{}, errors.New("decode the plan: unexpected end")
	}
	return s.PlanStore.PlanRun(ctx, id)
}

var errKilled = errors.New("the conductor was killed")

// mortal is a store of a conductor that is killed at its nth change of plans: before it was committed, or after.
type mortal struct {
	conductor.PlanStore
	// left counts the changes down; at 0 the conductor dies.
	left  int
	after bool
	dead  bool
}

func (m *mortal) dies() bool {
	m.left--
	m.dead = m.dead || m.left < 0
	return m.dead
}

func (m *mortal) MovePlanRun(ctx context.Context, move plan.Move, now time.Time) ([]task.Run, error) {
	if m.dead || m.dies() && !m.after {
		return nil, errKilled
	}
	stopped, err := m.PlanStore.MovePlanRun(ctx, move, now)
	if m.dead {
		return nil, errKilled
	}
	return stopped, err
}

func (m *mortal) InsertPlanRun(ctx context.Context, r plan.Run, key string) (plan.Run, bool, error) {
	if m.dead || m.dies() && !m.after {
		return plan.Run{}, false, errKilled
	}
	stored, created, err := m.PlanStore.InsertPlanRun(ctx, r, key)
	if m.dead {
		return plan.Run{}, false, errKilled
	}
	return stored, created, err
}

func (m *mortal) Advance(ctx context.Context, follower string, from, to int64) error {
	if m.dead || m.dies() && !m.after {
		return errKilled
	}
	err := m.PlanStore.Advance(ctx, follower, from, to)
	if m.dead {
		return errKilled
	}
	return err
}
