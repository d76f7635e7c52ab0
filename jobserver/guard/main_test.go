package guard

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// TestMain lets the test binary be the program that the tests start: guard, keeper, and the helper in jobs.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "guard", "keeper", "progress", "output", "checkpoint", "client":
			if err := program(os.Args[1], os.Args[2:]); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	exe, err := os.Executable()
	if err == nil {
		// Jobs find the helper by this name in the folder of the program.
		err = os.Symlink(exe, filepath.Join(filepath.Dir(exe), "jobserver"))
	}
	if err != nil && !os.IsExist(err) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// program does what cmd/jobserver does, for the test binary.
func program(name string, args []string) error {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	data := f.String("data", "", "")
	cgroup := f.String("cgroup", CgroupAuto, "")
	cgroups := f.String("cgroups", "", "")
	linger := f.Duration("linger", 0, "")
	slack := f.Duration("slack", 0, "")
	detach := f.Bool("detach", false, "")
	ready := f.Bool("ready", false, "")
	lease := f.Duration("lease", 0, "")
	if err := f.Parse(args); err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	o := Options{Data: *data, Cgroup: *cgroup, Linger: *linger, Logger: logger}
	switch {
	case name == "keeper":
		return Keep(KeeperOptions{Data: *data, Cgroups: *cgroups, Slack: *slack, Logger: logger})
	case name == "client":
		return clientProcess(*data, *lease, f.Args())
	case name == "guard" && *detach:
		return Detach(o)
	case name == "guard" && *ready:
		return ServeDetached(o)
	case name == "guard":
		return Serve(o)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := DialJob(ctx, os.Getenv("SEGNO_SOCKET"))
	if err != nil {
		return err
	}
	defer c.Close()
	if name == "checkpoint" {
		return c.Checkpoint(ctx, task.Checkpoint{Name: f.Arg(0)}, f.Args()[1:])
	}
	if name == "progress" {
		percent, err := strconv.ParseFloat(f.Arg(0), 64)
		if err != nil {
			return err
		}
		return c.Progress(percent, f.Arg(1))
	}
	key, value, _ := strings.Cut(f.Arg(0), "=")
	return c.Output(key, value)
}

// clientProcess is an agent that starts jobs and then waits to be killed.
func clientProcess(data string, lease time.Duration, argv []string) error {
	c, err := Connect(context.Background(), ClientOptions{Data: data, Cgroup: CgroupOff})
	if err != nil {
		return err
	}
	x := command("01KILLED", argv...)
	if lease > 0 {
		x.Lease = leaseFor(lease)
	}
	if err := c.Start(context.Background(), x); err != nil {
		return err
	}
	fmt.Println("started")
	select {}
}

// patience is how long tests wait for what must happen.
const testPatience = 20 * time.Second

// host is a data folder with a client, as an agent has it.
type host struct {
	*Client
	t    testing.TB
	data string
}

// newHost connects a client to a new guard on a data folder of its own. Guard, keepers and jobs are gone when the test
// ends.
func newHost(t testing.TB, set ...func(*ClientOptions)) *host {
	t.Helper()
	dir, err := os.MkdirTemp("", "segno-guard-test-")
	if err != nil {
		t.Fatal(err)
	}
	h := &host{t: t, data: dir}
	t.Cleanup(func() {
		h.close()
		text, err := os.ReadFile(filepath.Join(dir, "guard.log"))
		if err == nil && (bytes.Contains(text, []byte("DATA RACE")) || bytes.Contains(text, []byte("panic"))) {
			t.Error("guard or keeper went wrong")
		}
		if t.Failed() {
			t.Logf("guard.log: %v\n%s", err, text)
		}
		os.RemoveAll(dir)
	})
	h.Client = connect(t, dir, set...)
	return h
}

// close ends guard and client, of which the latter may never have come to be.
func (h *host) close() {
	h.killGuard()
	if h.Client != nil {
		h.Client.Close()
	}
}

// in is h for a subtest.
func (h *host) in(t testing.TB) *host {
	sub := *h
	sub.t = t
	return &sub
}

func connect(t testing.TB, data string, set ...func(*ClientOptions)) *Client {
	t.Helper()
	o := ClientOptions{Data: data, Cgroup: CgroupOff, MaxKeepers: 24, Linger: 5 * time.Second, Logger: slog.New(slog.NewTextHandler(testWriter{t}, nil))}
	for _, f := range set {
		f(&o)
	}
	ctx, cancel := context.WithTimeout(context.Background(), testPatience)
	defer cancel()
	c, err := Connect(ctx, o)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	return c
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

// guardPID returns the process that holds the lock of the guard.
func (h *host) guardPID() int {
	for _, pid := range processes() {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err == nil && bytes.Contains(line, []byte("\x00guard\x00--data\x00"+h.data+"\x00")) {
			return pid
		}
	}
	return 0
}

// keeperPIDs returns the keepers of the guard.
func (h *host) keeperPIDs() []int {
	var pids []int
	for _, pid := range processes() {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err == nil && bytes.Contains(line, []byte("\x00keeper\x00--data\x00"+h.data+"\x00")) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// killGuard kills the guard and waits until it and its keepers are gone.
func (h *host) killGuard() {
	if pid := h.guardPID(); pid > 0 {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	h.await("guard and keepers to be gone", func() bool { return h.guardPID() == 0 && len(h.keeperPIDs()) == 0 })
	// A killed guard cannot remove its control group.
	if parent, err := ownCgroup(); err == nil && parent != "" {
		os.Remove(filepath.Join(parent, cgroupName(place{h.data})))
	}
}

// await waits for a condition that no channel tells of.
func (h *host) await(what string, holds func() bool) {
	h.t.Helper()
	deadline := time.Now().Add(testPatience)
	for !holds() {
		if time.Now().After(deadline) {
			h.t.Errorf("waited in vain for %s", what)
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}

var runs = 0

// newRun returns an id of a run that no other test has.
func newRun() task.RunID {
	runs++
	return task.RunID(fmt.Sprintf("01TEST%d-%d", os.Getpid(), runs))
}

func command(run task.RunID, argv ...string) jobserver.Execution {
	return jobserver.Execution{Ref: task.Ref{Run: run, Number: 1}, Task: "test", Job: task.Job{Command: argv}}
}

func script(text string) jobserver.Execution {
	x := command(newRun())
	x.Job = task.Job{Script: &task.Script{Text: text}}
	return x
}

// start starts x and fails the test if that does not succeed.
func (h *host) start(x jobserver.Execution) task.Ref {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testPatience)
	defer cancel()
	if err := h.Start(ctx, x); err != nil {
		h.t.Fatalf("start: %v", err)
	}
	return x.Ref
}

// result is all that a spool holds.
type result struct {
	records               []task.Record
	stdout, stderr, marks string
	progress              []task.Progress
	values                []task.ValueRecord
	checkpoints           []task.Checkpoint
	started               int
	exit                  *task.Exit
}

// wait waits for the end of an attempt and returns what its spool holds.
func (h *host) wait(ref task.Ref) result {
	h.t.Helper()
	deadline := time.After(testPatience)
	for {
		select {
		case g, ok := <-h.Grown():
			if !ok {
				h.t.Fatalf("the guard was lost while waiting for %v", ref)
			}
			if g.Ref == ref && g.Ended {
				return h.read(ref)
			}
		case <-deadline:
			h.t.Fatalf("%v has not ended; so far %+v", ref, h.read(ref))
		}
	}
}

// waitFor waits until the spool of ref fulfils holds.
func (h *host) waitFor(ref task.Ref, what string, holds func(result) bool) result {
	h.t.Helper()
	deadline := time.After(testPatience)
	for {
		r := h.read(ref)
		if holds(r) {
			return r
		}
		select {
		case <-h.Grown():
		case <-deadline:
			h.t.Fatalf("waited in vain for %s; so far %+v", what, r)
		}
	}
}

func (h *host) run(x jobserver.Execution) result {
	h.t.Helper()
	return h.wait(h.start(x))
}

func (h *host) read(ref task.Ref) result {
	h.t.Helper()
	var r result
	var out, err, marks bytes.Buffer
	for {
		records, readErr := h.Read(ref, int64(len(r.records)), 1<<20)
		if readErr != nil {
			h.t.Fatalf("read: %v", readErr)
		}
		if len(records) == 0 {
			break
		}
		for _, rec := range records {
			r.records = append(r.records, rec)
			if rec.Sequence != int64(len(r.records)) {
				h.t.Fatalf("record %d has sequence %d", len(r.records), rec.Sequence)
			}
			switch {
			case rec.Started != nil:
				r.started = rec.Started.PID
			case rec.Progress != nil:
				r.progress = append(r.progress, *rec.Progress)
			case rec.Value != nil:
				r.values = append(r.values, *rec.Value)
			case rec.Exit != nil:
				r.exit = rec.Exit
			case rec.Checkpoint != nil:
				r.checkpoints = append(r.checkpoints, *rec.Checkpoint)
			case rec.Output.Stream == task.Stdout:
				out.Write(rec.Output.Data)
			case rec.Output.Stream == task.Stderr:
				err.Write(rec.Output.Data)
			default:
				marks.Write(rec.Output.Data)
			}
		}
	}
	r.stdout, r.stderr, r.marks = out.String(), err.String(), marks.String()
	return r
}
