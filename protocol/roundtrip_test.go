package protocol

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
)

// wire sends a message through its binary form.
func wire[M any, P interface {
	*M
	proto.Message
}](t interface{ Fatalf(string, ...any) }, m P) P {
	data, err := proto.Marshal(m)
	if err != nil {
		t.Fatalf("marshal %T: %v", m, err)
	}
	var back P = new(M)
	if err := proto.Unmarshal(data, back); err != nil {
		t.Fatalf("unmarshal %T: %v", m, err)
	}
	return back
}

var (
	words     = rapid.StringMatching(`[a-zé漢0-9 ./-]{1,12}`)
	vectors   = rapid.SliceOfN(words, 1, 4)
	maps      = rapid.Map(rapid.MapOfN(words, words, 0, 3), func(m map[string]string) map[string]string { return nilIfEmpty(m) })
	durations = rapid.Map(rapid.Int64Range(0, 1<<40), func(us int64) time.Duration { return time.Duration(us) * time.Microsecond })
	instants  = rapid.Map(rapid.Int64Range(0, 1<<52), func(us int64) time.Time { return instant(us) })
	sizes     = rapid.Int64Range(0, 1<<50)
	refs      = rapid.Custom(func(t *rapid.T) task.Ref {
		return task.Ref{Run: task.RunID(words.Draw(t, "run")), Number: rapid.IntRange(1, 1<<20).Draw(t, "number")}
	})
)

func nilIfEmpty(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	return m
}

func drawJob(t *rapid.T) task.Job {
	job := task.Job{Env: maps.Draw(t, "env"), RunAs: rapid.SampledFrom([]string{"", "etl"}).Draw(t, "run as")}
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0:
		job.Command = vectors.Draw(t, "command")
	case 1:
		job.Script = &task.Script{Interpreter: vectors.Draw(t, "interpreter"), Text: words.Draw(t, "text")}
	case 2:
		job.Archive = &task.Archive{
			Name: words.Draw(t, "archive"), Version: words.Draw(t, "version"), Command: vectors.Draw(t, "command"),
			Args: vectors.Draw(t, "args"), Context: words.Draw(t, "context"),
			Package: &task.Package{SHA256: rapid.StringMatching(`[0-9a-f]{64}`).Draw(t, "sha256"), Size: rapid.Int64Range(1, 1<<40).Draw(t, "size")},
		}
	default:
		job.Steps = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) task.Step {
			step := task.Step{Name: words.Draw(t, "name"), Command: vectors.Draw(t, "command")}
			if rapid.Bool().Draw(t, "keeps") {
				step.Keep = vectors.Draw(t, "keep")
			}
			return step
		}), 1, 3).Draw(t, "steps")
	}
	return job
}

func drawCheckpoint(t *rapid.T) task.Checkpoint {
	return task.Checkpoint{
		Sequence: rapid.IntRange(1, 1<<20).Draw(t, "sequence"), Name: "n" + words.Draw(t, "name"),
		Label: words.Draw(t, "label"), Instructions: words.Draw(t, "instructions"), Step: rapid.IntRange(0, 50).Draw(t, "step"),
		Size: rapid.Int64Range(0, task.MaxCheckpointSize).Draw(t, "size"), SHA256: rapid.StringMatching(`[0-9a-f]{64}`).Draw(t, "sha256"),
	}
}

func TestAnOfferArrivesAsItWasSent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent := jobserver.Execution{
			Ref: refs.Draw(t, "ref"), Task: words.Draw(t, "task"), Job: drawJob(t), Params: maps.Draw(t, "params"),
			ScheduledFor: instants.Draw(t, "scheduled"), Traceparent: words.Draw(t, "trace"),
			Timeout: durations.Draw(t, "timeout"), StopGrace: durations.Draw(t, "grace"),
			OutputLimit: sizes.Draw(t, "output"), MemoryLimit: sizes.Draw(t, "memory"),
			LastCheckpoint: rapid.IntRange(0, 1<<20).Draw(t, "last checkpoint"),
		}
		if rapid.Bool().Draw(t, "resumes") {
			c := drawCheckpoint(t)
			c.Run = sent.Ref.Run
			sent.Resume = &c
		}
		got, err := OfferFromProto(wire(t, OfferToProto(sent)))
		if err != nil {
			t.Fatalf("got %v, want no error", err)
		}
		if diff := cmp.Diff(sent, got); diff != "" {
			t.Fatalf("(-sent +got)\n%s", diff)
		}
	})
}

