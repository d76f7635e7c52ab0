package store_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

// readAll reads an attempt's output from its beginning, limit bytes at a time.
func readAll(t testing.TB, db *store.DB, ref task.Ref, limit int) string {
	t.Helper()
	var text strings.Builder
	for {
		got, _, err := db.Output(context.Background(), ref, int64(text.Len()), limit)
		check(t, err)
		if got.Offset != int64(text.Len()) {
			t.Fatalf("got offset %d, want %d", got.Offset, text.Len())
		}
		n := 0
		for _, p := range got.Lines {
			n += len(p.Data)
			text.Write(p.Data)
		}
		if n > limit {
			t.Fatalf("got %d bytes, want at most %d", n, limit)
		}
		if n == 0 {
			return text.String()
		}
	}
}

func TestOutputComesBackAsItWas(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		_, ref := startRun(t, db, "js-1")
		pieces := []task.OutputPiece{
			{At: noon.Add(5 * time.Second), Stream: task.Stdout, Data: []byte("first line\n")},
			{At: noon.Add(4 * time.Second), Stream: task.Stderr, Data: []byte{0, 0xff, 0xfe, '\n'}},
			{At: noon.Add(4 * time.Second), Stream: task.Stdout, Data: []byte("no end")},
			{At: noon.Add(time.Hour + time.Microsecond), Stream: task.StreamMark, Data: []byte("cut here")},
		}
		var records []task.Record
		for i, p := range pieces {
			records = append(records, task.Record{
				Sequence: int64(i + 1), At: p.At, Output: &task.OutputRecord{Stream: p.Stream, Data: p.Data},
			})
		}
		deliver(t, db, "js-1", ref, records[:2]...)
		deliver(t, db, "js-1", ref, records[2:]...)
		out, end, err := db.Output(ctx, ref, 0, 1000)
		check(t, err)
		if diff := cmp.Diff(pieces, out.Lines); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if end {
			t.Error("got the end of an attempt that runs")
		}
		out, _, err = db.Output(ctx, ref, 6, 7)
		check(t, err)
		want := []task.OutputPiece{
			{At: pieces[0].At, Stream: task.Stdout, Data: []byte("line\n")},
			{At: pieces[1].At, Stream: task.Stderr, Data: []byte{0, 0xff}},
		}
		if diff := cmp.Diff(task.Output{Offset: 6, Lines: want}, out); diff != "" {
			t.Errorf("from the middle (-want +got):\n%s", diff)
		}
	})
}

func TestOutputEnds(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		_, ref := startRun(t, db, "js-1")
		deliver(t, db, "js-1", ref, output(1, "0123456789"))
		ends := func(offset int64, limit int) bool {
			t.Helper()
			_, end, err := db.Output(ctx, ref, offset, limit)
			check(t, err)
			return end
		}
		if ends(0, 100) || ends(10, 100) {
			t.Error("the output of a running attempt has an end")
		}
		deliver(t, db, "js-1", ref, exited(2, 0))
		if ends(0, 5) {
			t.Error("half of the output is said to be all")
		}
		if !ends(0, 10) || !ends(5, 100) || !ends(10, 100) || !ends(99, 100) {
			t.Error("all of the output of an ended attempt is not said to be all")
		}
		_, _, err := db.Output(ctx, ref, -1, 10)
		wantKind(t, err, fault.Invalid)
		_, _, err = db.Output(ctx, task.Ref{Run: "nosuch", Number: 1}, 0, 10)
		wantKind(t, err, fault.NotFound)
	})
}

func TestOutputOfAnySizeIsReadInAnyPieces(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		fleet(t, db, "js-1")
		rapid.Check(t, func(r *rapid.T) {
			_, ref := startRun(t, db, "js-1")
			var want bytes.Buffer
			sequence := int64(0)
			for range rapid.IntRange(1, 4).Draw(r, "deliveries") {
				var records []task.Record
				for range rapid.IntRange(1, 8).Draw(r, "records") {
					size := rapid.SampledFrom([]int{0, 1, 2, 100, 4096, task.MaxOutputRecord - 1, task.MaxOutputRecord}).Draw(r, "size")
					data := bytes.Repeat([]byte{byte('a' + sequence%26)}, size)
					want.Write(data)
					sequence++
					records = append(records, output(sequence, string(data)))
				}
				deliver(t, db, "js-1", ref, records...)
			}
			limit := rapid.SampledFrom([]int{999, 65536, 262144, 1 << 20}).Draw(r, "limit")
			if got := readAll(t, db, ref, limit); got != want.String() {
				r.Fatalf("got %d bytes, want the %d that were delivered", len(got), want.Len())
			}
			if got := getRun(t, db, ref.Run).Attempts[0].LogBytes; got != int64(want.Len()) {
				r.Fatalf("got log_bytes %d, want %d", got, want.Len())
			}
		})
	})
}
