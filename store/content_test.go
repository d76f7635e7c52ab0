package store_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

// noise returns n random bytes.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // It never fails.
	return b
}

func TestPutContentGoesOnFromWhatIsThere(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		run, ref := startRun(t, db, "js-1")
		body := noise(3000)
		c := checkpointOf(1, body)
		for _, step := range []struct {
			claim    string
			from, to int
			want     int64
		}{
			{"begins", 0, 1000, 1000},
			{"passes over what is there", 0, 1000, 1000},
			{"passes over part of what is there", 500, 800, 1000},
			{"leaves out what is behind a gap", 2000, 3000, 1000},
			{"takes what is new of a piece", 500, 1500, 1500},
			{"takes no bytes", 1500, 1500, 1500},
			{"goes on to the end", 1500, 3000, 3000},
			{"repeats the end", 1500, 3000, 3000},
			{"repeats the beginning", 0, 1000, 3000},
		} {
			got, err := db.PutContent(ctx, "js-1", ref, c, int64(step.from), body[step.from:step.to])
			if err != nil || got != step.want {
				t.Fatalf("%s: got %d and error %v, want %d", step.claim, got, err, step.want)
			}
		}
		deliver(t, db, "js-1", ref, record(1, c))
		if got := must(db.PutContent(ctx, "js-1", ref, c, 0, body[:10]))(t); got != 3000 {
			t.Errorf("a piece of a visible checkpoint got %d, want it to count as whole", got)
		}
		if got := content(t, db, run.ID, 1); !bytes.Equal(got, body) {
			t.Error("the content is not what was sent")
		}
	})
}

func TestPutContentRefusesOtherContent(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		run, ref := startRun(t, db, "js-1")
		refused := func(c task.Checkpoint) {
			t.Helper()
			_, err := db.PutContent(ctx, "js-1", ref, c, 0, nil)
			wantKind(t, err, fault.Conflict)
		}
		one, other := checkpointOf(1, []byte("one")), checkpointOf(1, []byte("two"))
		must(db.PutContent(ctx, "js-1", ref, one, 0, []byte("o")))(t)
		refused(other)
		must(db.PutContent(ctx, "js-1", ref, one, 1, []byte("ne")))(t)
		refused(other)
		longer := one
		longer.Size++
		refused(longer)
		deliver(t, db, "js-1", ref, record(1, one))
		refused(other)
		checkpointed(t, db, "js-1", ref, 2, checkpointOf(3, nil), nil)
		refused(checkpointOf(2, nil))
		wantSequences(t, db, run.ID, 1, 3)
		if got := string(content(t, db, run.ID, 1)); got != "one" {
			t.Errorf("the content is %q", got)
		}
	})
}

func TestContentWithAnotherHashIsDroppedAndMayBeSentAgain(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		run, ref := startRun(t, db, "js-1")
		c := checkpointOf(1, []byte("right"))
		must(db.PutContent(ctx, "js-1", ref, c, 0, []byte("wr")))(t)
		_, err := db.PutContent(ctx, "js-1", ref, c, 2, []byte("ong"))
		wantKind(t, err, fault.Invalid)
		if got := deliver(t, db, "js-1", ref, record(1, c)); got.Sequence != 0 {
			t.Errorf("got %+v, want its record to wait", got)
		}
		wantSequences(t, db, run.ID)
		checkpointed(t, db, "js-1", ref, 1, c, []byte("right"))
		if got := string(content(t, db, run.ID, 1)); got != "right" {
			t.Errorf("the content is %q", got)
		}
	})
}