func drawRecord(t *rapid.T) task.Record {
	r := task.Record{Sequence: rapid.Int64Range(1, 1<<40).Draw(t, "sequence"), At: instants.Draw(t, "at")}
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 5:
		c := drawCheckpoint(t)
		c.CreatedAt = r.At
		r.Checkpoint = &c
	case 0:
		r.Started = &task.StartedRecord{PID: rapid.IntRange(1, 1<<22).Draw(t, "pid")}
	case 1:
		r.Output = &task.OutputRecord{
			Stream: task.Stream(rapid.IntRange(1, 3).Draw(t, "stream")),
			Data:   rapid.SliceOfN(rapid.Byte(), 1, 50).Draw(t, "data"),
		}
	case 2:
		r.Progress = &task.Progress{Percent: rapid.Float64Range(0, 100).Draw(t, "percent"), Message: words.Draw(t, "message")}
	case 3:
		r.Value = &task.ValueRecord{Name: words.Draw(t, "name"), Value: words.Draw(t, "value")}
	default:
		kinds := []task.ExitKind{
			task.ExitExited, task.ExitNotStarted, task.ExitTimedOut, task.ExitCancelled, task.ExitLeaseExpired,
			task.ExitFenced, task.ExitLost,
		}
		r.Exit = &task.Exit{
			Kind: rapid.SampledFrom(kinds).Draw(t, "exit"), Code: rapid.IntRange(-1, 255).Draw(t, "code"),
			Signal: rapid.IntRange(0, 64).Draw(t, "signal"), OOM: rapid.Bool().Draw(t, "oom"), Detail: words.Draw(t, "detail"),
			CPU: durations.Draw(t, "cpu"), PeakMemory: sizes.Draw(t, "peak"), Ran: durations.Draw(t, "ran"),
		}
	}
	return r
}

func TestARecordArrivesAsItWasSent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent := drawRecord(t)
		got, err := RecordFromProto(wire(t, RecordToProto(sent)))
		if err != nil {
			t.Fatalf("got %v, want no error", err)
		}
		if diff := cmp.Diff(sent, got); diff != "" {
			t.Fatalf("(-sent +got)\n%s", diff)
		}
	})
}

func TestASampleAndTheKeptAttemptsArriveAsTheyWereSent(t *testing.T) {
	shares, numbers := rapid.Float64Range(0, 1), rapid.Float64Range(0, 1000)
	rapid.Check(t, func(t *rapid.T) {
		at, clock := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), instants.Draw(t, "clock")
		sample := jobserver.Sample{
			CPUs: numbers.Draw(t, "cpus"), CPUIdle: shares.Draw(t, "idle"), CPUNice: shares.Draw(t, "nice"),
			CPUTotal: shares.Draw(t, "total"), Load1: numbers.Draw(t, "1"), Load5: numbers.Draw(t, "5"), Load15: numbers.Draw(t, "15"),
			MemoryTotal: sizes.Draw(t, "mt"), MemoryAvailable: sizes.Draw(t, "ma"), SwapTotal: sizes.Draw(t, "st"),
			SwapFree: sizes.Draw(t, "sf"), DiskTotal: sizes.Draw(t, "dt"), DiskFree: sizes.Draw(t, "df"),
			OwnCPU: numbers.Draw(t, "oc"), OwnMemory: sizes.Draw(t, "om"), SpoolFull: rapid.Bool().Draw(t, "full"),
		}
		ref := refs.Draw(t, "ref")
		running := jobserver.Kept{Ref: ref, Usage: jobserver.AttemptUsage{
			Run: string(ref.Run), Number: ref.Number, CPU: numbers.Draw(t, "cpu"), Memory: sizes.Draw(t, "memory"), Processes: 3,
		}}
		running.Unkillable = rapid.Bool().Draw(t, "unkillable")
		ended := jobserver.Kept{Ref: task.Ref{Run: "over", Number: 2}, Ended: true}
		hello := &segnov1.Hello{Instance: "i", BootId: "b", AgentVersion: "1", Clock: micros(clock), RunAs: []string{"etl-*"}, RunAsProblem: "cannot"}

		sent := HeartbeatToProto(hello, sample, []jobserver.Kept{running, ended}, true)
		sent.Number = rapid.Uint64().Draw(t, "number")
		m := wire(t, sent)
		want := jobserver.Beat{Server: "js-1", At: at, BootID: "b", Instance: "i", AgentVersion: "1", Number: sent.Number, Sample: sample}
		want.RunAs = jobserver.RunAs{Users: []string{"etl-*"}, Problem: "cannot"}
		want.Sample.At, want.Sample.AgentClock = at, clock
		want.Sample.Attempts = []jobserver.AttemptUsage{running.Usage}
		if diff := cmp.Diff(want, BeatFromProto("js-1", at, m)); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
		if diff := cmp.Diff([]task.Ref{running.Ref, ended.Ref}, KeptRefs(m)); diff != "" {
			t.Fatalf("kept (-want +got)\n%s", diff)
		}
		if got := KeptFromProto(m.GetAttempts()[0]); got != running || !m.GetHeld() {
			t.Fatalf("got %+v, held %v, want %+v and held", got, m.GetHeld(), running)
		}
	})
}

