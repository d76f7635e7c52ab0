package conductor_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/store"
)

// With a heartbeat of 1.5 s a server is unreachable 4.5 s after its last word was heard, wherever between two looks at the
// fleet that was, so that half a second of the five is left to what no arithmetic bounds.
func TestASilentServerIsUnreachableAtTheInstantOfItsThirdMissedHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "segno.db"), store.Options{})
		check(t, err)
		defer func() { check(t, db.Close()) }()
		now := time.Now()
		check(t, db.CreateJoinToken(t.Context(), jobserver.JoinToken{ID: "t", Hash: "t", CreatedAt: now, ExpiresAt: now.Add(time.Hour)}))
		_, err = db.JoinServer(t.Context(), "t", "c", jobserver.Server{Name: "js-1", Kind: jobserver.KindJob, Slots: 1, Power: 1}, now)
		check(t, err)
		c, err := conductor.New(db, conductor.Options{Seed: 1})
		check(t, err)
		check(t, c.Load(t.Context()))
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.DetectLoop(ctx) }()
		defer func() {
			stop()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("the loop ended with %v", err)
			}
		}()
		state := func() jobserver.Contact {
			s, err := db.Server(t.Context(), "js-1")
			check(t, err)
			return s.State
		}
		const silence = jobserver.MissedBeats * jobserver.DefaultHeartbeat
		for range 25 {
			_, err := c.Heartbeat(t.Context(), conductor.Report{Beat: jobserver.Beat{Server: "js-1", Instance: "i", BootID: "b"}})
			check(t, err)
			time.Sleep(silence)
			synctest.Wait()
			if got := state(); got != jobserver.Online {
				t.Errorf("it is %s before the third heartbeat is missed", got)
			}
			time.Sleep(time.Millisecond)
			synctest.Wait()
			if got := state(); got != jobserver.Unreachable {
				t.Errorf("it is %s a millisecond after its third heartbeat was missed", got)
			}
			time.Sleep(137 * time.Millisecond)
		}
		_, err = c.Heartbeat(t.Context(), conductor.Report{Beat: jobserver.Beat{Server: "js-1", Instance: "i", BootID: "b"}})
		check(t, err)
		time.Sleep(jobserver.DefaultUnavailableAfter - time.Millisecond)
		synctest.Wait()
		if got := state(); got != jobserver.Unreachable {
			t.Errorf("it is %s before its time is over", got)
		}
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		if got := state(); got != jobserver.Unavailable {
			t.Errorf("it is %s once its time is over", got)
		}
	})
}
