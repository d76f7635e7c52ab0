package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

// runChild is what this program does when a test has started it again: it opens the database that the environment names
// and then holds it, or writes to it and reports each write that was acknowledged.
func runChild(role string) {
	db, err := store.Open(context.Background(), os.Getenv("STORE_TEST_DATABASE"), store.Options{})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println("ready")
	switch role {
	case "hold":
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	case "fire":
		fireForever(db, os.Getenv("STORE_TEST_PREFIX"))
	}
	writeForever(db, os.Getenv("STORE_TEST_PREFIX"))
}

// startChild starts this program again, and returns it with its report once it has opened the database.
func startChild(t *testing.T, role, database, prefix string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "STORE_TEST_CHILD="+role, "STORE_TEST_DATABASE="+database, "STORE_TEST_PREFIX="+prefix)
	stdout, err := cmd.StdoutPipe()
	check(t, err)
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	check(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() || lines.Text() != "ready" {
		t.Fatalf("the child said %q", lines.Text())
	}
	return cmd, lines
}

// writeForever takes runs through their life, several at a time, and prints "<run> <step>" after each acknowledged step.
func writeForever(db *store.DB, prefix string) {
	ctx := context.Background()
	var report sync.Mutex
	say := func(id task.RunID, step int) {
		report.Lock()
		defer report.Unlock()
		fmt.Println(id, step)
	}
	fail := func(err error) {
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
	}
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			for n := 0; ; n++ {
				run := newRun()
				run.ID = task.RunID(fmt.Sprintf("%s-%d-%06d", prefix, w, n))
				_, _, err := db.InsertRun(ctx, run, string(run.ID))
				fail(err)
				say(run.ID, 1)
				a := assignment(run.ID, 1, "js-1")
				fail(db.AssignRuns(ctx, oneOf(a), noon)[0])
				say(run.ID, 2)
				fail(db.ClaimAttempts(ctx, "js-1", "instance-1", oneOf(a.Ref), noon)[0])
				say(run.ID, 3)
				c := checkpointOf(1, []byte(run.ID))
				_, err = db.PutContent(ctx, "js-1", a.Ref, c, 0, []byte(run.ID))
				fail(err)
				_, err = db.Deliver(ctx, "js-1", oneOf(task.Delivery{Ref: a.Ref, Records: []task.Record{output(1, string(run.ID)), record(2, c)}}), noon)
				fail(err)
				say(run.ID, 4)
				_, err = db.Deliver(ctx, "js-1", oneOf(task.Delivery{Ref: a.Ref, Records: []task.Record{exited(3, 0)}}), noon)
				fail(err)
				say(run.ID, 5)
			}
		})
	}
	all.Wait()
}

func oneOf[T any](v T) []T { return []T{v} }

// TestWhatWasAcknowledgedOutlivesAKill kills a writing process at random moments, again and again on the same file.
func TestWhatWasAcknowledgedOutlivesAKill(t *testing.T) {
	database := filepath.Join(t.TempDir(), "segno.db")
	setup := must(store.Open(context.Background(), database, store.Options{}))(t)
	fleet(t, setup, "js-1")
	check(t, setup.Close())
	acknowledged := map[task.RunID]int{}
	for round := range 6 {
		child, lines := startChild(t, "write", database, fmt.Sprintf("r%d", round))
		// The moment is a number of acknowledgements, so that a slow machine kills in the middle of the work as well.
		for left := 1 + rand.IntN(400); left > 0 && lines.Scan(); left-- {
			note(t, acknowledged, lines.Text())
		}
		check(t, child.Process.Kill())
		for lines.Scan() { // What was acknowledged before the kill, and is still in the pipe.
			if strings.Count(lines.Text(), " ") == 1 {
				note(t, acknowledged, lines.Text())
			}
		}
		_ = child.Wait()
		db := must(store.Open(context.Background(), database, store.Options{}))(t)
		for id, step := range acknowledged {
			wantReached(t, db, id, step)
		}
		check(t, db.Close())
	}
	if len(acknowledged) < 6 {
		t.Errorf("only %d runs were written", len(acknowledged))
	}
}

func note(t *testing.T, acknowledged map[task.RunID]int, line string) {
	t.Helper()
	id, step, _ := strings.Cut(line, " ")
	n, err := strconv.Atoi(step)
	if err != nil {
		t.Fatalf("the child said %q", line)
	}
	acknowledged[task.RunID(id)] = max(acknowledged[task.RunID(id)], n)
}

// wantReached checks that a run is at least as far as was acknowledged, and that its history and its output fit.
func wantReached(t *testing.T, db *store.DB, id task.RunID, step int) {
	t.Helper()
	run := getRun(t, db, id)
	reached := map[task.State]int{task.Queued: 1, task.Starting: 2, task.Running: 3, task.Succeeded: 5}[run.State]
	if reached < step && !(step == 4 && run.State == task.Running) {
		t.Errorf("run %s is %s, and step %d was acknowledged", id, run.State, step)
	}
	if step >= 4 {
		if got := readAll(t, db, task.Ref{Run: id, Number: 1}, 1000); got != string(id) {
			t.Errorf("run %s has the output %q", id, got)
		}
		if got := string(content(t, db, id, 1)); got != string(id) {
			t.Errorf("run %s has the content %q in its checkpoint", id, got)
		}
	}
	wantPath(t, db, id)
}

func TestASecondOwnerIsRefused(t *testing.T) {
	database := filepath.Join(t.TempDir(), "segno.db")
	child, _ := startChild(t, "hold", database, "")
	pid := strconv.Itoa(child.Process.Pid)
	refused := func(t *testing.T) {
		t.Helper()
		begun := time.Now()
		_, err := store.Open(context.Background(), database, store.Options{})
		took := time.Since(begun)
		wantKind(t, err, fault.Conflict)
		if !strings.Contains(err.Error(), "process "+pid) || !strings.Contains(err.Error(), os.Args[0]) {
			t.Errorf("error %q does not name process %s and its command", err, pid)
		}
		if took > time.Second {
			t.Errorf("it took %v to refuse", took)
		}
	}
	t.Run("while the first runs", refused)
	t.Run("while the first is stopped", func(t *testing.T) {
		check(t, child.Process.Signal(unix.SIGSTOP))
		refused(t)
		check(t, child.Process.Signal(unix.SIGCONT))
	})
	t.Run("also to migrate and to restore", func(t *testing.T) {
		_, _, err := store.Migrate(context.Background(), database)
		wantKind(t, err, fault.Conflict)
		wantKind(t, store.Restore(context.Background(), database, database), fault.Conflict)
	})
	t.Run("but not once the first was killed", func(t *testing.T) {
		check(t, child.Process.Kill())
		_ = child.Wait()
		open(t, database, store.Options{})
	})
	t.Run("in the same process as well", func(t *testing.T) {
		database := filepath.Join(t.TempDir(), "segno.db")
		open(t, database, store.Options{})
		if _, err := store.Open(context.Background(), database, store.Options{}); !errors.Is(err, fault.Conflict) {
			t.Errorf("got error %v, want a conflict", err)
		}
	})
}
