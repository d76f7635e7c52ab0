package agent

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestWorkersRunAllAtOnceAndLeaveWhenThereIsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkers()
		var begun, done atomic.Int32
		release := make(chan struct{})
		for range 50 {
			w.Go(func() {
				begun.Add(1)
				<-release
				done.Add(1)
			})
		}
		synctest.Wait()
		if begun.Load() != 50 {
			t.Fatalf("got %d begun, want all 50 at once", begun.Load())
		}
		close(release)
		synctest.Wait()
		again := make(chan struct{})
		w.Go(func() { close(again) })
		<-again
		time.Sleep(workerStays + time.Second)
		synctest.Wait()
		last := false
		w.Go(func() { time.Sleep(time.Minute); last = true })
		if w.wait(); !last || done.Load() != 50 {
			t.Errorf("got %d done and the last %v after wait, want all", done.Load(), last)
		}
	})
}
