package spool

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/segno-jobs/segno/internal/plainjson"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// plainHeader reads the header of a job that is a command and goes on from nothing, as encodeHeader writes it. It returns
// false for any other, which may be as good.
func plainHeader(text []byte) (h Header, ok bool) {
	t := plainjson.Of(text)
	t.Must(`{"boot_id":`)
	h.BootID = t.String()
	if t.Has(`,"guard":`) {
		h.Guard = t.String()
	}
	t.Must(`,"created_at":`)
	created := h.CreatedAt.UnmarshalText([]byte(t.String()))
	t.Must(`,"execution":`)
	var due error
	h.Execution, due = plainExecution(&t)
	t.Must(`}`)
	return h, t.Done() && created == nil && due == nil
}

// plainExecution reads the members of an execution in their order. The error is that of its time.
func plainExecution(t *plainjson.Text) (x jobserver.Execution, err error) {
	t.Must(`{"ref":{"Run":`)
	x.Ref.Run = task.RunID(t.String())
	t.Must(`,"Number":`)
	x.Ref.Number = int(t.Int())
	t.Must(`},"task":`)
	x.Task = t.String()
	t.Must(`,"job":{"command":`)
	x.Job.Command = t.Strings()
	if t.Has(`,"env":`) {
		x.Job.Env = t.StringMap()
	}
	t.Must(`}`)
	if t.Has(`,"params":`) {
		x.Params = t.StringMap()
	}
	if t.Has(`,"scheduled_for":`) {
		err = x.ScheduledFor.UnmarshalText([]byte(t.String()))
	}
	if t.Has(`,"traceparent":`) {
		x.Traceparent = t.String()
	}
	if t.Has(`,"timeout":`) {
		x.Timeout = time.Duration(t.Int())
	}
	if t.Has(`,"stop_grace":`) {
		x.StopGrace = time.Duration(t.Int())
	}
	t.Must(`,"output_limit":`)
	x.OutputLimit = t.Int()
	if t.Has(`,"lease":`) {
		x.Lease = plainLease(t)
	}
	if t.Has(`,"memory_limit":`) {
		x.MemoryLimit = t.Int()
	}
	t.Must(`}`)
	return x, err
}

func plainLease(t *plainjson.Text) *jobserver.Lease {
	l := new(jobserver.Lease)
	t.Must(`{"deadline":`)
	l.Deadline = time.Duration(t.Int())
	t.Must(`,"grace":`)
	l.Grace = time.Duration(t.Int())
	l.Held = t.Has(`,"held":true`)
	t.Must(`}`)
	return l
}

// encodeExit returns the exit record as JSON.
func encodeExit(e task.Exit) ([]byte, error) {
	if e != (task.Exit{Kind: task.ExitExited, Code: e.Code, CPU: e.CPU, PeakMemory: e.PeakMemory, Ran: e.Ran}) {
		return json.Marshal(e)
	}
	text := append(make([]byte, 0, 128), `{"kind":"exited","code":`...)
	text = strconv.AppendInt(text, int64(e.Code), 10)
	text = strconv.AppendInt(append(text, `,"cpu_ns":`...), int64(e.CPU), 10)
	text = strconv.AppendInt(append(text, `,"peak_memory":`...), e.PeakMemory, 10)
	text = strconv.AppendInt(append(text, `,"ran_ns":`...), int64(e.Ran), 10)
	return append(text, '}'), nil
}

// decodeExit is the reverse of encodeExit.
func decodeExit(text []byte) (*task.Exit, error) {
	if e, ok := plainExit(text); ok {
		return &e, nil
	}
	e := new(task.Exit)
	return e, json.Unmarshal(text, e)
}

// plainExit reads the exit record of a job that ended by itself and that no signal ended.
func plainExit(text []byte) (e task.Exit, ok bool) {
	t := plainjson.Of(text)
	t.Must(`{"kind":`)
	e.Kind = task.ExitKind(t.String())
	t.Must(`,"code":`)
	e.Code = int(t.Int())
	t.Must(`,"cpu_ns":`)
	e.CPU = time.Duration(t.Int())
	t.Must(`,"peak_memory":`)
	e.PeakMemory = t.Int()
	t.Must(`,"ran_ns":`)
	e.Ran = time.Duration(t.Int())
	t.Must(`}`)
	return e, t.Done()
}
