package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/jobserver/guard"
	"github.com/segno-jobs/segno/task"
)

// buildProgram builds this program as jobserver and returns its path.
func buildProgram(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "jobserver")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return program
}

func TestHelpersOutsideOfARunSaySo(t *testing.T) {
	t.Setenv("SEGNO_SOCKET", "")
	for _, args := range [][]string{{"progress", "42"}, {"output", "a=b"}} {
		if _, err := execute(t, args...); err == nil || !strings.Contains(err.Error(), "only inside of a run") {
			t.Errorf("%v: got %v", args, err)
		}
	}
	t.Setenv("SEGNO_SOCKET", filepath.Join(t.TempDir(), "gone"))
	if _, err := execute(t, "progress", "42"); err == nil || !strings.Contains(err.Error(), "SEGNO_SOCKET") {
		t.Errorf("got %v", err)
	}
}

func TestHelpersRefuseBadValues(t *testing.T) {
	for want, args := range map[string][]string{
		"percent must be a number":   {"progress", "half"},
		"percent must be 0 to 100":   {"progress", "100.1"},
		"message must have at most":  {"progress", "1", strings.Repeat("x", task.MaxProgressMessage+1)},
		"must be written as name=va": {"output", "rows"},
		"name must have 1 to 63":     {"output", "=1"},
		"name must consist of":       {"output", "a b=1"},
		"value must have at most":    {"output", "a=" + strings.Repeat("x", task.MaxOutputValue+1)},
	} {
		if _, err := execute(t, args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40v: got %v, want %q", args, err, want)
		}
	}
	if _, err := execute(t, "progress"); err == nil {
		t.Error("progress without a percentage is taken")
	}
}

// TestJobsUseTheProgram runs a job under the real program, as guard, keeper and helper, and then has the guard stopped by
// a signal.
func TestJobsUseTheProgram(t *testing.T) {
	program := buildProgram(t)
	// A short path: the sockets are in it.
	data, err := os.MkdirTemp("", "segno-cmd-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(data)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, err := guard.Connect(ctx, guard.ClientOptions{Data: data, Program: program, Cgroup: guard.CgroupOff})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	x := jobserver.Execution{Ref: task.Ref{Run: "01CMD", Number: 1}, Task: "t", Job: task.Job{Script: &task.Script{
		Text: `jobserver progress 42% "loading orders" && jobserver output rows=1200 file=a=b && jobserver output 2>&1; echo $?`,
	}}}
	if err := c.Start(ctx, x); err != nil {
		t.Fatal(err)
	}
	awaitEnd(ctx, t, c, x.Ref)
	records, err := c.Read(x.Ref, 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	values := map[string]string{}
	for _, r := range records {
		switch {
		case r.Output != nil:
			out.Write(r.Output.Data)
		case r.Value != nil:
			values[r.Value.Name] = r.Value.Value
		case r.Progress != nil && *r.Progress != task.Progress{Percent: 42, Message: "loading orders"}:
			t.Errorf("got the progress %+v", *r.Progress)
		}
	}
	if values["rows"] != "1200" || values["file"] != "a=b" || !strings.HasSuffix(out.String(), "\n1\n") {
		t.Errorf("got the values %v and the output %q", values, out.String())
	}
	stopGuard(ctx, t, c, data)
}

func awaitEnd(ctx context.Context, t *testing.T, c *guard.Client, ref task.Ref) {
	t.Helper()
	for {
		select {
		case g := <-c.Grown():
			if g.Ref == ref && g.Ended {
				return
			}
		case <-ctx.Done():
			t.Fatal("the job has not ended")
		}
	}
}

// stopGuard sends the guard of a data folder SIGTERM and waits until it is gone.
func stopGuard(ctx context.Context, t *testing.T, c *guard.Client, data string) {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		text, err := os.ReadFile(line)
		if err == nil && bytes.Contains(text, []byte("\x00guard\x00--data\x00"+data+"\x00")) {
			p, err := os.FindProcess(pidOf(line))
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
		}
	}
	for {
		select {
		case _, ok := <-c.Grown():
			if !ok {
				return
			}
		case <-ctx.Done():
			t.Fatal("the guard does not end on SIGTERM")
		}
	}
}

func pidOf(line string) int {
	pid := 0
	for _, c := range filepath.Base(filepath.Dir(line)) {
		pid = pid*10 + int(c-'0')
	}
	return pid
}

func TestAGuardThatCannotStartSaysWhy(t *testing.T) {
	program := buildProgram(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"guard", "--data", file, "--detach"},
		{"guard", "--data", t.TempDir(), "--detach", "--cgroup", "/no/such/group"},
	} {
		out, err := exec.Command(program, args...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "not a directory") && !strings.Contains(string(out), "/no/such/group") {
			t.Errorf("%v: got %v: %s", args, err, out)
		}
	}
}
