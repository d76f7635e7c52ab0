package store_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"
	"time"

	"github.com/segno-jobs/segno/archive"
	"github.com/segno-jobs/segno/internal/audit"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

// packed is a tar.gz with one script.
func packed(t testing.TB, script string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	_ = w.WriteHeader(&tar.Header{Name: "run.sh", Mode: 0o755, Size: int64(len(script))})
	_, err := io.WriteString(w, script)
	if err := errors.Join(err, w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// contents counts the contents of archives.
func contents(t *testing.T, db *store.DB) string {
	t.Helper()
	return must(db.Text(context.Background(), `SELECT CAST(count(*) AS TEXT) FROM archive_content`))(t)
}

func push(t *testing.T, db *store.DB, name, version string, pack []byte) archive.Version {
	t.Helper()
	v, created, err := db.PutArchive(context.Background(), archive.Upload{Archive: name, Version: version, By: "ops"}, bytes.NewReader(pack), start)
	if err != nil || !created {
		t.Fatalf("push %s %s: created %v, %v", name, version, created, err)
	}
	return v
}

func TestAnUploadedArchiveIsReadBackAsItWas(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		pack := packed(t, string(noise(3<<20))) // Several pieces.
		pushed := push(t, db, "load", "1.0", pack)
		if pushed.SHA256 != hashOf(pack) || pushed.Size != int64(len(pack)) || pushed.Manifest.Format != archive.TarGz || pushed.Number != 1 {
			t.Errorf("it was stored as %+v", pushed)
		}
		content, v, err := db.ArchiveContent(ctx, "load", task.LatestVersion)
		check(t, err)
		defer content.Close()
		if got := must(io.ReadAll(content))(t); !bytes.Equal(got, pack) || v.Version != "1.0" || v.UploadedBy != "ops" {
			t.Errorf("%d bytes of version %+v came back, not %d", len(got), v, len(pack))
		}
	})
}

func TestAVersionNeverChanges(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		one, two := packed(t, "echo one"), packed(t, "echo two")
		push(t, db, "load", "1.0", one)
		for _, sum := range []string{"", hashOf(one)} {
			body := &counted{r: bytes.NewReader(one)}
			v, created, err := db.PutArchive(ctx, archive.Upload{Archive: "load", Version: "1.0", SHA256: sum}, body, start.Add(time.Second))
			if err != nil || created || v.Number != 1 || (sum != "" && body.n > 0) {
				t.Errorf("the same content with the hash %q: created %v, number %d, %d bytes read, %v", sum, created, v.Number, body.n, err)
			}
		}
		for _, sum := range []string{"", hashOf(two)} {
			_, _, err := db.PutArchive(ctx, archive.Upload{Archive: "load", Version: "1.0", SHA256: sum}, bytes.NewReader(two), start.Add(time.Second))
			if !errors.Is(err, fault.Conflict) {
				t.Errorf("other content with the hash %q: %v", sum, err)
			}
		}
		if _, _, err := db.PutArchive(ctx, archive.Upload{Archive: "load", Version: "1.1", SHA256: hashOf(one)}, bytes.NewReader(two), start.Add(time.Second)); !errors.Is(err, fault.Invalid) {
			t.Errorf("content with another hash than was said: %v", err)
		}
		push(t, db, "load", "0.9", two)
		if v := must(db.ArchiveVersion(ctx, "load", task.LatestVersion))(t); v.Version != "0.9" || v.Number != 2 {
			t.Errorf("the latest is %s with number %d, want the one that was uploaded last", v.Version, v.Number)
		}
		if all := must(db.Archive(ctx, "load"))(t); len(all.Versions) != 2 || all.Versions[0].Version != "0.9" {
			t.Errorf("the versions are %+v", all)
		}
	})
}

