package protocol

import (
	"time"

	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
)

// LeaseToProto maps the lease of an attempt, which is in the answer to a claim or a heartbeat; a length of 0 is without
// deadline.
func LeaseToProto(ref task.Ref, length time.Duration) *segnov1.Lease {
	return &segnov1.Lease{Attempt: RefToProto(ref), Length: length.Microseconds()}
}

// LeaseFromProto is the inverse of [LeaseToProto].
func LeaseFromProto(m *segnov1.Lease) (task.Ref, time.Duration) {
	return RefFromProto(m.GetAttempt()), span(m.GetLength())
}

// HoldToProto maps the order to lengthen all leases of a server before a planned absence of the conductor. It becomes the
// command of a stream.
func HoldToProto(length time.Duration) *segnov1.Command_Hold {
	return &segnov1.Command_Hold{Hold: &segnov1.Hold{Length: length.Microseconds()}}
}

// HoldFromProto is the inverse of [HoldToProto].
func HoldFromProto(m *segnov1.Hold) time.Duration { return span(m.GetLength()) }
