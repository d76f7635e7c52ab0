package store_test

import (
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

func TestBackup(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	database := filepath.Join(dir, "segno.db")
	db := open(t, database, store.Options{})
	fleet(t, db, "js-1")
	run, ref := startRun(t, db, "js-1")

	t.Run("is consistent while a conductor writes", func(t *testing.T) {
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for n := int64(1); ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if _, _, err := db.InsertRun(ctx, newRun(), ""); err != nil {
					t.Errorf("insert: %v", err)
				}
			}
		}()
		for _, name := range []string{"first.db", "second.db"} {
			check(t, store.Backup(ctx, database, filepath.Join(dir, name)))
		}
		close(stop)
		<-stopped
		for _, name := range []string{"first.db", "second.db"} {
			copied := open(t, filepath.Join(dir, name), store.Options{NoMigrate: true})
			if got := must(copied.Text(ctx, `PRAGMA integrity_check`))(t); got != "ok" {
				t.Errorf("%s is damaged: %s", name, got)
			}
			wantState(t, copied, run.ID, task.Running)
			for _, r := range must(copied.Runs(ctx, task.RunFilter{}, page.Request{Limit: 500}))(t).Items {
				wantPath(t, copied, r.ID)
			}
		}
	})
	t.Run("does not overwrite a file", func(t *testing.T) {
		taken := filepath.Join(dir, "taken")
		check(t, os.WriteFile(taken, []byte("precious"), 0o600))
		wantKind(t, store.Backup(ctx, database, taken), fault.Conflict)
		if got := string(must(os.ReadFile(taken))(t)); got != "precious" {
			t.Errorf("the file now has %q", got)
		}
	})
	t.Run("leaves nothing behind where it fails", func(t *testing.T) {
		wantKind(t, store.Backup(ctx, filepath.Join(dir, "nosuch.db"), filepath.Join(dir, "copy.db")), fault.NotFound)
		notDatabase := filepath.Join(dir, "text")
		check(t, os.WriteFile(notDatabase, []byte(strings.Repeat("no database ", 1000)), 0o600))
		if err := store.Backup(ctx, notDatabase, filepath.Join(dir, "copy.db")); err == nil {
			t.Error("a text was backed up as a database")
		}
		for _, e := range must(os.ReadDir(dir))(t) {
			if strings.HasPrefix(e.Name(), "copy.db") || strings.HasPrefix(e.Name(), ".segno-backup") {
				t.Errorf("it left %s", e.Name())
			}
		}
	})
	t.Run("is for SQLite", func(t *testing.T) {
		wantKind(t, store.Backup(ctx, "postgres://localhost/x", filepath.Join(dir, "copy.db")), fault.Invalid)
	})
	_ = ref
}

func TestRestore(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	database, backup := filepath.Join(dir, "segno.db"), filepath.Join(dir, "backup.db")
	db := must(store.Open(ctx, database, store.Options{}))(t)
	fleet(t, db, "js-1")
	before := insert(t, db)
	check(t, store.Backup(ctx, database, backup))
	after := insert(t, db)

	t.Run("is refused while a conductor has the database open", func(t *testing.T) {
		wantKind(t, store.Restore(ctx, backup, database), fault.Conflict)
	})
	check(t, db.Close())

	t.Run("refuses what is no whole database of Segno", func(t *testing.T) {
		whole := must(os.ReadFile(backup))(t)
		broken := append([]byte(nil), whole...)
		for i := 4096; i < len(broken); i += 2 {
			broken[i] ^= 0x55
		}
		other := filepath.Join(dir, "other.db")
		foreign := must(store.Open(ctx, other, store.Options{}))(t)
		check(t, foreign.Update(ctx, func(tx store.Tx) error { return tx.Exec(`DROP TABLE goose_db_version`) }))
		check(t, foreign.Close())
		newer := filepath.Join(dir, "newer.db")
		future := must(store.Open(ctx, newer, store.Options{}))(t)
		must(future.MigrateWith(ctx, stepsOf(map[string]string{"00001_schema.sql": "SELECT 1;", "00900_future.sql": "SELECT 1;"})))(t)
		check(t, future.Close())
		files := map[string][]byte{"text": []byte(strings.Repeat("no database ", 1000)), "broken": broken, "half": whole[:len(whole)/2], "empty": nil}
		for name, data := range files {
			check(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
			if err := store.Restore(ctx, filepath.Join(dir, name), database); err == nil {
				t.Errorf("%s was restored", name)
			}
		}
		wantKind(t, store.Restore(ctx, other, database), fault.Invalid)
		wantKind(t, store.Restore(ctx, newer, database), fault.Conflict)
		wantKind(t, store.Restore(ctx, filepath.Join(dir, "nosuch"), database), fault.NotFound)
		db := must(store.Open(ctx, database, store.Options{}))(t)
		wantState(t, db, after.ID, task.Queued)
		check(t, db.Close())
	})
	t.Run("puts the backup in place and keeps what it replaces", func(t *testing.T) {
		for _, aside := range []string{".before-restore", ".before-restore-2"} {
			check(t, store.Restore(ctx, backup, database))
			db := must(store.Open(ctx, database, store.Options{}))(t)
			wantState(t, db, before.ID, task.Queued)
			_, err := db.Run(ctx, after.ID)
			wantKind(t, err, fault.NotFound)
			check(t, db.Close())
			kept := must(store.Open(ctx, database+aside, store.Options{}))(t)
			wantState(t, kept, before.ID, task.Queued)
			if aside == ".before-restore" {
				wantState(t, kept, after.ID, task.Queued)
			}
			check(t, kept.Close())
		}
	})
	t.Run("keeps what a killed conductor had committed", func(t *testing.T) {
		database := filepath.Join(t.TempDir(), "segno.db")
		setup := must(store.Open(ctx, database, store.Options{}))(t)
		fleet(t, setup, "js-1")
		check(t, setup.Close())
		child, lines := startChild(t, "write", database, "x")
		for range 50 {
			lines.Scan()
		}
		check(t, child.Process.Kill())
		_ = child.Wait()
		check(t, store.Restore(ctx, backup, database))
		db := open(t, database, store.Options{})
		wantState(t, db, before.ID, task.Queued)
		if got := must(db.Text(ctx, `PRAGMA integrity_check`))(t); got != "ok" {
			t.Errorf("the restored database is damaged: %s", got)
		}
		kept := open(t, database+".before-restore", store.Options{})
		if got := must(kept.Runs(ctx, task.RunFilter{}, page.Request{}))(t).Items; len(got) < 8 {
			t.Errorf("the replaced database has %d runs, want those that were written", len(got))
		}
	})
	t.Run("replaces a database that is damaged, and its log", func(t *testing.T) {
		database := filepath.Join(t.TempDir(), "segno.db")
		for _, ending := range []string{"", "-wal"} {
			check(t, os.WriteFile(database+ending, []byte(strings.Repeat("damaged ", 2000)), 0o600))
		}
		check(t, store.Restore(ctx, backup, database))
		wantState(t, open(t, database, store.Options{}), before.ID, task.Queued)
		for _, ending := range []string{"", "-wal"} {
			kept := must(os.ReadFile(database + ".before-restore" + ending))(t)
			if !strings.HasPrefix(string(kept), "damaged") {
				t.Errorf("what was replaced was not kept: %.20q", kept)
			}
		}
	})
	t.Run("works where there was no database", func(t *testing.T) {
		fresh := filepath.Join(t.TempDir(), "new", "segno.db")
		check(t, store.Restore(ctx, backup, fresh))
		wantState(t, open(t, fresh, store.Options{}), before.ID, task.Queued)
	})
}
