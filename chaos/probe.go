package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/segno-jobs/segno/task"
)

// probeCommand is the first argument with which a test program runs as a probe instead.
const probeCommand = "segno-chaos-probe"

// probe is a job that counts. For each number it prints a line, and it ends with a total that follows from all of them,
// so that one left out, doubled, or counted by another attempt shows.
type probe struct {
	// Dir holds what all probes write about themselves.
	Dir string
	// Ticks is how far it counts, Every the time for each number.
	Ticks int
	Every time.Duration
	// Code is its exit code.
	Code int
	// Fails has the first attempt end with code 9 after that number; 0 is never.
	Fails int
	// Checkpoint is after how many numbers it hands over a checkpoint; 0 is never. It counts on meanwhile.
	Checkpoint int
	// Lock names a lock to be held besides its run's: for runs of one task of which only one may be alive at once.
	Lock string
	// Daemon has it leave a process in a session of its own, which holds the locks for as long as it is let.
	Daemon bool
	// Stubborn has it ignore SIGTERM.
	Stubborn bool
	// Param is the value of a parameter that it writes down.
	Param string
	// UID is of the user as whom it runs, 0 for the agent's own, which is root; Program is the probe's program where it is
	// not the test's own.
	UID     int
	Program string
}

// job is the job that runs the probe.
func (p probe) job() task.Job {
	program, _ := os.Executable()
	job := task.Job{}
	if p.UID != 0 {
		program, job.RunAs = p.Program, otherUser
	}
	text, _ := json.Marshal(p)
	job.Command = []string{program, probeCommand, string(text)}
	return job
}

// total is what a probe that counts to n ends with.
func total(n int) int {
	sum := 0
	for i := 1; i <= n; i++ {
		sum = next(sum, i)
	}
	return sum
}

func next(sum, i int) int { return (sum*31 + i) % 1_000_003 }

// line is what a probe prints for a number.
func line(i, sum int) string { return fmt.Sprintf("tick %d %d\n", i, sum) }

// life is a probe that runs.
type life struct {
	probe
	fence string
	truth *os.File
	// mu keeps checkpoints to one at a time.
	mu sync.Mutex
}

// live runs the probe and returns its exit code.
func live(text string) int {
	var l life
	if err := json.Unmarshal([]byte(text), &l.probe); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 99
	}
	if l.Stubborn {
		ignoreTerm()
	}
	code, err := l.count()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 98
	}
	return code
}

// say writes a line about this attempt to the run's file. Lines of all attempts stand there in the order in which they
// came about: the file system is one for all hosts.
func (l *life) say(kind string, value any) error {
	_, err := fmt.Fprintf(l.truth, "%s %s %v\n", kind, l.fence, value)
	return err
}

func (l *life) count() (int, error) {
	run := os.Getenv("SEGNO_RUN_ID")
	l.fence = os.Getenv("SEGNO_FENCE")
	var err error
	if l.truth, err = os.OpenFile(filepath.Join(l.Dir, run), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
		return 0, err
	}
	from, sum, err := resumed(os.Getenv("SEGNO_RESUME_DIR"))
	if err != nil {
		return 0, err
	}
	locks, alone, err := l.lock(run)
	if err != nil {
		return 0, err
	}
	if !alone {
		if err := l.say("overlap", 0); err != nil {
			return 0, err
		}
	}
	if err := errors.Join(l.say("param", os.Getenv("SEGNO_PARAM_GIVEN")+"."), l.say("uid", os.Getuid()), l.say("start", from), l.daemon(locks)); err != nil {
		return 0, err
	}
	for i := from + 1; i <= l.Ticks; i++ {
		time.Sleep(l.Every)
		sum = next(sum, i)
		if _, err := os.Stdout.WriteString(line(i, sum)); err != nil {
			return 0, err
		}
		if err := l.say("tick", i); err != nil {
			return 0, err
		}
		if l.Checkpoint > 0 && i%l.Checkpoint == 0 {
			l.checkpoint(i, sum)
		}
		if i == l.Fails && l.fence == "1" {
			return 9, l.say("end", 9)
		}
	}
	if out, err := exec.Command("jobserver", "output", fmt.Sprintf("total=%d", sum)).CombinedOutput(); err != nil {
		return 0, fmt.Errorf("hand over the total: %w: %s", err, out)
	}
	return l.Code, l.say("end", l.Code)
}

// lock takes the probe's locks and keeps them until all of its processes have ended. It reports whether all were free.
func (l *life) lock(run string) (locks []*os.File, alone bool, err error) {
	names := []string{run + ".lock"}
	if l.Lock != "" {
		names = append(names, l.Lock+".lock")
	}
	alone = true
	for _, name := range names {
		f, err := os.OpenFile(filepath.Join(l.Dir, name), os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, false, err
		}
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
			alone = false
		}
		locks = append(locks, f)
	}
	return locks, alone, nil
}

// daemon leaves a process behind that holds the locks, in a session of its own.
func (l *life) daemon(locks []*os.File) error {
	if !l.Daemon {
		return nil
	}
	cmd := exec.Command("sleep", "3600")
	cmd.ExtraFiles, cmd.SysProcAttr = locks, &syscall.SysProcAttr{Setsid: true}
	return cmd.Start()
}

// checkpoint hands over how far the probe is, and writes it down once it is validated. While one is on its way there is
// no other.
func (l *life) checkpoint(i, sum int) {
	if !l.mu.TryLock() {
		return
	}
	file := fmt.Sprintf("state-%d", i)
	if err := os.WriteFile(file, fmt.Appendf(nil, "%d %d", i, sum), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
		l.mu.Unlock()
		return
	}
	go func() {
		defer l.mu.Unlock()
		err := exec.CommandContext(context.Background(), "jobserver", "checkpoint", strconv.Itoa(i), file).Run()
		kind := "checkpoint"
		if err != nil {
			kind = "refused"
		}
		_ = l.say(kind, i)
	}()
}

// resumed reads what the attempt goes on from: 0 where it begins at the beginning.
func resumed(dir string) (from, sum int, err error) {
	if dir == "" {
		return 0, 0, nil
	}
	found, err := filepath.Glob(filepath.Join(dir, "state-*"))
	if err != nil || len(found) != 1 {
		return 0, 0, fmt.Errorf("the checkpoint %s has the files %v: %w", os.Getenv("SEGNO_RESUME_FROM"), found, err)
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		return 0, 0, err
	}
	if _, err := fmt.Sscan(string(text), &from, &sum); err != nil {
		return 0, 0, fmt.Errorf("the checkpoint holds %q: %w", text, err)
	}
	if name := os.Getenv("SEGNO_RESUME_FROM"); name != strconv.Itoa(from) || !strings.HasSuffix(found[0], "-"+name) || sum != total(from) {
		return 0, 0, fmt.Errorf("the checkpoint %s holds %q in %s", name, text, found[0])
	}
	return from, sum, nil
}
