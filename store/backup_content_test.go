package store_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

func TestABackupHasTheContentOfItsCheckpoints(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	database, backup := filepath.Join(dir, "segno.db"), filepath.Join(dir, "backup.db")
	db := must(store.Open(ctx, database, store.Options{}))(t)
	fleet(t, db, "js-1")
	run, ref := startRun(t, db, "js-1")
	body := noise(100_000)
	checkpointed(t, db, "js-1", ref, 1, checkpointOf(1, body), body)
	half := checkpointOf(2, noise(100))
	must(db.PutContent(ctx, "js-1", ref, half, 0, []byte("half")))(t)
	check(t, store.Backup(ctx, database, backup))
	checkpointed(t, db, "js-1", ref, 2, checkpointOf(3, []byte("later")), []byte("later"))
	check(t, db.Close())

	t.Run("and a restore puts it back", func(t *testing.T) {
		check(t, store.Restore(ctx, backup, database))
		db := must(store.Open(ctx, database, store.Options{}))(t)
		wantSequences(t, db, run.ID, 1)
		if got := content(t, db, run.ID, 1); !bytes.Equal(got, body) {
			t.Error("the content is not what it was")
		}
		check(t, db.Close())
		kept := must(store.Open(ctx, database+".before-restore", store.Options{}))(t)
		if got := string(content(t, kept, run.ID, 3)); got != "later" {
			t.Errorf("the database that was replaced has the content %q, want its own", got)
		}
		check(t, kept.Close())
	})
	t.Run("and is used as a database itself", func(t *testing.T) {
		copied := must(store.Open(ctx, backup, store.Options{}))(t)
		if got := content(t, copied, run.ID, 1); !bytes.Equal(got, body) {
			t.Error("the content is not what it was")
		}
		check(t, copied.Close())
	})
	t.Run("or is refused", func(t *testing.T) {
		files, err := filepath.Glob(filepath.Join(backup+"-content", "*", "*"))
		if check(t, err); len(files) != 1 {
			t.Fatalf("the backup has the files %q, want one", files)
		}
		whole := must(os.ReadFile(files[0]))(t)
		whole[5] ^= 1
		check(t, os.WriteFile(files[0], whole, 0o600))
		wantKind(t, store.Restore(ctx, backup, database), fault.Invalid)
		check(t, os.Remove(files[0]))
		wantKind(t, store.Restore(ctx, backup, database), fault.NotFound)
		db := must(store.Open(ctx, database, store.Options{}))(t)
		if got := content(t, db, run.ID, 1); !bytes.Equal(got, body) {
			t.Error("a refused restore has touched the database")
		}
		check(t, db.Close())
	})
	t.Run("and does not overwrite a folder", func(t *testing.T) {
		check(t, os.Mkdir(filepath.Join(dir, "taken-content"), 0o700))
		wantKind(t, store.Backup(ctx, database, filepath.Join(dir, "taken")), fault.Conflict)
	})
	entries := must(os.ReadDir(dir))(t)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".segno-") || e.Name() == "taken" {
			t.Errorf("it left %s", e.Name())
		}
	}
}

func TestABackupIsWholeWhileCheckpointsArePruned(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	database := filepath.Join(dir, "segno.db")
	db := open(t, database, store.Options{})
	fleet(t, db, "js-1")
	run, ref := startRun(t, db, "js-1")
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for n := 1; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			body := []byte(strings.Repeat("x", n))
			c := checkpointOf(n, body)
			if _, err := db.PutContent(ctx, "js-1", ref, c, 0, body); err != nil {
				t.Errorf("put: %v", err)
				return
			}
			if _, err := db.Deliver(ctx, "js-1", oneOf(task.Delivery{Ref: ref, Records: oneOf(record(int64(n), c))}), noon); err != nil {
				t.Errorf("deliver: %v", err)
				return
			}
		}
	}()
	for _, name := range []string{"first.db", "second.db", "third.db"} {
		check(t, store.Backup(ctx, database, filepath.Join(dir, name)))
	}
	close(stop)
	<-stopped
	for _, name := range []string{"first.db", "second.db", "third.db"} {
		copied := open(t, filepath.Join(dir, name), store.Options{})
		for _, sequence := range sequences(t, copied, run.ID) {
			if got := content(t, copied, run.ID, sequence); len(got) != sequence {
				t.Errorf("%s: checkpoint %d has %d bytes", name, sequence, len(got))
			}
		}
		if runs := must(copied.Runs(ctx, task.RunFilter{}, page.Request{}))(t).Items; len(runs) != 1 {
			t.Errorf("%s has %d runs", name, len(runs))
		}
	}
	if left, err := filepath.Glob(database + "-content/.backup-*"); err != nil || len(left) != 0 {
		t.Errorf("backups left %q", left)
	}
}
