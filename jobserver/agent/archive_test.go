package agent

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
)

// GetArchive knows none.
func (c *fakeConductor) GetArchive(_ context.Context, req *connect.Request[segnov1.GetArchiveRequest]) (*connect.Response[segnov1.GetArchiveResponse], error) {
	if err := c.enter("archive", req.Header()); err != nil {
		return nil, err
	}
	return nil, connect.NewError(connect.CodeNotFound, errors.New("there is no archive"))
}

func packageOf(content []byte) task.Package {
	sum := sha256.Sum256(content)
	return task.Package{SHA256: hex.EncodeToString(sum[:]), Size: int64(len(content))}
}

// fetcher counts how often a content was fetched.
type fetcher struct {
	content []byte
	calls   int
}

func (f *fetcher) fetch(w io.Writer) error {
	f.calls++
	_, err := w.Write(f.content)
	return err
}

func testCache(t *testing.T, limit int64) (c *packageCache, dir string) {
	t.Helper()
	dir = t.TempDir()
	return newPackageCache(dir, limit, slog.New(slog.DiscardHandler)), dir
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestAnArchiveIsFetchedOnceAndGivenToEachAttempt(t *testing.T) {
	c, dir := testCache(t, 0)
	f := &fetcher{content: []byte("the package")}
	for i := range 3 {
		path := filepath.Join(dir, fmt.Sprint("attempt-", i))
		if err := c.take(packageOf(f.content), path, f.fetch); err != nil {
			t.Fatal(err)
		}
		if got := readFile(t, path); !bytes.Equal(got, f.content) {
			t.Errorf("attempt %d has %q", i, got)
		}
	}
	if f.calls != 1 {
		t.Errorf("it was fetched %d times", f.calls)
	}
}

func TestADamagedArchiveIsFetchedAgain(t *testing.T) {
	c, dir := testCache(t, 0)
	f := &fetcher{content: []byte("the package")}
	p := packageOf(f.content)
	path := filepath.Join(dir, "attempt")
	if err := c.take(p, path, f.fetch); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(c.folder, p.SHA256)
	if err := errors.Join(os.Chmod(file, 0o600), os.WriteFile(file, []byte("the pickage"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := c.take(p, path, f.fetch); err != nil {
		t.Fatal(err)
	}
	if got := readFile(t, path); !bytes.Equal(got, f.content) || f.calls != 2 {
		t.Errorf("%q after it was fetched %d times", got, f.calls)
	}
}

func TestContentThatIsNotWhatWasStoredIsNotKept(t *testing.T) {
	c, dir := testCache(t, 0)
	p := packageOf([]byte("the package"))
	for _, content := range []string{"the pickage", "the packag", "the package and more"} {
		err := c.take(p, filepath.Join(dir, "attempt"), (&fetcher{content: []byte(content)}).fetch)
		if !errors.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", content, err)
		}
	}
	broken := errors.New("the line broke")
	if err := c.take(p, filepath.Join(dir, "attempt"), func(io.Writer) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if entries, err := os.ReadDir(c.folder); err != nil || len(entries) > 0 {
		t.Errorf("%v are left, %v", entries, err)
	}
}

func TestArchivesThatWereUsedLongestAgoGoFirst(t *testing.T) {
	c, dir := testCache(t, 25)
	var all []*fetcher
	for i := range 3 {
		f := &fetcher{content: fmt.Appendf(nil, "package %02d", i)} // 10 bytes each.
		all = append(all, f)
		if err := c.take(packageOf(f.content), filepath.Join(dir, fmt.Sprint(i)), f.fetch); err != nil {
			t.Fatal(err)
		}
		// Files keep the instant of their use; some file systems do so in steps.
		used := time.Now().Add(time.Duration(i-10) * time.Minute)
		_ = os.Chtimes(filepath.Join(c.folder, packageOf(f.content).SHA256), used, used)
		if i == 1 { // The first is used again, so the second is the oldest.
			if err := c.take(packageOf(all[0].content), filepath.Join(dir, "again"), all[0].fetch); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i, f := range all {
		if err := c.take(packageOf(f.content), filepath.Join(dir, fmt.Sprint(i)), f.fetch); err != nil {
			t.Fatal(err)
		}
	}
	if held := c.held(); len(held) != 2 || held[0] != packageOf(all[2].content).SHA256 {
		t.Errorf("heartbeats name %v, want the two that are kept, the one that was used last first", held)
	}
	if all[0].calls != 1 || all[1].calls != 2 {
		t.Errorf("the one that was used was fetched %d times, the oldest %d times", all[0].calls, all[1].calls)
	}
}

func TestAnAgentThatStartsRemovesWhatAnotherHadBegunToFetch(t *testing.T) {
	c, dir := testCache(t, 0)
	f := &fetcher{content: []byte("the package")}
	if err := c.take(packageOf(f.content), filepath.Join(dir, "attempt"), f.fetch); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(c.folder, "abc"+partSuffix), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	again := newPackageCache(dir, 0, slog.New(slog.DiscardHandler))
	again.open()
	kept, err := again.kept()
	entries, _ := os.ReadDir(again.folder)
	if err != nil || len(kept) != 1 || len(entries) != 1 {
		t.Errorf("%v, %v, %v", kept, entries, err)
	}
}

// packaged is an offer of an attempt that runs an archive.
func packaged(r task.Ref) Offered {
	o := offer(r)
	p := packageOf([]byte("the package"))
	o.Execution.Job = task.Job{Archive: &task.Archive{Name: "load", Version: "1.0", Package: &p}}
	return o
}

func TestTheArchiveThatAnAttemptRunsIsFetchedBeforeItsStartAndAfterItsClaim(t *testing.T) {
	d, _ := ready(t)
	a := ref("a", 2)
	o := packaged(a)
	o.Execution.Resume = checkpoint(3)
	d.want(d.step(o), Claim{Refs: []task.Ref{a}})
	fetch := Fetch{Ref: a, Checkpoint: *o.Execution.Resume, Archive: o.Execution.Job.Archive}
	d.want(d.step(ClaimDone{Verdicts: []Verdict{Granted}}), fetch)
	d.step(FetchDone{Ref: a, Err: fault.Unavailable})
	d.now = d.now.Add(backoffCap)
	d.want(d.step(Woken{}), fetch)
	o.Execution.ResumeContent, o.Execution.PackageContent = "p", "q"
	d.want(d.step(FetchDone{Ref: a, Path: "p", Package: "q"}), Start{Execution: o.Execution})
}

func TestAnAttemptWhoseArchiveIsNotToBeHadIsNotStarted(t *testing.T) {
	for _, done := range []FetchDone{
		{Err: fmt.Errorf("fetch: it was deleted: %w", fault.NotFound)},
		{Err: errors.New("fetch: no space left on device"), Local: true},
	} {
		d, _ := ready(t)
		a := ref("a", 1)
		d.step(packaged(a))
		d.step(ClaimDone{Verdicts: []Verdict{Granted}})
		done.Ref = a
		effects := d.step(done)
		e, ok := effects[0].(Deliver)
		if len(effects) != 1 || !ok || e.Wants[0].Exit == nil || e.Wants[0].Exit.Kind != task.ExitNotStarted || e.Wants[0].Exit.Detail != done.Err.Error() {
			t.Errorf("%v: got %+v", done.Err, effects)
		}
	}
}

func TestWhatWasFetchedForAnAttemptThatWasStoppedMeanwhileIsDiscarded(t *testing.T) {
	d, _ := ready(t)
	a := ref("a", 1)
	d.step(packaged(a))
	d.step(ClaimDone{Verdicts: []Verdict{Granted}})
	d.step(StopOrdered{Ref: a, Kind: task.ExitCancelled})
	d.want(d.step(FetchDone{Ref: a, Package: "q"}), Discard{Path: "q"})
}
