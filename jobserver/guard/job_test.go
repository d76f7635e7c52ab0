package guard

import (
	"testing"

	"github.com/segno-jobs/segno/task"
)

func TestJobEnds(t *testing.T) {
	h := newHost(t)
	t.Run("with its exit code", func(t *testing.T) {
		r := h.run(command(newRun(), "sh", "-c", "exit 7"))
		if r.exit == nil || r.exit.Kind != task.ExitExited || r.exit.Code != 7 || r.exit.Signal != 0 || r.started == 0 {
			t.Errorf("got %+v", r.exit)
		}
	})
	t.Run("with its signal", func(t *testing.T) {
		r := h.run(command(newRun(), "sh", "-c", "kill -9 $$"))
		if r.exit.Kind != task.ExitExited || r.exit.Code != 137 || r.exit.Signal != 9 || r.exit.OOM {
			t.Errorf("got %+v", r.exit)
		}
	})
	t.Run("with what it used", func(t *testing.T) {
		r := h.run(command(newRun(), "sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"))
		if r.exit.Code != 0 || r.exit.CPU <= 0 || r.exit.Ran < r.exit.CPU/4 || r.exit.PeakMemory <= 0 {
			t.Errorf("got %+v", r.exit)
		}
	})
}
