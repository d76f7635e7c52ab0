package store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// checkpointOf describes a checkpoint with that content.
func checkpointOf(sequence int, content []byte) task.Checkpoint {
	sum := sha256.Sum256(content)
	return task.Checkpoint{
		Sequence: sequence, Name: "loaded", Step: 1, Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:]),
	}
}

// put hands over the whole content of a checkpoint.
func put(t testing.TB, db *store.DB, server string, ref task.Ref, c task.Checkpoint, content []byte) {
	t.Helper()
	if got := must(db.PutContent(context.Background(), server, ref, c, 0, content))(t); got != c.Size {
		t.Fatalf("%d bytes of the content are there, want %d", got, c.Size)
	}
}

// record is the record of a checkpoint in a spool.
func record(sequence int64, c task.Checkpoint) task.Record {
	return task.Record{Sequence: sequence, At: noon, Checkpoint: &c}
}

// checkpointed lets an attempt make a checkpoint, as its record with that sequence.
func checkpointed(t testing.TB, db *store.DB, server string, ref task.Ref, sequence int64, c task.Checkpoint, content []byte) {
	t.Helper()
	put(t, db, server, ref, c, content)
	if got := deliver(t, db, server, ref, record(sequence, c)); got.Sequence != sequence {
		t.Fatalf("record %d was not stored: %+v", sequence, got)
	}
}

// sequences returns the sequences of the run's visible checkpoints.
func sequences(t testing.TB, db *store.DB, id task.RunID) []int {
	t.Helper()
	all := []int{}
	for _, c := range must(db.Checkpoints(context.Background(), id))(t) {
		all = append(all, c.Sequence)
	}
	return all
}

func wantSequences(t testing.TB, db *store.DB, id task.RunID, want ...int) {
	t.Helper()
	if got := sequences(t, db, id); !slices.Equal(got, want) {
		t.Errorf("the run has the checkpoints %v, want %v", got, want)
	}
}

// content reads the content of a visible checkpoint.
func content(t testing.TB, db *store.DB, id task.RunID, sequence int) []byte {
	t.Helper()
	r, _, err := db.CheckpointContent(context.Background(), id, sequence)
	check(t, err)
	defer r.Close()
	return must(io.ReadAll(r))(t)
}

func TestACheckpointIsSeenOnceItsRecordFollowsItsWholeContent(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		run, ref := startRun(t, db, "js-1")
		body := bytes.Repeat([]byte("row "), 1000)
		c := checkpointOf(1, body)
		c.Label, c.Instructions = "before the merge", "Restart the loader first."

		must(db.PutContent(ctx, "js-1", ref, c, 0, body[:1000]))(t)
		if got := deliver(t, db, "js-1", ref, started(1), record(2, c), output(3, "after it")); got.Sequence != 1 || got.Fenced {
			t.Errorf("got %+v, want the delivery to stop in front of a checkpoint whose content is half there", got)
		}
		wantSequences(t, db, run.ID)
		_, _, err := db.CheckpointContent(ctx, run.ID, 1)
		wantKind(t, err, fault.NotFound)
		_, err = db.TakeUp(ctx, run.ID, task.IntentRecover, 1, "ops", noon)
		wantKind(t, err, fault.Invalid)

		must(db.PutContent(ctx, "js-1", ref, c, 1000, body[1000:]))(t)
		wantSequences(t, db, run.ID)
		at := noon.Add(3 * time.Second)
		if got := deliver(t, db, "js-1", ref, record(2, c), output(3, "after it")); got.Sequence != 3 {
			t.Errorf("got %+v, want all of it stored once the content is whole", got)
		}
		c.Run, c.Attempt, c.CreatedAt = run.ID, 1, at
		if diff := cmp.Diff([]task.Checkpoint{c}, must(db.Checkpoints(ctx, run.ID))(t)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if got := content(t, db, run.ID, 1); !bytes.Equal(got, body) {
			t.Errorf("the content has %d bytes, want those that were sent", len(got))
		}
		last := history(t, db, run.ID)[3]
		if last.Kind != "run.checkpoint" || string(last.Data) != `{"sequence":1,"name":"loaded","size":4000}` || last.Attempt != 1 || last.Task != "load" {
			t.Errorf("got event %+v", last)
		}
		if again := deliver(t, db, "js-1", ref, record(2, c)); again.Sequence != 3 || len(history(t, db, run.ID)) != 4 {
			t.Errorf("the record delivered again got %+v", again)
		}
		_, err = db.Checkpoints(ctx, "nosuch")
		wantKind(t, err, fault.NotFound)
	})
}