func TestPutContentKeepsToTheLimits(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		_, ref := startRun(t, db, "js-1")
		huge, tiny := checkpointOf(1, nil), checkpointOf(1, []byte("x"))
		huge.Size = task.MaxCheckpointSize + 1
		for claim, put := range map[string]struct {
			c      task.Checkpoint
			offset int64
			data   []byte
			kind   error
		}{
			"a checkpoint that is too large":    {huge, 0, nil, fault.TooLarge},
			"a piece that is too large":         {checkpointOf(1, make([]byte, 2<<20)), 0, make([]byte, task.MaxCheckpointChunk+1), fault.TooLarge},
			"more than was announced":           {tiny, 0, []byte("xy"), fault.TooLarge},
			"a piece beyond the end":            {tiny, 2, nil, fault.TooLarge},
			"a negative offset":                 {tiny, -1, []byte("x"), fault.Invalid},
			"a sequence of 0":                   {checkpointOf(0, nil), 0, nil, fault.Invalid},
			"a hash that is none":               {task.Checkpoint{Sequence: 1, SHA256: "../../etc"}, 0, nil, fault.Invalid},
			"a hash in capitals":                {task.Checkpoint{Sequence: 1, SHA256: "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"}, 0, nil, fault.Invalid},
			"a sequence beyond what fits a row": {checkpointOf(1<<31, nil), 0, nil, fault.Invalid},
		} {
			if _, err := db.PutContent(ctx, "js-1", ref, put.c, put.offset, put.data); !errors.Is(err, put.kind) {
				t.Errorf("%s: got error %v, want %v", claim, err, put.kind)
			}
		}
		t.Run("of the number of checkpoints, too", func(t *testing.T) {
			check(t, db.Update(ctx, func(tx store.Tx) error {
				return tx.Exec(`UPDATE attempt SET checkpoints = ?`, task.MaxCheckpoints)
			}))
			_, err := db.PutContent(ctx, "js-1", ref, tiny, 0, []byte("x"))
			wantKind(t, err, fault.TooLarge)
		})
	})
}

func TestPutContentIsFenced(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1", "js-2")
		_, running := startRun(t, db, "js-1")
		_, lost := startRun(t, db, "js-1")
		checkAll(t, db.ReplaceAttempts(ctx, oneOf(rebooted(lost)), noon))
		_, replaced := startRun(t, db, "js-1")
		checkAll(t, db.ReplaceAttempts(ctx, oneOf(replacement(replaced)), noon))
		_, ended := startRun(t, db, "js-1")
		deliver(t, db, "js-1", ended, exited(1, 0))
		offered := assign(t, db, insert(t, db).ID, 1, "js-1")
		for claim, c := range map[string]struct {
			server string
			ref    task.Ref
		}{
			"for an unknown run":        {"js-1", task.Ref{Run: "nosuch", Number: 1}},
			"for an unknown attempt":    {"js-1", task.Ref{Run: running.Run, Number: 2}},
			"on another server":         {"js-2", running},
			"for a lost attempt":        {"js-1", lost},
			"for a replaced attempt":    {"js-1", replaced},
			"for an attempt that ended": {"js-1", ended},
			"for an unclaimed offer":    {"js-1", offered},
		} {
			if _, err := db.PutContent(ctx, c.server, c.ref, checkpointOf(1, []byte("x")), 0, []byte("x")); !errors.Is(err, fault.Fenced) {
				t.Errorf("%s: got error %v, want it fenced", claim, err)
			}
		}
		if n := must(db.Text(ctx, `SELECT CAST(count(*) AS TEXT) FROM content`))(t); n != "0" {
			t.Errorf("they left %s contents", n)
		}
		t.Run("when the content was whole before the attempt was replaced", func(t *testing.T) {
			run, ref := startRun(t, db, "js-1")
			c := checkpointOf(1, []byte("x"))
			put(t, db, "js-1", ref, c, []byte("x"))
			checkAll(t, db.ReplaceAttempts(ctx, oneOf(replacement(ref)), noon))
			if got := deliver(t, db, "js-1", ref, record(1, c)); !got.Fenced {
				t.Errorf("got %+v, want it fenced", got)
			}
			wantSequences(t, db, run.ID)
			second := assign(t, db, run.ID, 2, "js-2")
			claim(t, db, second, "js-2")
			checkpointed(t, db, "js-2", second, 1, checkpointOf(1, []byte("another")), []byte("another"))
			if got := string(content(t, db, run.ID, 1)); got != "another" {
				t.Errorf("the content is %q, want that of the attempt that may act", got)
			}
		})
	})
}

