package timerslack_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/timerslack"
)

const (
	asProgram = "TEST_RELAX"
	relaxed   = 3 * time.Millisecond
)

// told is what the program under test says of itself.
type told struct {
	PID     int
	Args    []string
	Before  time.Duration
	Threads []time.Duration
	Unread  bool
	Traces  []string
}

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		if err := json.NewEncoder(os.Stdout).Encode(program()); err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func program() told {
	t := told{Before: timerslack.Relax(relaxed), PID: os.Getpid(), Args: os.Args[1:]}
	for _, v := range os.Environ() {
		if strings.HasPrefix(v, "SEGNO_") {
			t.Traces = append(t.Traces, v)
		}
	}
	threads, _ := filepath.Glob("/proc/self/task/*")
	for _, thread := range threads {
		text, err := os.ReadFile("/proc/" + filepath.Base(thread) + "/timerslack_ns")
		if errors.Is(err, os.ErrPermission) {
			t.Unread = true
			continue
		}
		ns, _ := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		t.Threads = append(t.Threads, time.Duration(ns))
	}
	return t
}

// start runs the program with the given slack and returns what it said.
func start(t *testing.T, slack time.Duration) told {
	t.Helper()
	cmd := exec.Command(os.Args[0], "one", "two words")
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stderr = os.Stderr
	var out []byte
	var err error
	timerslack.During(slack, func() { out, err = cmd.Output() })
	if err != nil {
		t.Fatal(err)
	}
	var got told
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	if got.PID != cmd.Process.Pid {
		t.Errorf("the program is process %d, want the one that was started, %d", got.PID, cmd.Process.Pid)
	}
	if fmt.Sprint(got.Args) != "[one two words]" || len(got.Args) != 2 {
		t.Errorf("the program has the arguments %q", got.Args)
	}
	return got
}

func TestRelaxGivesEveryThreadTheSlackInTheSameProcess(t *testing.T) {
	const given = 70 * time.Microsecond
	got := start(t, given)
	if got.Before != given {
		t.Errorf("it says that it had %s before, want %s", got.Before, given)
	}
	if len(got.Traces) > 0 {
		t.Errorf("what it starts would have %q in its environment", got.Traces)
	}
	if got.Unread {
		t.Skip("this user may not read the timer slack of other threads")
	}
	if len(got.Threads) < 2 {
		t.Fatalf("there are %d threads, want the first one and the monitor at least", len(got.Threads))
	}
	for _, slack := range got.Threads {
		if slack != relaxed {
			t.Errorf("its threads have %v, want %s for all", got.Threads, relaxed)
			break
		}
	}
}

func TestRelaxLeavesALargerSlackAlone(t *testing.T) {
	const given = 5 * time.Millisecond
	got := start(t, given)
	if got.Before != given {
		t.Errorf("it says that it has %s, want %s", got.Before, given)
	}
	for _, slack := range got.Threads {
		if slack != given {
			t.Errorf("its threads have %v, want %s for all", got.Threads, given)
			break
		}
	}
}

func TestDuringGivesTheSlackBack(t *testing.T) {
	before := timerslack.Current()
	timerslack.During(2*time.Millisecond, func() {
		if got := timerslack.Current(); got != 2*time.Millisecond {
			t.Errorf("it is %s meanwhile, want 2ms", got)
		}
	})
	if got := timerslack.Current(); got != before {
		t.Errorf("it is %s afterwards, want %s as before", got, before)
	}
}