func TestARecordOfACheckpointThatCannotBeShownHoldsNothingUp(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		fleet(t, db, "js-1")
		run, ref := startRun(t, db, "js-1")
		checkpointed(t, db, "js-1", ref, 1, checkpointOf(2, nil), nil)
		for claim, c := range map[string]task.Checkpoint{
			"given up by its agent":           {Sequence: 3, Name: "given up"},
			"older than what is there":        checkpointOf(1, []byte("late")),
			"of other content":                checkpointOf(2, []byte("other")),
			"too large":                       {Sequence: 3, Size: task.MaxCheckpointSize + 1, SHA256: strings.Repeat("0", 64)},
			"with a sequence that is no such": checkpointOf(0, nil),
		} {
			sequence := getRun(t, db, run.ID).Attempts[0].Delivered + 1
			if got := deliver(t, db, "js-1", ref, record(sequence, c), output(sequence+1, "x")); got.Sequence != sequence+1 {
				t.Errorf("%s: got %+v, want it passed over", claim, got)
			}
			wantSequences(t, db, run.ID, 2)
		}
		ended := getRun(t, db, run.ID).Attempts[0].Delivered + 1
		if got := deliver(t, db, "js-1", ref, exited(ended, 0)); !got.Ended {
			t.Errorf("got %+v, want the exit behind them stored", got)
		}
	})
}

func TestTheTextsOfACheckpointAreCut(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		fleet(t, db, "js-1")
		run, ref := startRun(t, db, "js-1")
		c := checkpointOf(1, nil)
		c.Name, c.Instructions = "a\x00b"+strings.Repeat("é", task.MaxCheckpointName), strings.Repeat("x", task.MaxInstructions+1)
		checkpointed(t, db, "js-1", ref, 1, c, nil)
		got := must(db.Checkpoints(context.Background(), run.ID))(t)[0]
		if len(got.Name) > task.MaxCheckpointName || !strings.HasPrefix(got.Name, "a\uFFFDb") || len(got.Instructions) != task.MaxInstructions {
			t.Errorf("got a name of %d and instructions of %d bytes", len(got.Name), len(got.Instructions))
		}
	})
}

func TestOldCheckpointsArePruned(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		run, ref := startRun(t, db, "js-1")
		sequence := int64(0)
		add := func(ref task.Ref, n int, label string) {
			t.Helper()
			c := checkpointOf(n, fmt.Append(nil, "content ", n))
			c.Label = label
			sequence++
			checkpointed(t, db, "js-1", ref, sequence, c, fmt.Append(nil, "content ", n))
		}
		add(ref, 1, "named")
		add(ref, 2, "")
		add(ref, 3, "")
		must(db.TakeUp(ctx, run.ID, task.IntentRecover, 2, "ops", noon))(t)
		for n := 4; n <= 3+task.KeptCheckpoints; n++ {
			add(ref, n, "")
		}
		all := []int{4, 5, 6, 7, 8, 9, 10, 11, 12, 13}
		wantSequences(t, db, run.ID, append([]int{1, 2}, all...)...) // 1 has a label, 2 is what the operator chose.
		if got := string(content(t, db, run.ID, 2)); got != "content 2" {
			t.Errorf("the content of a kept checkpoint is %q", got)
		}
		if n := must(db.Text(ctx, `SELECT CAST(count(*) AS TEXT) FROM content`))(t); n != "12" {
			t.Errorf("the content of %s checkpoints is there, want that of 12", n)
		}

		t.Run("but not while something is to begin from them", func(t *testing.T) {
			deliver(t, db, "js-1", ref, exit(sequence+1, task.Exit{Kind: task.ExitCancelled, Code: 143}))
			queued := wantState(t, db, run.ID, task.Queued)
			if queued.Next.Checkpoint != 2 {
				t.Fatalf("it is to begin from checkpoint %d, want 2", queued.Next.Checkpoint)
			}
			a := assignment(run.ID, 2, "js-1")
			a.ResumedFrom = 2
			checkAll(t, db.AssignRuns(ctx, oneOf(a), noon))
			claim(t, db, a.Ref, "js-1")
			sequence = 0
			for n := 14; n <= 24; n++ {
				add(a.Ref, n, "")
			}
			wantSequences(t, db, run.ID, 1, 2, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24)
			checkAll(t, db.ReplaceAttempts(ctx, oneOf(rebooted(a.Ref)), noon))
			must(db.TakeUp(ctx, run.ID, task.IntentRestart, 0, "ops", noon))(t)
			third := assign(t, db, run.ID, 3, "js-1")
			claim(t, db, third, "js-1")
			sequence = 0
			add(third, 25, "")
			wantSequences(t, db, run.ID, 1, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25)
		})
	})
}

