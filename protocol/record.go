package protocol

import (
	"strings"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
)

// RecordToProto maps a record of a spool. Texts that are not UTF-8 have their bad bytes replaced, since the contract
// has no others; output is kept as it is.
func RecordToProto(r task.Record) *segnov1.Record {
	m := &segnov1.Record{Sequence: uint64(max(0, r.Sequence)), At: micros(r.At)}
	switch {
	case r.Started != nil:
		m.Record = &segnov1.Record_Started{Started: &segnov1.Started{Pid: int32(r.Started.PID)}}
	case r.Output != nil:
		m.Record = &segnov1.Record_Output{Output: &segnov1.Output{Stream: uint32(r.Output.Stream), Data: r.Output.Data}}
	case r.Progress != nil:
		m.Record = &segnov1.Record_Progress{Progress: &segnov1.Progress{
			Percent: r.Progress.Percent, Message: validUTF8(r.Progress.Message),
		}}
	case r.Value != nil:
		m.Record = &segnov1.Record_OutputValue{OutputValue: &segnov1.OutputValue{
			Name: validUTF8(r.Value.Name), Value: validUTF8(r.Value.Value),
		}}
	case r.Checkpoint != nil:
		m.Record = &segnov1.Record_Checkpoint{Checkpoint: CheckpointToProto(*r.Checkpoint)}
	case r.Exit != nil:
		m.Record = &segnov1.Record_Exit{Exit: exitToProto(*r.Exit)}
	}
	return m
}

// RecordFromProto is the inverse of [RecordToProto]. A record without a sequence, of a kind that is not known here, or
// over the limits of package task is refused with fault.Invalid.
func RecordFromProto(m *segnov1.Record) (task.Record, error) {
	r := task.Record{Sequence: int64(m.GetSequence()), At: instant(m.GetAt())}
	if r.Sequence < 1 {
		return r, fault.Field("sequence", "must be at least 1")
	}
	switch m := m.GetRecord().(type) {
	case *segnov1.Record_Started:
		r.Started = &task.StartedRecord{PID: int(m.Started.GetPid())}
	case *segnov1.Record_Output:
		return outputFromProto(r, m.Output)
	case *segnov1.Record_Progress:
		p := task.Progress{Percent: bounded(m.Progress.GetPercent(), 100), Message: m.Progress.GetMessage()}
		if len(p.Message) > task.MaxProgressMessage*4 {
			return r, fault.Field("progress.message", "must be at most %d characters", task.MaxProgressMessage)
		}
		r.Progress = &p
	case *segnov1.Record_OutputValue:
		v := task.ValueRecord{Name: m.OutputValue.GetName(), Value: m.OutputValue.GetValue()}
		if len(v.Name)+len(v.Value) > 2*task.MaxOutputValue {
			return r, fault.Field("output_value", "must be at most %d bytes", task.MaxOutputValue)
		}
		r.Value = &v
	case *segnov1.Record_Checkpoint:
		c := CheckpointFromProto(m.Checkpoint)
		if err := c.Validate(); err != nil {
			return r, fault.Under("checkpoint", err)
		}
		c.CreatedAt = r.At
		r.Checkpoint = &c
	case *segnov1.Record_Exit:
		e := exitFromProto(m.Exit)
		r.Exit = &e
	default:
		return r, fault.Field("record", "is of a kind that is not known here")
	}
	return r, nil
}

func outputFromProto(r task.Record, m *segnov1.Output) (task.Record, error) {
	o := task.OutputRecord{Stream: task.Stream(m.GetStream()), Data: m.GetData()}
	switch {
	case m.GetStream() < uint32(task.Stdout) || m.GetStream() > uint32(task.StreamMark):
		return r, fault.Field("output.stream", "must be 1, 2 or 3")
	case len(o.Data) > task.MaxOutputRecord:
		return r, fault.Field("output.data", "must be at most %d bytes", task.MaxOutputRecord)
	}
	r.Output = &o
	return r, nil
}

func exitToProto(e task.Exit) *segnov1.Exit {
	return &segnov1.Exit{
		Kind:       string(e.Kind),
		Code:       int32(e.Code),
		Signal:     int32(e.Signal),
		Oom:        e.OOM,
		Detail:     validUTF8(e.Detail),
		Cpu:        e.CPU.Microseconds(),
		PeakMemory: e.PeakMemory,
		Ran:        e.Ran.Microseconds(),
	}
}

// exitFromProto maps an exit record. A kind that is not known here becomes lost, which claims nothing.
func exitFromProto(m *segnov1.Exit) task.Exit {
	e := task.Exit{
		Kind:       task.ExitKind(m.GetKind()),
		Code:       int(m.GetCode()),
		Signal:     int(m.GetSignal()),
		OOM:        m.GetOom(),
		Detail:     m.GetDetail(),
		CPU:        span(m.GetCpu()),
		PeakMemory: max(0, m.GetPeakMemory()),
		Ran:        span(m.GetRan()),
	}
	switch e.Kind {
	case task.ExitExited, task.ExitNotStarted, task.ExitTimedOut, task.ExitCancelled, task.ExitLeaseExpired,
		task.ExitFenced, task.ExitLost:
	default:
		e.Kind, e.Detail = task.ExitLost, "ended in a way that is not known here: "+m.GetKind()
	}
	return e
}

// DeliveryToProto maps records of one attempt.
func DeliveryToProto(d task.Delivery) *segnov1.AttemptRecords {
	m := &segnov1.AttemptRecords{Attempt: RefToProto(d.Ref), Records: make([]*segnov1.Record, len(d.Records))}
	for i, r := range d.Records {
		m.Records[i] = RecordToProto(r)
	}
	return m
}

// DeliveryFromProto is the inverse of [DeliveryToProto]. Besides what [RecordFromProto] refuses, records that are not
// consecutive are refused with fault.Invalid, and so are records behind an exit.
func DeliveryFromProto(m *segnov1.AttemptRecords) (task.Delivery, error) {
	d := task.Delivery{Ref: RefFromProto(m.GetAttempt()), Records: make([]task.Record, 0, len(m.GetRecords()))}
	for i, mr := range m.GetRecords() {
		r, err := RecordFromProto(mr)
		if err != nil {
			return d, fault.Under("records", err)
		}
		if i > 0 && (r.Sequence != d.Records[i-1].Sequence+1 || d.Records[i-1].Exit != nil) {
			return d, fault.Field("records", "must be consecutive and end with the exit")
		}
		if r.Checkpoint != nil {
			r.Checkpoint.Run, r.Checkpoint.Attempt = d.Ref.Run, d.Ref.Number
		}
		d.Records = append(d.Records, r)
	}
	return d, nil
}

// DeliveredToProto maps what became of a delivery.
func DeliveredToProto(d task.Delivered) *segnov1.Delivered {
	return &segnov1.Delivered{Sequence: uint64(max(0, d.Sequence)), Fenced: d.Fenced}
}

func validUTF8(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
