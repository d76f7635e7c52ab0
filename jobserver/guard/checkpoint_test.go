package guard

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// waitCheckpoint waits for the record of a checkpoint.
func (h *host) waitCheckpoint(ref task.Ref, sequence int) task.Checkpoint {
	h.t.Helper()
	r := h.waitFor(ref, fmt.Sprintf("checkpoint %d", sequence), func(r result) bool {
		return slices.ContainsFunc(r.checkpoints, func(c task.Checkpoint) bool { return c.Sequence == sequence })
	})
	return r.checkpoints[slices.IndexFunc(r.checkpoints, func(c task.Checkpoint) bool { return c.Sequence == sequence })]
}

// content reads the content of a checkpoint, and sees that it is what the record says.
func (h *host) content(ref task.Ref, c task.Checkpoint) []byte {
	h.t.Helper()
	f, err := h.Checkpoint(ref, c.Sequence)
	if err != nil {
		h.t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		h.t.Fatal(err)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != c.SHA256 || int64(len(data)) != c.Size {
		h.t.Errorf("the content of checkpoint %d is not what its record says", c.Sequence)
	}
	return data
}

// list returns the files of an archive, links with an arrow.
func list(t *testing.T, content []byte) map[string]string {
	t.Helper()
	files := map[string]string{}
	r := tar.NewReader(bytes.NewReader(content))
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		switch e.Typeflag {
		case tar.TypeReg:
			files[e.Name] = string(text)
		case tar.TypeSymlink:
			files[e.Name] = "-> " + e.Linkname
		}
	}
}

func sameFiles(t *testing.T, got, want map[string]string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got the files %v, want %v", got, want)
	}
}

func TestAJobWaitsUntilItsCheckpointIsDurable(t *testing.T) {
	h := newHost(t)
	x := script(`mkdir sub; echo one > a; echo two > sub/b; ln -s a link
jobserver checkpoint first a sub link && echo durable; echo code $?`)
	x.LastCheckpoint = 4
	ref := h.start(x)
	c := h.waitCheckpoint(ref, 5)
	if c.Name != "first" || c.Run != ref.Run || c.Attempt != 1 || c.Step != 0 || c.CreatedAt.IsZero() {
		t.Errorf("got %+v", c)
	}
	sameFiles(t, list(t, h.content(ref, c)), map[string]string{"a": "one\n", "sub/b": "two\n", "link": "one\n"})
	// The agent is killed and another one comes: the job still waits.
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	h.Client = connect(t, h.data)
	if r := h.read(ref); r.stdout != "" || r.exit != nil {
		t.Fatalf("the job went on before its checkpoint was durable: %q, %+v", r.stdout, r.exit)
	}
	if err := h.Validated(ref, 5, ""); err != nil {
		t.Fatal(err)
	}
	if r := h.wait(ref); r.stdout != "durable\ncode 0\n" {
		t.Errorf("got %q, %q", r.stdout, r.stderr)
	}
	if _, err := h.Checkpoint(ref, 5); !errors.Is(err, fault.NotFound) {
		t.Errorf("its content is still here: %v", err)
	}
}

func TestARefusedCheckpointFailsWithTheReason(t *testing.T) {
	h := newHost(t)
	ref := h.start(script(`jobserver checkpoint first; echo code $?`))
	c := h.waitCheckpoint(ref, 1)
	if files := list(t, h.content(ref, c)); len(files) != 0 {
		t.Errorf("got the files %v", files)
	}
	if err := h.Validated(ref, 1, "checkpoint 1 has other content"); err != nil {
		t.Fatal(err)
	}
	if r := h.wait(ref); r.stdout != "code 1\n" || !strings.Contains(r.stderr, "checkpoint 1 has other content") {
		t.Errorf("got %q, %q", r.stdout, r.stderr)
	}
}

