package conductor_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// owing is a store of one trigger that may be owed rows, which notes when how many of them were written. One write takes as
// long as slow.
type owing struct {
	oneTrigger
	slow    time.Duration
	arrears task.Arrears
	written []int
	at      []time.Time
}

func (o *owing) Fire(ctx context.Context, fs []task.Firing, placed map[task.RunID]virtualserver.Assignment, now time.Time) []error {
	for _, f := range fs {
		if f.Arrears != nil {
			o.mu.Lock()
			o.arrears = *f.Arrears
			o.mu.Unlock()
		}
	}
	return o.oneTrigger.Fire(ctx, fs, placed, now)
}

func (o *owing) Arrears(context.Context) (task.Arrears, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.arrears.Done() {
		return task.Arrears{}, fmt.Errorf("none: %w", fault.NotFound)
	}
	return o.arrears, nil
}

func (o *owing) SettleArrears(_ context.Context, before, after task.Arrears, rows []task.Occurrence, _ time.Time) error {
	time.Sleep(o.slow)
	o.mu.Lock()
	defer o.mu.Unlock()
	if !before.Next.Equal(o.arrears.Next) {
		return fault.Conflict
	}
	o.written, o.at = append(o.written, len(rows)), append(o.at, time.Now())
	o.arrears = after
	return nil
}

// TestTheRowsOfALongAbsenceAreWrittenLittleByLittle has both loops run after two days in which a trigger was due each second.
// It goes on being due meanwhile.
func TestTheRowsOfALongAbsenceAreWrittenLittleByLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const seconds, slow = 172_800, 5 * time.Millisecond
		first := time.Now().Add(-seconds * time.Second)
		o := &owing{oneTrigger: oneTrigger{trigger: every(first, time.Second)}, slow: slow}
		c, err := conductor.New(nil, conductor.Options{Triggers: o})
		check(t, err)
		ctx, stop := context.WithCancel(t.Context())
		var loops sync.WaitGroup
		for _, loop := range []func(context.Context) error{c.Schedule, c.WriteArrears} {
			loops.Go(func() {
				if err := loop(ctx); !errors.Is(err, context.Canceled) {
					t.Errorf("a loop ended with %v", err)
				}
			})
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		stop()
		loops.Wait()
		rows := 0
		for i, n := range o.written {
			if rows += n; n > 250 {
				t.Fatalf("%d rows were written at once", n)
			}
			if i > 0 && o.at[i].Sub(o.at[i-1]) < 5*slow {
				t.Fatalf("the store was left alone for %s only", o.at[i].Sub(o.at[i-1])-slow)
			}
		}
		if fired := len(o.fired); rows+fired != seconds+1+60 || fired != task.MaxSettled+60 {
			t.Errorf("%d occurrences were acted on and %d have got their rows, want %d together", fired, rows, seconds+61)
		}
	})
}