func TestUsersThatNoServerMayPermitAreLeftOut(t *testing.T) {
	got := RunAsFromProto(&segnov1.Hello{RunAs: []string{"etl", "root"}, RunAsProblem: strings.Repeat("x", jobserver.MaxRunAsProblem+1)})
	if len(got.Users) != 0 || got.Problem != "cannot run jobs as other users" {
		t.Errorf("got %+v", got)
	}
}

func TestTextsThatAreNotUTF8DoNotStopADelivery(t *testing.T) {
	for name, r := range map[string]task.Record{
		"progress": {Sequence: 1, Progress: &task.Progress{Message: "caf\xe9"}},
		"value":    {Sequence: 1, Value: &task.ValueRecord{Name: "n\xff", Value: "v\xff"}},
		"exit":     {Sequence: 1, Exit: &task.Exit{Kind: task.ExitNotStarted, Detail: "exec \"\xff\""}},
	} {
		if _, err := RecordFromProto(wire(t, RecordToProto(r))); err != nil {
			t.Errorf("%s: got %v, want no error", name, err)
		}
	}
	data := []byte{0, 0xff, 0xfe, '\n'}
	got, err := RecordFromProto(wire(t, RecordToProto(task.Record{
		Sequence: 1, Output: &task.OutputRecord{Stream: task.Stdout, Data: data},
	})))
	if err != nil || string(got.Output.Data) != string(data) {
		t.Errorf("got %v, %v, want the output byte for byte", got.Output, err)
	}
}

func TestWhatCannotBeIsRefused(t *testing.T) {
	output := func(stream uint32, n int) *segnov1.Record {
		return &segnov1.Record{Sequence: 1, Record: &segnov1.Record_Output{Output: &segnov1.Output{Stream: stream, Data: make([]byte, n)}}}
	}
	for name, m := range map[string]*segnov1.Record{
		"no record":                   nil,
		"a kind from later":           {Sequence: 1},
		"sequence 0":                  {Record: output(1, 1).Record},
		"an unknown stream":           output(4, 1),
		"stream 257":                  output(257, 1),
		"too much output":             output(1, task.MaxOutputRecord+1),
		"a checkpoint without a name": {Sequence: 1, Record: &segnov1.Record_Checkpoint{Checkpoint: &segnov1.Checkpoint{Sequence: 1, Sha256: strings.Repeat("a", 64)}}},
		"a checkpoint without a hash": {Sequence: 1, Record: &segnov1.Record_Checkpoint{Checkpoint: &segnov1.Checkpoint{Sequence: 1, Name: "a"}}},
		"too long a progress":         {Sequence: 1, Record: &segnov1.Record_Progress{Progress: &segnov1.Progress{Message: string(make([]byte, 5000))}}},
	} {
		if _, err := RecordFromProto(m); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v, want %v", name, err, fault.Invalid)
		}
	}

	first, exit := output(1, 1), &segnov1.Record{Sequence: 2, Record: &segnov1.Record_Exit{Exit: &segnov1.Exit{Kind: "exited"}}}
	behind := output(1, 1)
	behind.Sequence = 3
	for name, records := range map[string][]*segnov1.Record{
		"a gap":                   {first, behind},
		"a record behind an exit": {exit, behind},
		"twice the same sequence": {first, first},
	} {
		_, err := DeliveryFromProto(&segnov1.AttemptRecords{Attempt: &segnov1.AttemptRef{Run: "r", Number: 1}, Records: records})
		if !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v, want %v", name, err, fault.Invalid)
		}
	}

	command := &segnov1.Execution{Command: []string{"true"}}
	for name, m := range map[string]*segnov1.Offer{
		"nothing":                     nil,
		"no run":                      {Attempt: &segnov1.AttemptRef{Number: 1}, Execution: command},
		"no number":                   {Attempt: &segnov1.AttemptRef{Run: "r"}, Execution: command},
		"a checkpoint that cannot be": {Attempt: &segnov1.AttemptRef{Run: "r", Number: 1}, Execution: &segnov1.Execution{Command: []string{"true"}, Resume: &segnov1.Checkpoint{}}},
		"no job":                      {Attempt: &segnov1.AttemptRef{Run: "r", Number: 1}},
		"two jobs in it":              {Attempt: &segnov1.AttemptRef{Run: "r", Number: 1}, Execution: &segnov1.Execution{Command: []string{"true"}, Script: &segnov1.Script{}}},
	} {
		if _, err := OfferFromProto(m); !errors.Is(err, fault.Invalid) {
			t.Errorf("offer with %s: got %v, want %v", name, err, fault.Invalid)
		}
	}
}