func TestCheckpointsOfAnAttemptAreNumberedOn(t *testing.T) {
	h := newHost(t)
	ref := h.start(script(`for i in a b c; do jobserver checkpoint $i || exit 1; done`))
	for i, name := range []string{"a", "b", "c"} {
		if c := h.waitCheckpoint(ref, i+1); c.Name != name {
			t.Errorf("checkpoint %d is %q, want %q", i+1, c.Name, name)
		}
		if err := h.Validated(ref, i+1, ""); err != nil {
			t.Fatal(err)
		}
	}
	if r := h.wait(ref); r.exit.Code != 0 {
		t.Errorf("got %+v, %q", r.exit, r.stderr)
	}
}

func TestFilesThatCannotBeInACheckpointAreRefused(t *testing.T) {
	h := newHost(t)
	r := h.run(script(`jobserver checkpoint x nosuch; echo $?
mkdir .segno; echo a > .segno/a; jobserver checkpoint x .segno; echo $?
echo a > a; mkdir d; echo a > d/a; jobserver checkpoint x a ./a; echo $?
printf 'not a tar' | curl -s -o /dev/null -w '%{http_code}\n' --unix-socket $SEGNO_SOCKET --data-binary @- 'http://job/checkpoint?name=x' || echo 422`))
	if r.stdout != "1\n1\n1\n422\n" || len(r.checkpoints) != 0 {
		t.Errorf("got %q, %q, %v", r.stdout, r.stderr, r.checkpoints)
	}
	for _, want := range []string{"nosuch: no such file", "which is Segno's own", `would both be "a"`} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("stderr lacks %q: %s", want, r.stderr)
		}
	}
	left, err := filepath.Glob(filepath.Join(h.data, "spool", "*.draft"))
	if err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}