type counted struct {
	r io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

func TestAnUploadThatFailsLeavesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		broken := errors.New("the line broke")
		pack := packed(t, string(noise(2<<20)))
		for name, body := range map[string]io.Reader{
			"broken off":           io.MultiReader(bytes.NewReader(pack[:1<<20+5]), iotest.ErrReader(broken)),
			"cut":                  bytes.NewReader(pack[:len(pack)-3]),
			"cut by the transport": io.MultiReader(bytes.NewReader(pack[:1000]), iotest.ErrReader(io.ErrUnexpectedEOF)),
			"no package":           bytes.NewReader(noise(100)),
			"empty":                bytes.NewReader(nil),
		} {
			_, created, err := db.PutArchive(ctx, archive.Upload{Archive: "load", Version: "1.0"}, body, start)
			if created || err == nil {
				t.Errorf("%s: created %v, %v", name, created, err)
			}
			if _, err := db.ArchiveVersion(ctx, "load", "1.0"); !errors.Is(err, fault.NotFound) {
				t.Errorf("%s: afterwards %v", name, err)
			}
		}
		if n := contents(t, db); n != "0" {
			t.Errorf("%s contents were left", n)
		}
		push(t, db, "load", "1.0", pack)
	})
}

func TestAnUploadIsOneDeed(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx, _ := audit.With(context.Background(), audit.Deed{At: start, By: "ops", Act: "putArchive", Subject: "archives/load/versions/1.0"})
		_, created, err := db.PutArchive(ctx, archive.Upload{Archive: "load", Version: "1.0"}, bytes.NewReader(packed(t, "x")), start)
		if err != nil || !created {
			t.Fatal(created, err)
		}
		refused, deed := audit.With(context.Background(), audit.Deed{At: start.Add(time.Second), By: "ops", Act: "putArchive"})
		if _, _, err := db.PutArchive(refused, archive.Upload{Archive: "load", Version: "1.0"}, bytes.NewReader(packed(t, "y")), start.Add(time.Second)); err == nil || deed.IsStored() {
			t.Errorf("an upload that was refused counts as done: %v", err)
		}
		if deeds := must(db.Deeds(context.Background(), audit.Filter{}, page.Request{}))(t); len(deeds.Items) != 1 || deeds.Items[0].Outcome != audit.Done {
			t.Errorf("the deeds are %+v", deeds.Items)
		}
	})
}

func TestArchivesAreListedWithTheirNewestVersion(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		for _, name := range []string{"b", "a", "c"} {
			push(t, db, name, "1", packed(t, name))
		}
		push(t, db, "b", "2", packed(t, "new"))
		first := must(db.Archives(ctx, "", page.Request{Limit: 2}))(t)
		second := must(db.Archives(ctx, "", page.Request{Limit: 2, Cursor: first.Next}))(t)
		if len(first.Items) != 2 || len(second.Items) != 1 || first.Items[1].Name != "b" || first.Items[1].Versions != 2 || first.Items[1].Latest.Version != "2" {
			t.Errorf("%+v, then %+v", first, second)
		}
		if some := must(db.Archives(ctx, "c", page.Request{}))(t); len(some.Items) != 1 {
			t.Errorf("%+v have a c in their names", some)
		}
	})
}

func TestADeletedVersionIsGoneWithItsContent(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		push(t, db, "load", "1", packed(t, "one"))
		push(t, db, "load", "2", packed(t, "two"))
		check(t, db.DeleteArchiveVersion(ctx, "load", "2", false, start.Add(time.Second)))
		if err := db.DeleteArchiveVersion(ctx, "load", "2", false, start.Add(time.Second)); !errors.Is(err, fault.NotFound) {
			t.Errorf("a second time: %v", err)
		}
		if v := push(t, db, "load", "3", packed(t, "three")); v.Number != 3 {
			t.Errorf("the next version has the number %d", v.Number)
		}
		check(t, db.DeleteArchiveVersion(ctx, "load", "1", false, start.Add(time.Second)))
		check(t, db.DeleteArchiveVersion(ctx, "load", "3", false, start.Add(time.Second)))
		if all := must(db.Archives(ctx, "", page.Request{}))(t); len(all.Items) != 0 || contents(t, db) != "0" {
			t.Errorf("%+v and %s contents are left", all, contents(t, db))
		}
	})
}