func TestContentIsReadFromAnywhere(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		run, ref := startRun(t, db, "js-1")
		body := noise(2*task.MaxCheckpointChunk + 500)
		c := checkpointOf(1, body)
		for at := 0; at < len(body); at += task.MaxCheckpointChunk {
			must(db.PutContent(ctx, "js-1", ref, c, int64(at), body[at:min(at+task.MaxCheckpointChunk, len(body))]))(t)
		}
		deliver(t, db, "js-1", ref, record(1, c))
		r, got, err := db.CheckpointContent(ctx, run.ID, 1)
		check(t, err)
		defer r.Close()
		if got.Size != c.Size || got.Run != run.ID {
			t.Errorf("got checkpoint %+v", got)
		}
		if all := must(io.ReadAll(r))(t); !bytes.Equal(all, body) {
			t.Error("the content is not what was sent")
		}
		for _, at := range []int64{0, 1, task.MaxCheckpointChunk - 1, task.MaxCheckpointChunk, c.Size - 1, c.Size, c.Size + 10} {
			if to, err := r.Seek(at, io.SeekStart); err != nil || to != at {
				t.Fatalf("seek to %d: got %d and error %v", at, to, err)
			}
			buf := make([]byte, 100)
			n, err := io.ReadFull(r, buf)
			want := body[min(at, c.Size):min(at+100, c.Size)]
			if !bytes.Equal(buf[:n], want) || (n < 100) != (err != nil) {
				t.Errorf("at %d: read %d bytes, error %v; want %d", at, n, err, len(want))
			}
		}
		if size := must(r.Seek(0, io.SeekEnd))(t); size != c.Size {
			t.Errorf("the end is at %d, want %d", size, c.Size)
		}
		if _, err := r.Seek(-1, io.SeekStart); err == nil {
			t.Error("a position before the beginning was taken")
		}
	})
}

func TestSeveralMaySendTheSameContentAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		run, ref := startRun(t, db, "js-1")
		body := noise(100_000)
		c := checkpointOf(1, body)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for received := int64(0); received < c.Size; {
					var err error
					to := min(received+7000, c.Size)
					if received, err = db.PutContent(ctx, "js-1", ref, c, received, body[received:to]); err != nil {
						t.Errorf("put: %v", err)
						return
					}
				}
			})
		}
		all.Wait()
		deliver(t, db, "js-1", ref, record(1, c))
		if got := content(t, db, run.ID, 1); !bytes.Equal(got, body) {
			t.Error("the content is not what was sent")
		}
	})
}