func TestFiguresThatCannotBeAreBroughtIntoRange(t *testing.T) {
	s := SampleFromProto(&segnov1.Sample{CpuIdle: math.NaN(), CpuTotal: 7, Load1: -1, MemoryTotal: -5, Cpus: math.Inf(1)})
	if s.CPUIdle != 0 || s.CPUTotal != 1 || s.Load1 != 0 || s.MemoryTotal != 0 || s.CPUs != 1<<20 {
		t.Errorf("got %+v", s)
	}
	if d := span(math.MaxInt64); d != 0 {
		t.Errorf("got %v for a duration that does not fit, want 0", d)
	}
}

func TestAnExitOfAnUnknownKindClaimsNothing(t *testing.T) {
	got := exitFromProto(&segnov1.Exit{Kind: "ascended"})
	if got.Kind != task.ExitLost || got.Detail == "" {
		t.Errorf("got %+v, want lost with a detail", got)
	}
}

func TestJoinAndSettingsAndStopsArriveAsTheyWereSent(t *testing.T) {
	sent := jobserver.Server{
		Name: "js-1", Kind: jobserver.KindRuntime, Labels: map[string]string{"zone": "a"}, Slots: 3, Power: 1.5, AgentVersion: "1",
	}
	token, got := JoinFromProto(wire(t, JoinToProto("secret", "host", sent)))
	sent.Mode, sent.State = jobserver.Active, jobserver.NeverSeen
	if diff := cmp.Diff(sent, got); diff != "" || token != "secret" {
		t.Errorf("join: token %q (-sent +got)\n%s", token, diff)
	}
	if _, bare := JoinFromProto(&segnov1.JoinRequest{}); bare.Kind != jobserver.KindJob || bare.Slots != jobserver.DefaultSlots || bare.Power != 1 {
		t.Errorf("got %+v, want the defaults", bare)
	}
	if h, m := SettingsFromProto(wire(t, SettingsToProto(2*time.Second, jobserver.Draining))); h != 2*time.Second || m != jobserver.Draining {
		t.Errorf("got %v %v", h, m)
	}
	if h, m := SettingsFromProto(nil); h != jobserver.DefaultHeartbeat || m != jobserver.Active {
		t.Errorf("got %v %v, want the defaults", h, m)
	}
	for _, kind := range []task.ExitKind{task.ExitCancelled, task.ExitFenced} {
		ref := task.Ref{Run: "r", Number: 4}
		if r, k := StopFromProto(wire(t, StopToProto(ref, kind))); r != ref || k != kind {
			t.Errorf("got %v %v, want %v %v", r, k, ref, kind)
		}
	}
}

func TestAReplacedAttemptIsStoppedAsFenced(t *testing.T) {
	ref := task.Ref{Run: "r", Number: 4}
	if r, k := StopFromProto(wire(t, ReplacedToProto(ref))); r != ref || k != task.ExitFenced {
		t.Errorf("got %v %v", r, k)
	}
}

func TestLeasesHoldsAndPiecesArriveAsTheyWereSent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ref, length := refs.Draw(t, "ref"), durations.Draw(t, "length")
		if r, l := LeaseFromProto(wire(t, LeaseToProto(ref, length))); r != ref || l != length {
			t.Fatalf("got the lease %v %v", r, l)
		}
		command := wire(t, &segnov1.Command{Command: HoldToProto(length)})
		if l := HoldFromProto(command.GetHold()); l != length {
			t.Fatalf("got the hold %v, want %v", l, length)
		}
		c := task.Checkpoint{
			Run: ref.Run, Attempt: ref.Number, Sequence: 3, SHA256: strings.Repeat("0a", 32),
			Size: rapid.Int64Range(0, task.MaxCheckpointSize).Draw(t, "size"),
		}
		data := rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "data")
		offset := rapid.Int64Range(-5, c.Size+5).Draw(t, "offset")
		r, got, at, back, err := PieceFromProto(wire(t, PieceToProto(ref, c, offset, data)))
		if fits := offset >= 0 && offset+int64(len(data)) <= c.Size; fits != (err == nil) {
			t.Fatalf("%d bytes at %d of %d: got %v", len(data), offset, c.Size, err)
		}
		if r != ref || got != c || at != offset || string(back) != string(data) {
			t.Fatalf("got %v %+v %d %q", r, got, at, back)
		}
	})
}
