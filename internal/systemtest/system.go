// Package systemtest starts Segno's programs as the processes that they are, on loopback and in temporary folders, for
// tests that kill them and look at what is left. Everything that it starts ends with the test.
package systemtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/segno-jobs/segno/api/client"
)

// Patience is how long a condition is waited for before a test gives up. It is far longer than anything should take.
const Patience = 60 * time.Second

var build struct {
	once sync.Once
	dir  string
	err  error
}

// Programs returns the folder that holds conductor, jobserver and segno. They are built once by each test program, or
// taken from the folder that SEGNO_TEST_BIN names.
func Programs(t testing.TB) string {
	t.Helper()
	build.once.Do(func() {
		if build.dir = os.Getenv("SEGNO_TEST_BIN"); build.dir != "" {
			return
		}
		build.dir, build.err = buildPrograms()
	})
	if build.err != nil {
		t.Fatal(build.err)
	}
	return build.dir
}

func buildPrograms() (string, error) {
	dir, err := os.MkdirTemp("", "segno-programs-")
	if err != nil {
		return "", fmt.Errorf("make a folder for the programs: %w", err)
	}
	for program, cgo := range map[string]string{"conductor": "1", "jobserver": "0", "segno": "0"} {
		cmd := exec.Command("go", "build", "-o", filepath.Join(dir, program), "github.com/segno-jobs/segno/cmd/"+program)
		cmd.Env = append(os.Environ(), "CGO_ENABLED="+cgo)
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("build %s: %w\n%s", program, err, out)
		}
	}
	return dir, nil
}

// Clean removes the programs that were built. A TestMain calls it last.
func Clean() {
	if build.dir != "" && os.Getenv("SEGNO_TEST_BIN") == "" {
		_ = os.RemoveAll(build.dir)
	}
}

// System is a conductor and its job servers.
type System struct {
	t testing.TB
	// Dir holds a folder for each process.
	Dir string
	// Client speaks to the conductor as its administrator. It is there after StartConductor.
	Client *client.Client
	// URL is the conductor's, Token the administrator's.
	URL, Token string
	Conductor  *Process

	conductorArgs []string
	listen        string
}

// New returns a system in which nothing runs yet. The arguments are given to `conductor serve` besides --data and --listen.
func New(t testing.TB, conductorArgs ...string) *System {
	t.Helper()
	s := &System{t: t, Dir: t.TempDir(), conductorArgs: conductorArgs, listen: "127.0.0.1:0"}
	t.Cleanup(s.endAll)
	return s
}

// Start returns a system whose conductor is ready, with the named job servers online.
func Start(t testing.TB, servers ...string) *System {
	t.Helper()
	s := New(t)
	s.StartConductor()
	for _, name := range servers {
		s.StartServer(name)
	}
	return s
}

// ConductorData is the conductor's data folder.
func (s *System) ConductorData() string { return filepath.Join(s.Dir, "conductor") }