func TestOpeningSweepsContentThatNobodyWillAskFor(t *testing.T) {
	onEachURL(t, func(t *testing.T, url string) {
		ctx := context.Background()
		db := must(store.Open(ctx, url, store.Options{}))(t)
		fleet(t, db, "js-1")
		kept, ref := startRun(t, db, "js-1")
		checkpointed(t, db, "js-1", ref, 1, checkpointOf(1, []byte("kept")), []byte("kept"))
		awaited := checkpointOf(2, []byte("awaited"))
		put(t, db, "js-1", ref, awaited, []byte("awaited"))
		_, half := startRun(t, db, "js-1")
		must(db.PutContent(ctx, "js-1", half, checkpointOf(1, []byte("half")), 0, []byte("ha")))(t)
		_, gone := startRun(t, db, "js-1")
		put(t, db, "js-1", gone, checkpointOf(1, []byte("gone")), []byte("gone"))
		checkAll(t, db.ReplaceAttempts(ctx, oneOf(rebooted(gone)), noon))
		check(t, db.Close())
		folder := url + "-content"
		if _, err := os.Stat(url); err == nil {
			check(t, os.MkdirAll(filepath.Join(folder, "stray"), 0o700))
			check(t, os.WriteFile(filepath.Join(folder, "stray", "1-1"), []byte("no row"), 0o600))
			check(t, os.WriteFile(filepath.Join(folder, string(kept.ID), "3-1.part"), []byte("no row"), 0o600))
		}

		db = open(t, url, store.Options{})
		if got := string(content(t, db, kept.ID, 1)); got != "kept" {
			t.Errorf("the content of a visible checkpoint is %q", got)
		}
		if got := deliver(t, db, "js-1", ref, record(2, awaited)); got.Sequence != 2 {
			t.Errorf("got %+v, want the content to last that was whole and is still awaited", got)
		}
		if n := must(db.Text(ctx, `SELECT CAST(count(*) AS TEXT) FROM content WHERE run = '`+string(gone.Run)+`'`))(t); n != "0" {
			t.Error("the content of an ended attempt is still there")
		}
		checkpointed(t, db, "js-1", half, 1, checkpointOf(1, []byte("half")), []byte("half"))
		if entries, err := os.ReadDir(folder); err == nil && len(entries) != 2 {
			t.Errorf("the folder has %v, want a folder for each of two runs", entries)
		}
	})
}

func TestTheContentFolderLosesItsFilesWithTheirCheckpoints(t *testing.T) {
	ctx := context.Background()
	url := filepath.Join(t.TempDir(), "segno.db")
	db := open(t, url, store.Options{})
	fleet(t, db, "js-1")
	run, ref := startRun(t, db, "js-1")
	for n := 1; n <= task.KeptCheckpoints+3; n++ {
		checkpointed(t, db, "js-1", ref, int64(n), checkpointOf(n, []byte("x")), []byte("x"))
	}
	files := must(os.ReadDir(filepath.Join(url+"-content", string(run.ID))))(t)
	if len(files) != task.KeptCheckpoints {
		t.Errorf("the folder of the run has %d files, want %d", len(files), task.KeptCheckpoints)
	}
	check(t, os.Remove(filepath.Join(url+"-content", string(run.ID), files[0].Name())))
	missing := 0
	for _, sequence := range sequences(t, db, run.ID) {
		if _, _, err := db.CheckpointContent(ctx, run.ID, sequence); errors.Is(err, fault.NotFound) {
			missing++
		}
	}
	if missing != 1 {
		t.Errorf("%d checkpoints say that their file is missing, want 1", missing)
	}
}

func TestAFullDiskUnderTheContentIsUnavailable(t *testing.T) {
	ctx := context.Background()
	url := filepath.Join(t.TempDir(), "segno.db")
	folder := url + "-content"
	check(t, os.MkdirAll(folder, 0o700))
	if err := unix.Mount("tmpfs", folder, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { check(t, unix.Unmount(folder, unix.MNT_DETACH)) })
	db := open(t, url, store.Options{})
	fleet(t, db, "js-1")
	run, ref := startRun(t, db, "js-1")
	body := noise(400 << 10)
	c := checkpointOf(1, body)
	must(db.PutContent(ctx, "js-1", ref, c, 0, body[:100<<10]))(t)
	for range 2 {
		received, err := db.PutContent(ctx, "js-1", ref, c, 100<<10, body[100<<10:])
		wantKind(t, err, fault.Unavailable)
		if received != 100<<10 {
			t.Errorf("%d bytes are said to be there, want those that were", received)
		}
	}
	check(t, unix.Mount("", folder, "", unix.MS_REMOUNT, "size=1m"))
	if got := must(db.PutContent(ctx, "js-1", ref, c, 100<<10, body[100<<10:]))(t); got != c.Size {
		t.Errorf("with room again %d bytes are there, want %d", got, c.Size)
	}
	deliver(t, db, "js-1", ref, record(1, c))
	if got := content(t, db, run.ID, 1); !bytes.Equal(got, body) {
		t.Error("the content is not what was sent")
	}
}