func TestABackupHasTheArchives(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	file, backup, restored := filepath.Join(dir, "segno.db"), filepath.Join(dir, "backup.db"), filepath.Join(dir, "restored.db")
	db := open(t, file, store.Options{})
	pack := packed(t, string(noise(100000)))
	push(t, db, "load", "1", pack)
	check(t, store.Backup(ctx, file, backup))
	check(t, store.Restore(ctx, backup, restored))
	again := open(t, restored, store.Options{})
	content, _, err := again.ArchiveContent(ctx, "load", "1")
	check(t, err)
	defer content.Close()
	if got := must(io.ReadAll(content))(t); !bytes.Equal(got, pack) {
		t.Errorf("%d bytes came back, not %d", len(got), len(pack))
	}
}

func TestAStoreThatIsOpenedAgainKeepsArchivesAndForgetsUploads(t *testing.T) {
	ctx := context.Background()
	file := filepath.Join(t.TempDir(), "segno.db")
	db := open(t, file, store.Options{})
	push(t, db, "load", "1", packed(t, "one"))
	check(t, db.Close())
	stray := filepath.Join(file+"-content", "archive", "STRAY.part")
	check(t, os.WriteFile(stray, noise(10), 0o600))
	db = open(t, file, store.Options{})
	if _, err := os.Stat(stray); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was left of an upload is there: %v", err)
	}
	content, _, err := db.ArchiveContent(ctx, "load", "1")
	check(t, err)
	check(t, content.Close())
}

// archiveTask stores a task on js-1 that runs an archive.
func archiveTask(t *testing.T, db *store.DB, name string, a task.Archive) (task.Task, error) {
	t.Helper()
	return db.CreateTask(context.Background(), task.Spec{Name: name, Target: task.Target{Server: "js-1"}, Job: task.Job{Archive: &a}}, start)
}

func TestATaskThatNamesAnArchiveThatCannotBeRunIsRefusedWithTheField(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		fleet(t, db, "js-1")
		push(t, db, "load", "1", packed(t, "one"))
		command := []string{"run.sh"}
		for field, a := range map[string]task.Archive{
			"job.archive.name":    {Name: "nothing", Command: command},
			"job.archive.version": {Name: "load", Version: "2", Command: command},
			"job.archive.command": {Name: "load"},
			"job.archive.context": {Name: "load", Command: command, Context: "Prod"},
		} {
			_, err := archiveTask(t, db, "task", a)
			if fields := fault.Fields(err); len(fields) != 1 || fields[0].Field != field {
				t.Errorf("%+v: %v, want a fault of %s", a, err, field)
			}
		}
		must(archiveTask(t, db, "task", task.Archive{Name: "load", Command: command}))(t)
		_, err := db.EditTask(context.Background(), "task", 0, start, func(s *task.Spec) error {
			s.Job.Archive = &task.Archive{Name: "load", Version: "2", Command: command}
			return nil
		})
		if fields := fault.Fields(err); len(fields) != 1 || fields[0].Field != "job.archive.version" {
			t.Errorf("an edit to a version that is not there: %v", err)
		}
	})
}

func TestTheVersionIsSettledWithTheRunAndStays(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		one := push(t, db, "load", "1", packed(t, "one"))
		of := must(archiveTask(t, db, "task", task.Archive{Name: "load", Command: []string{"run.sh"}}))(t)
		request := func(id task.RunID) task.Run {
			run, created, err := db.InsertRun(ctx, task.Run{ID: id, Task: of.Name, Spec: of.Spec, QueuedAt: start}, "")
			if err != nil || !created {
				t.Fatal(created, err)
			}
			return run
		}
		first := request("01A")
		push(t, db, "load", "2", packed(t, "two"))
		second := request("01B")
		for _, c := range []struct {
			run  task.Run
			want string
		}{{first, "1"}, {second, "2"}, {must(db.Run(ctx, "01A"))(t), "1"}, {must(db.Run(ctx, "01B"))(t), "2"}} {
			if a := c.run.Spec.Job.Archive; a.Version != c.want || a.Package == nil || (c.want == "1") != (a.Package.SHA256 == one.SHA256) {
				t.Errorf("run %s has %+v, want version %s", c.run.ID, a, c.want)
			}
		}
		if stored := must(db.Task(ctx, "task"))(t); stored.Job.Archive.Package != nil || stored.Job.Archive.Version != "" {
			t.Errorf("the task has %+v now", stored.Job.Archive)
		}
	})
}
