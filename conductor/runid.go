package conductor

import (
	"encoding/hex"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/segno-jobs/segno/task"
)

// runIDs makes ids that sort by time, also within one millisecond.
type runIDs struct {
	mu      sync.Mutex
	entropy *ulid.MonotonicEntropy
}

func newRunIDs(entropy io.Reader) *runIDs { return &runIDs{entropy: ulid.Monotonic(entropy, 0)} }

func (r *runIDs) next(now time.Time) (task.RunID, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id, err := ulid.New(ulid.Timestamp(now), r.entropy)
	if err != nil {
		return "", fmt.Errorf("make a run id: %w", err)
	}
	return task.RunID(id.String()), nil
}

// traceparent returns the W3C trace context of an attempt: the run's id is the trace, the attempt the parent span.
func traceparent(ref task.Ref) string {
	id, err := ulid.ParseStrict(string(ref.Run))
	if err != nil {
		return ""
	}
	return fmt.Sprintf("00-%s-%016x-01", hex.EncodeToString(id[:]), ref.Number)
}
