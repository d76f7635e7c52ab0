package systemtest

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// probeCommand is the first argument with which a test program runs as a probe instead.
const probeCommand = "segno-probe"

// Main runs the tests of a package, or the probe when the program was started as one. A TestMain calls it.
func Main(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == probeCommand {
		os.Exit(probe(os.Args[2:]))
	}
	code := m.Run()
	Clean()
	os.Exit(code)
}

// Probes is the ground truth about jobs: each probe writes for itself when it starts and ends, and holds a lock that the
// kernel frees when it dies, so that two attempts of one run that are alive at once are found without any clock.
type Probes struct {
	t   testing.TB
	dir string
}

// Probes returns a folder of probes.
func (s *System) Probes() *Probes {
	s.t.Helper()
	dir := filepath.Join(s.Dir, "probes")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		s.t.Fatal(err)
	}
	return &Probes{t: s.t, dir: dir}
}

// Command is the argument vector of a job that runs for a while and ends with an exit code.
func (p *Probes) Command(length time.Duration, code int) []string {
	p.t.Helper()
	program, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	return []string{program, probeCommand, p.dir, length.String(), strconv.Itoa(code)}
}

// Sighting is what a probe wrote.
type Sighting struct {
	// Kind is "start", "end" or "overlap".
	Kind  string
	Run   string
	Fence int
	PID   int
}

// Sightings returns what all probes have written so far.
func (p *Probes) Sightings() []Sighting {
	p.t.Helper()
	f, err := os.Open(filepath.Join(p.dir, "log"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var all []Sighting
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var s Sighting
		if _, err := fmt.Sscan(lines.Text(), &s.Kind, &s.Run, &s.Fence, &s.PID); err != nil {
			p.t.Fatalf("a probe wrote %q: %v", lines.Text(), err)
		}
		all = append(all, s)
	}
	return all
}

// probe is the job: it says that it starts, holds its run's lock, waits, and says that it ends.
func probe(args []string) int {
	dir, code := args[0], 0
	length, err := time.ParseDuration(args[1])
	if err == nil {
		code, err = strconv.Atoi(args[2])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 99
	}
	say := func(kind string) {
		f, err := os.OpenFile(filepath.Join(dir, "log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(98)
		}
		fmt.Fprintf(f, "%s %s %s %d\n", kind, os.Getenv("SEGNO_RUN_ID"), os.Getenv("SEGNO_FENCE"), os.Getpid())
		_ = f.Close()
	}
	lock, err := os.OpenFile(filepath.Join(dir, "run-"+strings.ToLower(os.Getenv("SEGNO_RUN_ID"))), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 98
	}
	defer func() { _ = lock.Close() }()
	if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		say("overlap")
	}
	say("start")
	fmt.Println("the probe runs as attempt", os.Getenv("SEGNO_ATTEMPT"))
	time.Sleep(length)
	fmt.Println("the probe has ended")
	say("end")
	return code
}
