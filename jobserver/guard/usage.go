package guard

import (
	"os"
	"time"

	"github.com/segno-jobs/segno/jobserver"
)

// meter measures what the processes below one keeper use.
type meter struct {
	ticks int64
	at    time.Duration
	begun bool
}

// measure returns the cores used since the last measure, or since the first process began, and the memory and number
// of processes now. The keeper's own processor time is not counted, that of what it reaped is.
func (m *meter) measure(keeper int, now time.Duration) jobserver.AttemptUsage {
	var u jobserver.AttemptUsage
	own, _ := readStat(keeper)
	ticks, oldest := int64(0), int64(0)
	for _, pid := range descendants(children(keeper)) {
		st, ok := readStat(pid)
		if !ok {
			continue
		}
		u.Processes++
		u.Memory += st.pages * int64(os.Getpagesize())
		ticks += st.ticks
		if oldest == 0 || st.started < oldest {
			oldest = st.started
		}
	}
	since, used := m.at, ticks+own.reaped-m.ticks
	if !m.begun {
		m.begun = true
		since, used = time.Duration(oldest)*time.Second/ticksPerSecond, ticks
	}
	if passed := now - since; passed > 0 {
		u.CPU = max(0, float64(used)/ticksPerSecond/passed.Seconds())
	}
	m.ticks, m.at = ticks+own.reaped, now
	return u
}