func TestACancelEndsAJobThatWaitsForItsCheckpoint(t *testing.T) {
	h := newHost(t)
	ref := h.start(script(`exec jobserver checkpoint first`))
	h.waitCheckpoint(ref, 1)
	h.stop(ref, task.ExitCancelled)
	if r := h.wait(ref); r.exit.Kind != task.ExitCancelled {
		t.Errorf("got %+v", r.exit)
	}
	if err := h.Drop(ref); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(h.data, "spool", string(ref.Run)+"*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}

// kept is a job of three steps, of which each writes what the next ones read. The second fails unless go on is there.
func kept(goOn string) jobserver.Execution {
	x := command(newRun())
	sh := func(name, text string, keep ...string) task.Step {
		return task.Step{Name: name, Command: []string{"sh", "-c", text}, Keep: keep}
	}
	x.Job = task.Job{Steps: []task.Step{
		sh("one", "mkdir out; echo 1 > out/a; echo junk > junk; echo ran one", "out"),
		sh("two", "cat out/a; echo 2 > b; ln -s /etc/passwd leak; echo ran two", "b", "leak"),
		sh("three", "cat out/a b; ls; echo resumed ${SEGNO_RESUME_FROM-from nothing}; [ -e "+goOn+" ] || exit 7"),
	}}
	return x
}

func TestEachStepThatEndedWellIsACheckpointFromWhichTheNextOnesGoOn(t *testing.T) {
	h := newHost(t)
	goOn := filepath.Join(h.data, "go-on")
	first := kept(goOn)
	ref := h.start(first)
	r := h.wait(ref)
	if r.exit.Code != 7 || len(r.checkpoints) != 2 {
		t.Fatalf("got %+v, %v, %q", r.exit, r.checkpoints, r.marks)
	}
	one, two := r.checkpoints[0], r.checkpoints[1]
	if one.Name != "one" || one.Step != 1 || one.Sequence != 1 || two.Name != "two" || two.Step != 2 || two.Sequence != 2 {
		t.Errorf("got %+v and %+v", one, two)
	}
	sameFiles(t, list(t, h.content(ref, one)), map[string]string{keptFolder + "/out/a": "1\n"})
	content := h.content(ref, two)
	sameFiles(t, list(t, content), map[string]string{keptFolder + "/out/a": "1\n", keptFolder + "/b": "2\n"})

	if err := os.WriteFile(goOn, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	fetched := filepath.Join(t.TempDir(), "fetched.tar")
	if err := os.WriteFile(fetched, content, 0o600); err != nil {
		t.Fatal(err)
	}
	second := first
	second.Ref.Number, second.LastCheckpoint, second.Resume, second.ResumeContent = 2, 2, &two, fetched
	r = h.run(second)
	if r.exit.Code != 0 || r.stdout != "1\n2\nb\nout\nresumed two\n" || r.started == 0 {
		t.Errorf("got %q, %q, %+v", r.stdout, r.stderr, r.exit)
	}
	if !strings.HasPrefix(r.marks, "step three (3 of 3) begins\n") {
		t.Errorf("got the marks %q, want it to begin with the third step", r.marks)
	}
	if _, err := os.Stat(fetched); !os.IsNotExist(err) {
		t.Errorf("the fetched content was not taken over: %v", err)
	}
}

func TestARecoveredJobFindsTheFilesOfItsCheckpoint(t *testing.T) {
	h := newHost(t)
	x := script(`echo from $SEGNO_RESUME_FROM; cat $SEGNO_RESUME_DIR/state.json $SEGNO_RESUME_DIR/sub/b`)
	content := archiveOf(t, file("state.json", "42\n"), file("sub/b", "two\n"))
	x.Ref.Number, x.Resume = 2, &task.Checkpoint{Sequence: 1, Name: "half way"}
	x.ResumeContent = writeTemp(t, content)
	if r := h.run(x); r.stdout != "from half way\n42\ntwo\n" || r.exit.Code != 0 {
		t.Errorf("got %q, %q, %+v", r.stdout, r.stderr, r.exit)
	}
}

func TestAJobsOwnCheckpointInAStepHoldsWhatEarlierStepsLeft(t *testing.T) {
	h := newHost(t)
	x := command(newRun())
	x.Job = task.Job{Steps: []task.Step{
		{Name: "one", Command: []string{"sh", "-c", "echo 1 > a"}, Keep: []string{"a"}},
		{Name: "two", Command: []string{"sh", "-c", "cat a; echo s > state; jobserver checkpoint middle state"}},
	}}
	ref := h.start(x)
	c := h.waitCheckpoint(ref, 2)
	if c.Name != "middle" || c.Step != 1 {
		t.Errorf("got %+v", c)
	}
	sameFiles(t, list(t, h.content(ref, c)), map[string]string{"state": "s\n", keptFolder + "/a": "1\n"})
	if err := h.Validated(ref, 2, ""); err != nil {
		t.Fatal(err)
	}
	if r := h.wait(ref); r.exit.Code != 0 {
		t.Errorf("got %+v, %q", r.exit, r.stderr)
	}
}

func TestWhatCannotBeUnpackedIsNotStarted(t *testing.T) {
	h := newHost(t)
	for name, content := range map[string][]byte{
		"a name that leads out": archiveOf(t, file("../../escape", "x")),
		"no archive":            []byte(strings.Repeat("x", 2000)),
		"half an archive":       archiveOf(t, file("a", strings.Repeat("x", 5000)))[:2000],
	} {
		t.Run(name, func(t *testing.T) {
			h := h.in(t)
			x := script("echo ran")
			x.Resume, x.ResumeContent = &task.Checkpoint{Sequence: 1, Name: "c"}, writeTemp(t, content)
			if r := h.run(x); r.exit.Kind != task.ExitNotStarted || r.stdout != "" || !strings.Contains(r.exit.Detail, `resume from checkpoint "c"`) {
				t.Errorf("got %q, %+v", r.stdout, r.exit)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(h.data, "escape")); !os.IsNotExist(err) {
		t.Errorf("it escaped: %v", err)
	}
}

func TestALeaseAlsoEndsWhatIsStillBeingUnpacked(t *testing.T) {
	h := newHost(t)
	x := script("echo ran")
	x.Lease = leaseFor(time.Millisecond)
	x.Resume, x.ResumeContent = &task.Checkpoint{Sequence: 1, Name: "c"}, writeTemp(t, archiveOf(t, file("a", strings.Repeat("x", 8<<20))))
	if r := h.run(x); r.exit.Kind != task.ExitLeaseExpired || r.stdout != "" {
		t.Errorf("got %q, %+v", r.stdout, r.exit)
	}
}

func writeTemp(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "content.tar")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
