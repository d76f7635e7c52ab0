package timerslack_test

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/timerslack"
	"github.com/segno-jobs/segno/internal/timerslack/slacktest"
)

const (
	asProgram = "TEST_RELAX"
	relaxed   = 3 * time.Millisecond
)

// told is what the program under test says of itself.
type told struct {
	PID         int
	Args        []string
	Before, Now time.Duration
	Traces      []string
}

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		if err := json.NewEncoder(os.Stdout).Encode(program()); err != nil {
			os.Exit(1)
		}
		_, _ = io.Copy(io.Discard, os.Stdin) // Until it has been looked at.
		return
	}
	os.Exit(m.Run())
}

func program() told {
	t := told{Before: timerslack.Relax(relaxed), PID: os.Getpid(), Args: os.Args[1:]}
	t.Now = timerslack.Current()
	for _, v := range os.Environ() {
		if strings.HasPrefix(v, "SEGNO_") {
			t.Traces = append(t.Traces, v)
		}
	}
	return t
}

// start runs the program with the given slack, and checks that it has that of want, and what it says of itself otherwise.
func start(t *testing.T, given, want time.Duration) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "one", "two words")
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	timerslack.During(given, func() { err = cmd.Start() })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	var got told
	if err := json.NewDecoder(out).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.PID != cmd.Process.Pid {
		t.Errorf("the program is process %d, want the one that was started, %d", got.PID, cmd.Process.Pid)
	}
	if !slices.Equal(got.Args, []string{"one", "two words"}) {
		t.Errorf("the program has the arguments %q", got.Args)
	}
	if got.Before != given || got.Now != want {
		t.Errorf("it says that it had %s and has %s, want %s and %s", got.Before, got.Now, given, want)
	}
	if len(got.Traces) > 0 {
		t.Errorf("what it starts would have %q in its environment", got.Traces)
	}
	threads := slacktest.Threads(t, got.PID)
	if len(threads) < 2 {
		t.Fatalf("there are %d threads, want the first one and the monitor at least", len(threads))
	}
	if slices.ContainsFunc(threads, func(slack time.Duration) bool { return slack != want }) {
		t.Errorf("its threads have %v, want %s for all", threads, want)
	}
}

func TestRelaxGivesEveryThreadTheSlackInTheSameProcess(t *testing.T) {
	start(t, 70*time.Microsecond, relaxed)
}

func TestRelaxLeavesALargerSlackAlone(t *testing.T) {
	start(t, 5*time.Millisecond, 5*time.Millisecond)
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