// StartConductor starts the conductor and waits until it is ready. It keeps its address over restarts.
func (s *System) StartConductor() {
	s.t.Helper()
	args := append([]string{"serve", "--data", s.ConductorData(), "--listen", s.listen}, s.conductorArgs...)
	s.Conductor = s.Run("conductor", args...)
	address := s.Conductor.waitForLine("http://")
	s.URL = "http://" + strings.Fields(address[strings.Index(address, "http://")+len("http://"):])[0]
	s.listen = strings.TrimPrefix(s.URL, "http://")
	token, err := os.ReadFile(filepath.Join(s.ConductorData(), "admin-token"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.Token = strings.TrimSpace(string(token))
	if s.Client, err = client.New(s.URL, s.Token, client.Options{}); err != nil {
		s.t.Fatal(err)
	}
	s.Eventually("the conductor is ready", func(ctx context.Context) (bool, error) {
		return s.Client.Ready(ctx) == nil, nil
	})
}

// Process is a program that runs.
type Process struct {
	t    testing.TB
	name string
	cmd  *exec.Cmd
	log  string
	done chan struct{}
	err  error
}

// Run starts one of the programs. Its output goes to a file that is shown when the test fails.
func (s *System) Run(program string, args ...string) *Process {
	s.t.Helper()
	log, err := os.CreateTemp(s.Dir, program+"-*.log")
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	p := &Process{t: s.t, name: program, log: log.Name(), done: make(chan struct{})}
	p.cmd = exec.Command(filepath.Join(Programs(s.t), program), args...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.Dir = s.Dir
	p.cmd.Env = append(os.Environ(), "HOME="+s.Dir)
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	s.t.Cleanup(func() {
		if s.t.Failed() {
			s.t.Logf("output of %s %s:\n%s", program, strings.Join(args, " "), p.Output())
		}
	})
	return p
}

// PID is the process's id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Output returns what the process has printed so far, at most its last 60 kB.
func (p *Process) Output() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	if len(text) > 60_000 {
		text = text[len(text)-60_000:]
	}
	return string(text)
}

// Signal sends a signal to the process.
func (p *Process) Signal(sig syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatalf("signal %s: %v", p.name, err)
	}
}

// Kill ends the process with SIGKILL and waits for its end.
func (p *Process) Kill() {
	p.t.Helper()
	p.Signal(syscall.SIGKILL)
	_ = p.Wait() // killed
}

// Stop ends the process with SIGTERM, and fails the test if it does not end well.
func (p *Process) Stop() {
	p.t.Helper()
	p.Signal(syscall.SIGTERM)
	if err := p.Wait(); err != nil {
		p.t.Errorf("%s ended with %v after SIGTERM", p.name, err)
	}
}

// Wait waits for the end of the process and returns how it ended.
func (p *Process) Wait() error {
	p.t.Helper()
	select {
	case <-p.done:
		return p.err
	case <-time.After(Patience):
		p.Signal(syscall.SIGQUIT) // it writes where its goroutines stand, and ends
		<-p.done
		p.t.Fatalf("%s has not ended", p.name)
		return nil
	}
}

func (p *Process) waitForLine(part string) string {
	p.t.Helper()
	deadline := time.Now().Add(Patience)
	for time.Now().Before(deadline) {
		for line := range strings.Lines(p.Output()) {
			if strings.Contains(line, part) && strings.HasSuffix(line, "\n") {
				return line
			}
		}
		select {
		case <-p.done:
			p.t.Fatalf("%s ended (%v) before it said %q:\n%s", p.name, p.err, part, p.Output())
		case <-time.After(5 * time.Millisecond):
		}
	}
	p.t.Fatalf("%s has not said %q:\n%s", p.name, part, p.Output())
	return ""
}

// Eventually waits until the condition holds. It fails the test when that takes too long, with the last error.
func (s *System) Eventually(claim string, holds func(context.Context) (bool, error)) {
	s.t.Helper()
	Eventually(s.t, claim, holds)
}

// Eventually waits until the condition holds. It fails the test when that takes too long, with the last error.
func Eventually(t testing.TB, claim string, holds func(context.Context) (bool, error)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	var last error
	for {
		ok, err := holds(ctx)
		if ok && err == nil {
			return
		}
		if err != nil {
			last = err
		}
		select {
		case <-ctx.Done():
			t.Fatalf("it did not come true that %s (last error: %v)", claim, last)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// endAll kills every process that works on the system's folder: conductors, agents, guards, keepers and their jobs.
func (s *System) endAll() {
	for range 100 {
		pids := s.processes()
		if len(pids) == 0 {
			return
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGCONT)
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.t.Errorf("processes of the test are left: %v", s.processes())
}

// processes returns the ids of processes whose command line, environment or working folder names the system's folder.
func (s *System) processes() []int {
	return ProcessesOf(s.Dir)
}

// ProcessesOf returns the ids of processes whose command line, environment or working folder holds the text.
func ProcessesOf(text string) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		if mentions(pid, text) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func mentions(pid int, text string) bool {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	for _, file := range []string{"cmdline", "environ"} {
		content, err := os.ReadFile(filepath.Join(dir, file))
		if err == nil && strings.Contains(string(content), text) && !zombie(dir) {
			return true
		}
		if errors.Is(err, fs.ErrNotExist) {
			return false
		}
	}
	cwd, err := os.Readlink(filepath.Join(dir, "cwd"))
	return err == nil && strings.Contains(cwd, text)
}

func zombie(dir string) bool {
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return true
	}
	_, rest, found := strings.Cut(string(stat), ") ")
	return found && strings.HasPrefix(rest, "Z")
}
