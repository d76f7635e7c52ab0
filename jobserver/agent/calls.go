package agent

import (
	"fmt"

	"connectrpc.com/connect"

	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
)

// recordOverhead is about what a record takes in a message besides its data.
const recordOverhead = 32

// claim asks the conductor for the right to start attempts.
func (a *Agent) claim(e Claim) ClaimDone {
	ctx, cancel := callContext(a.work)
	defer cancel()
	client, at := a.conductors.current()
	sent := a.boot() // before it is sent: the leases in the answer count from here
	res, err := client.Claim(ctx, connect.NewRequest(&segnov1.ClaimRequest{
		Instance: a.instance,
		Attempts: protocol.RefsToProto(e.Refs),
	}))
	if err != nil {
		a.failed("claim", at, err)
		return ClaimDone{Err: err}
	}
	a.succeeded("claim")
	verdicts := make([]Verdict, len(res.Msg.GetVerdicts()))
	for i, v := range res.Msg.GetVerdicts() {
		switch v {
		case segnov1.Verdict_VERDICT_CLAIMED:
			verdicts[i] = Granted
		case segnov1.Verdict_VERDICT_FENCED:
			verdicts[i] = Refused
		}
	}
	return ClaimDone{Term: res.Msg.GetTerm(), Verdicts: verdicts, Sent: sent, Leases: grants(res.Msg.GetLeases())}
}

// grants maps the leases in an answer.
func grants(ms []*segnov1.Lease) []Grant {
	if len(ms) == 0 {
		return nil
	}
	gs := make([]Grant, len(ms))
	for i, m := range ms {
		gs[i].Ref, gs[i].Length = protocol.LeaseFromProto(m)
	}
	return gs
}

// start has the guard start an attempt. The content that it goes on from is the guard's then.
func (a *Agent) start(g Guard, e Start) StartDone {
	if e.Execution.Lease != nil {
		signal(a.leased)
	}
	err := g.Start(a.work, e.Execution)
	for _, content := range []string{e.Execution.ResumeContent, e.Execution.PackageContent} {
		if err != nil && content != "" {
			a.discard(content)
		}
	}
	return StartDone{Ref: e.Execution.Ref, Err: err}
}

// deliver reads what is wanted, as much as fits into one call, and hands it over. Where nothing was there to read no
// call is made.
func (a *Agent) deliver(g Guard, e Deliver) DeliverDone {
	done := DeliverDone{Reports: make([]Report, len(e.Wants))}
	req := &segnov1.DeliverRequest{Instance: a.instance}
	var sent []*Report
	room := protocol.MaxDeliver
	for i, w := range e.Wants {
		r := &done.Reports[i]
		r.Ref, r.Reached = w.Ref, room > 0
		if room <= 0 {
			continue
		}
		records := read(g, w, min(room, protocol.MaxDeliverAttempt), r)
		if len(records) == 0 {
			continue
		}
		last := records[len(records)-1]
		r.Sent, r.Last, r.Exit = true, last.Sequence, last.Exit != nil
		for i, record := range records {
			room -= size(record)
			if c := record.Checkpoint; c != nil {
				records[i] = settled(record, w.Refused, r)
			}
		}
		req.Attempts = append(req.Attempts, protocol.DeliveryToProto(task.Delivery{Ref: w.Ref, Records: records}))
		sent = append(sent, r)
	}
	if len(sent) == 0 {
		return done
	}

	ctx, cancel := callContext(a.work)
	defer cancel()
	client, at := a.conductors.current()
	res, err := client.Deliver(ctx, connect.NewRequest(req))
	if err != nil {
		a.failed("deliver", at, err)
		done.Err = err
		return done
	}
	a.succeeded("deliver")
	done.Term = res.Msg.GetTerm()
	for i, r := range sent {
		if i < len(res.Msg.GetDelivered()) {
			d := res.Msg.GetDelivered()[i]
			r.Acked, r.Fenced = int64(d.GetSequence()), d.GetFenced()
		}
	}
	return done
}

// settled is the record of a checkpoint as it is sent: noted in the report, or for one that is refused a line of Segno's
// own in its place.
func settled(record task.Record, refused map[int]string, r *Report) task.Record {
	c := record.Checkpoint
	reason, is := refused[c.Sequence]
	if !is {
		r.Checkpoints = append(r.Checkpoints, SentCheckpoint{Record: record.Sequence, Sequence: c.Sequence})
		return record
	}
	text := fmt.Sprintf("checkpoint %q was not taken: %s\n", c.Name, reason)
	record.Checkpoint = nil
	record.Output = &task.OutputRecord{Stream: task.StreamMark, Data: []byte(text)}
	return record
}

// read returns the records of a want up to about limit bytes, reading on until the spool has no more for now, or comes to
// a checkpoint that is not settled.
func read(g Guard, w Want, limit int, r *Report) []task.Record {
	if w.Exit != nil {
		return []task.Record{{Sequence: w.After + 1, At: w.At, Exit: w.Exit}}
	}
	var records []task.Record
	after := w.After
	for limit > 0 {
		more, err := g.Read(w.Ref, after, limit)
		if err != nil {
			if len(records) == 0 {
				r.ReadErr = err
			}
			return records
		}
		if len(more) == 0 {
			return records
		}
		for i, record := range more {
			if c := record.Checkpoint; c != nil && c.Sequence > w.Uploaded {
				r.Next = c
				return append(records, more[:i]...)
			}
		}
		records = append(records, more...)
		last := more[len(more)-1]
		if last.Exit != nil {
			return records
		}
		after = last.Sequence
		for _, record := range more {
			limit -= size(record)
		}
	}
	r.More = true
	return records
}

// size is about what a record takes in a message.
func size(r task.Record) int {
	n := recordOverhead
	switch {
	case r.Output != nil:
		n += len(r.Output.Data)
	case r.Progress != nil:
		n += len(r.Progress.Message)
	case r.Value != nil:
		n += len(r.Value.Name) + len(r.Value.Value)
	case r.Checkpoint != nil:
		n += len(r.Checkpoint.Name) + len(r.Checkpoint.Label) + len(r.Checkpoint.Instructions) + len(r.Checkpoint.SHA256)
	case r.Exit != nil:
		n += len(r.Exit.Detail)
	}
	return n
}