func TestOpenAttemptsTellWhatTheyResumeFrom(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1", "js-2")
		run, ref := startRun(t, db, "js-1")
		one := func() virtualserver.OpenAttempt {
			t.Helper()
			all := must(db.OpenAttempts(ctx, ""))(t)
			if len(all) != 1 {
				t.Fatalf("got %d open attempts, want 1", len(all))
			}
			return all[0]
		}
		if o := one(); o.Resume != nil || o.LastCheckpoint != 0 || o.Pending != "" || o.ResumedFrom != nil {
			t.Errorf("a first attempt resumes from %+v, after %d, wanted %q", o.Resume, o.LastCheckpoint, o.Pending)
		}
		checkpointed(t, db, "js-1", ref, 1, checkpointOf(1, []byte("one")), []byte("one"))
		checkpointed(t, db, "js-1", ref, 2, checkpointOf(2, []byte("two")), []byte("two"))
		must(db.TakeUp(ctx, run.ID, task.IntentRecover, 1, "ops", noon))(t)
		if o := one(); o.Pending != task.IntentRecover || o.LastCheckpoint != 2 || o.State != task.AttemptStopping {
			t.Errorf("got %+v, want it stopping for a recovery, after checkpoint 2", o)
		}
		deliver(t, db, "js-1", ref, exit(3, task.Exit{Kind: task.ExitFenced, Code: 143}))
		a := assignment(run.ID, 2, "js-2")
		a.Ground, a.ResumedFrom, a.UnavailableAfter, a.Lease = "stop confirmed", 1, 30*time.Second, 40*time.Second+1
		checkAll(t, db.AssignRuns(ctx, oneOf(a), noon))
		o := one()
		if o.Resume == nil || o.Resume.Sequence != 1 || o.Resume.SHA256 != checkpointOf(1, []byte("one")).SHA256 || o.LastCheckpoint != 2 {
			t.Errorf("got %+v, want it to resume from checkpoint 1, after 2", o)
		}
		if o.Ground != "stop confirmed" || *o.ResumedFrom != 1 || o.UnavailableAfter != 30*time.Second {
			t.Errorf("got attempt %+v, want what it was assigned with", o.Attempt)
		}
		if o.Lease != 40*time.Second+time.Microsecond {
			t.Errorf("got the lease %s, want it rounded up to a whole microsecond: never shorter than it was", o.Lease)
		}
	})
}

func TestRecoverableRuns(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		end := func(e task.Exit) task.RunID {
			run, ref := startRun(t, db, "js-1")
			c := checkpointOf(1, nil)
			c.Instructions = "Call the night shift."
			checkpointed(t, db, "js-1", ref, 1, c, nil)
			deliver(t, db, "js-1", ref, exit(2, e))
			return run.ID
		}
		failed := end(task.Exit{Kind: task.ExitExited, Code: 1})
		end(task.Exit{Kind: task.ExitExited})
		end(task.Exit{Kind: task.ExitCancelled, Code: 143})
		late := end(task.Exit{Kind: task.ExitTimedOut, Code: 143})
		lost := end(task.Exit{Kind: task.ExitLost, Code: -1})
		var got []task.RunID
		for p := (page.Request{Limit: 2}); ; {
			some := must(db.RecoverableRuns(ctx, "load", p))(t)
			for _, r := range some.Items {
				got = append(got, r.Run.ID)
				if len(r.Checkpoints) != 1 || r.Checkpoints[0].Run != r.Run.ID || r.Checkpoints[0].Instructions != "Call the night shift." {
					t.Errorf("run %s has the checkpoints %+v, want its own", r.Run.ID, r.Checkpoints)
				}
			}
			if p.Cursor = some.Next; p.Cursor == "" {
				break
			}
		}
		if diff := cmp.Diff([]task.RunID{lost, late, failed}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if other := must(db.RecoverableRuns(ctx, "other", page.Request{}))(t); len(other.Items) != 0 {
			t.Errorf("another task has %d of its runs", len(other.Items))
		}
	})
}
