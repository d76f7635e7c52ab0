package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/systemtest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	systemtest.Clean()
	os.Exit(code)
}

// demoProcess is `segno demo` as a process of its own.
type demoProcess struct {
	t   *testing.T
	cmd *exec.Cmd
	// temporary is its folder for temporary files, which no other process uses.
	temporary string
	done      chan struct{}

	mu  sync.Mutex
	out bytes.Buffer
}

func (p *demoProcess) Write(data []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(data)
}

func (p *demoProcess) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

func startDemo(t *testing.T, programs string, args ...string) *demoProcess {
	t.Helper()
	// The folders of tests have long names.
	temporary, err := os.MkdirTemp("", "segno-test-")
	if err != nil {
		t.Fatal(err)
	}
	return startDemoIn(t, temporary, programs, args...)
}

func startDemoIn(t *testing.T, temporary, programs string, args ...string) *demoProcess {
	t.Helper()
	p := &demoProcess{t: t, temporary: temporary, done: make(chan struct{})}
	p.cmd = exec.Command(filepath.Join(programs, "segno"), append([]string{"demo"}, args...)...)
	p.cmd.Stdout, p.cmd.Stderr = p, p
	p.cmd.Env = append(os.Environ(), "TMPDIR="+p.temporary, "HOME="+p.temporary, "SEGNO_CONDUCTOR=http://127.0.0.1:1", "SEGNO_TOKEN=of-another")
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		for _, pid := range systemtest.ProcessesOf(p.temporary) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		<-p.done
		if err := os.RemoveAll(p.temporary); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the demo printed:\n%s", p.output())
		}
	})
	return p
}

func (p *demoProcess) waitFor(text string) {
	p.t.Helper()
	deadline := time.After(systemtest.Patience)
	for !strings.Contains(p.output(), text) {
		select {
		case <-p.done:
			p.t.Fatalf("the demo ended before it said %q", text)
		case <-deadline:
			p.t.Fatalf("the demo has not said %q", text)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// end waits for the end of the demo, checks that nothing of it is left, and returns its exit code.
func (p *demoProcess) end() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(2 * systemtest.Patience):
		p.t.Fatal("the demo has not ended")
	}
	if left := systemtest.ProcessesOf(p.temporary); len(left) > 0 {
		p.t.Errorf("processes of the demo are left: %v", left)
	}
	entries, err := os.ReadDir(p.temporary)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "segno") {
			p.t.Errorf("the demo left %s", e.Name())
		}
	}
	return p.cmd.ProcessState.ExitCode()
}

func TestTheDemoRunsTheTaskAndEndsWithItsCode(t *testing.T) {
	p := startDemo(t, systemtest.Programs(t), "--once", "--pace", "0")
	if code := p.end(); code != 0 {
		t.Fatalf("exit code %d, want 0", code)
	}
	for _, want := range []string{
		"The job server large  is online", "→ ", "large was chosen: ", "Bird strikes 1990 to 2002: 9976 reports, 1060 with damage, 40545276 $",
		"costliest_species=Canada goose", "succeeded after ",
	} {
		if !strings.Contains(p.output(), want) {
			t.Errorf("the demo does not say %q", want)
		}
	}
}

func TestTheTaskGoesOnFromItsCheckpointWhenItsServerLosesItsPower(t *testing.T) {
	p := startDemo(t, systemtest.Programs(t), "--unplug", "--once", "--pace", "0.15")
	if code := p.end(); code != 0 {
		t.Fatalf("exit code %d, want 0", code)
	}
	for _, want := range []string{
		"large has lost its power", "The last checkpoint is 2, after the step clean.", "It could begin because: lease expired",
		"It resumed from checkpoint 2 (clean), which attempt 1 made", "succeeded after ", "All 7 numbers equal those of the undisturbed run.",
	} {
		if !strings.Contains(p.output(), want) {
			t.Errorf("the demo does not say %q", want)
		}
	}
	if n := strings.Count(p.output(), "extract   1990"); n != 1 {
		t.Errorf("the first step ran %d times, want once", n)
	}
}

