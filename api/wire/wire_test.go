package wire_test

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

func TestAnInstantIsInUTCWithMilliseconds(t *testing.T) {
	for in, want := range map[string]string{
		"2026-01-02T03:04:05Z": `"2026-01-02T03:04:05.000Z"`, "2026-01-02T03:04:05.123456+02:00": `"2026-01-02T01:04:05.123Z"`,
	} {
		parsed, err := time.Parse(time.RFC3339, in)
		if err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(struct{ At wire.Time }{wire.At(parsed)})
		if err != nil || string(data) != `{"At":`+want+`}` {
			t.Errorf("%s: got %s, %v, want %s", in, data, err, want)
		}
		var back wire.Time
		if err := json.Unmarshal([]byte(want), &back); err != nil || !back.Equal(parsed.Truncate(time.Millisecond)) {
			t.Errorf("%s: got %v, %v back", in, back, err)
		}
	}
	var none wire.Time
	for _, bad := range []string{`5`, `""`, `"yesterday"`, `"2026-01-02"`} {
		if err := json.Unmarshal([]byte(bad), &none); err == nil {
			t.Errorf("%s was taken as an instant", bad)
		}
	}
}

func TestDiffAndMergeAreInverse(t *testing.T) {
	texts := rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c"}), rapid.StringN(0, 3, -1), 0, 3)
	specs := rapid.Custom(func(t *rapid.T) task.Spec {
		return task.Spec{
			Name: "load", Description: rapid.StringN(0, 3, -1).Draw(t, "description"), Labels: texts.Draw(t, "labels"),
			Job:     task.Job{Command: rapid.SliceOfN(rapid.StringN(0, 2, -1), 0, 3).Draw(t, "command"), Env: texts.Draw(t, "env")},
			Timeout: task.Duration(rapid.Int64Range(0, 3).Draw(t, "timeout") * 1e9), Priority: rapid.IntRange(-1, 1).Draw(t, "priority"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		from, to := specs.Draw(t, "from"), specs.Draw(t, "to")
		patch, changed, err := wire.Diff(from, to)
		if err != nil {
			t.Fatal(err)
		}
		before, _ := json.Marshal(from)
		want, _ := json.Marshal(to)
		merged, err := wire.Merge(before, patch)
		if err != nil {
			t.Fatal(err)
		}
		var got task.Spec
		if err := json.Unmarshal(merged, &got); err != nil {
			t.Fatal(err)
		}
		if again, _ := json.Marshal(got); string(again) != string(want) || changed != (string(before) != string(want)) {
			t.Fatalf("got %s by %s (changed %v), want %s from %s", again, patch, changed, want, before)
		}
	})
}

func TestALogPieceKeepsItsBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, "data")
		sent, err := json.Marshal(wire.LogPieceOf(task.OutputPiece{Stream: task.Stderr, Data: data}))
		if err != nil {
			t.Fatal(err)
		}
		var got wire.LogPiece
		if err := json.Unmarshal(sent, &got); err != nil || string(got.Bytes()) != string(data) {
			t.Fatalf("got %q, %v, want %q", got.Bytes(), err, data)
		}
	})
}
