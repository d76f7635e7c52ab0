package conductor

import (
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
)

// offerOf makes the offer of an attempt from the frozen spec of its run.
func offerOf(ref task.Ref, name string, spec task.Spec, params map[string]string, scheduledFor *time.Time) *segnov1.Offer {
	e := jobserver.Execution{
		Ref: ref, Task: name, Job: spec.Job, Params: params, Traceparent: traceparent(ref),
		Timeout: time.Duration(spec.Timeout), StopGrace: time.Duration(spec.StopGrace),
		OutputLimit: int64(spec.OutputLimit), MemoryLimit: int64(spec.Resources.Memory),
	}
	if e.StopGrace == 0 {
		e.StopGrace = task.DefaultStopGrace
	}
	if e.OutputLimit == 0 {
		e.OutputLimit = task.DefaultOutputLimit
	}
	if scheduledFor != nil {
		e.ScheduledFor = *scheduledFor
	}
	return protocol.OfferToProto(e)
}