func TestTheDemoLeavesNothingInATemporaryFolderWithALongNameEither(t *testing.T) {
	temporary := filepath.Join(t.TempDir(), strings.Repeat("x", 20))
	if err := os.Mkdir(temporary, 0o700); err != nil {
		t.Fatal(err)
	}
	if code := startDemoIn(t, temporary, systemtest.Programs(t), "--once", "--pace", "0").end(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

func TestTheDemoKeepsRunningUntilCtrlC(t *testing.T) {
	p := startDemo(t, systemtest.Programs(t), "--pace", "0")
	p.waitFor("Everything keeps running until Ctrl-C.")
	p.waitFor("events -f")
	setting := regexp.MustCompile(`export SEGNO_CONDUCTOR=(\S+) SEGNO_TOKEN=(\S+)`).FindStringSubmatch(p.output())
	if setting == nil {
		t.Fatal("the demo does not say how to reach it")
	}
	try := exec.Command(p.cmd.Path, "run", "start", "bird-strikes", "--param", "pace=0", "--follow")
	try.Env = append(os.Environ(), "SEGNO_CONDUCTOR="+setting[1], "SEGNO_TOKEN="+setting[2])
	if out, err := try.CombinedOutput(); err != nil || !strings.Contains(string(out), "cost_dollars=40545276") {
		t.Errorf("one more run: %v\n%s", err, out)
	}
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := p.end(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

func TestCtrlCInTheMiddleOfTheTaskLeavesNothing(t *testing.T) {
	p := startDemo(t, systemtest.Programs(t), "--pace", "0.2")
	p.waitFor("extract   1991")
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := p.end(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
}

func TestTheDemoKeepsAFolderThatItIsGiven(t *testing.T) {
	programs := systemtest.Programs(t)
	data := filepath.Join(t.TempDir(), "kept")
	if code := startDemo(t, programs, "--once", "--pace", "0", "--data", data).end(); code != 0 {
		t.Fatalf("exit code %d, want 0", code)
	}
	if _, err := os.Stat(filepath.Join(data, "conductor", "segno.db")); err != nil {
		t.Error(err)
	}
	p := startDemo(t, programs, "--once", "--data", data)
	if code := p.end(); code != exitUsage || !strings.Contains(p.output(), "is not empty") {
		t.Errorf("a folder that is in use: exit code %d, want %d", code, exitUsage)
	}
}

func TestTheDemoShowsTheLogOfAProgramThatDoesNotStart(t *testing.T) {
	programs := t.TempDir()
	copyProgram(t, "segno", programs)
	copyProgram(t, "conductor", programs)
	broken := "#!/bin/sh\necho 'the disk is on fire' >&2\nexit 3\n"
	if err := os.WriteFile(filepath.Join(programs, "jobserver"), []byte(broken), 0o755); err != nil {
		t.Fatal(err)
	}
	p := startDemo(t, programs, "--once")
	if code := p.end(); code != exitError {
		t.Errorf("exit code %d, want %d", code, exitError)
	}
	if want := "joining the job server small: exit status 3; the end of its log:\n  the disk is on fire"; !strings.Contains(p.output(), want) {
		t.Errorf("the demo does not say %q", want)
	}
}

func TestTheDemoSaysWhichProgramIsMissing(t *testing.T) {
	programs := t.TempDir()
	copyProgram(t, "segno", programs)
	t.Setenv("PATH", t.TempDir())
	p := startDemo(t, programs, "--once")
	if code := p.end(); code != exitError || !strings.Contains(p.output(), "`make build` puts all three into bin/") {
		t.Errorf("exit code %d, want %d and what to do", code, exitError)
	}
}

func copyProgram(t *testing.T, name, folder string) {
	t.Helper()
	from, err := os.Open(filepath.Join(systemtest.Programs(t), name))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = from.Close() }()
	to, err := os.OpenFile(filepath.Join(folder, name), os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
}
