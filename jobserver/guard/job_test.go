package guard

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/timerslack"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/jobserver/spool"
	"github.com/segno-jobs/segno/task"
)

func TestJobEnds(t *testing.T) {
	h := newHost(t)
	t.Run("with its exit code", func(t *testing.T) {
		h := h.in(t)
		r := h.run(command(newRun(), "sh", "-c", "exit 7"))
		if r.exit == nil || r.exit.Kind != task.ExitExited || r.exit.Code != 7 || r.exit.Signal != 0 || r.started == 0 {
			t.Errorf("got %+v", r.exit)
		}
	})
	t.Run("with its signal", func(t *testing.T) {
		h := h.in(t)
		r := h.run(command(newRun(), "sh", "-c", "kill -9 $$"))
		if r.exit.Kind != task.ExitExited || r.exit.Code != 137 || r.exit.Signal != 9 || r.exit.OOM {
			t.Errorf("got %+v", r.exit)
		}
	})
	t.Run("with what it used", func(t *testing.T) {
		h := h.in(t)
		r := h.run(command(newRun(), "sh", "-c", "(i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done)"))
		if r.exit.Code != 0 || r.exit.CPU < 20*time.Millisecond || r.exit.Ran < 20*time.Millisecond || r.exit.PeakMemory <= 0 {
			t.Errorf("got %+v", r.exit)
		}
	})
	t.Run("with the exit as its last record, numbered without a gap", func(t *testing.T) {
		h := h.in(t)
		r := h.run(command(newRun(), "echo", "hello"))
		last := r.records[len(r.records)-1]
		if last.Exit == nil || r.records[0].Started == nil || r.stdout != "hello\n" {
			t.Errorf("got %+v", r.records)
		}
	})
}

func TestJobThatCannotBeStarted(t *testing.T) {
	h := newHost(t)
	file := filepath.Join(h.data, "plain")
	if err := os.WriteFile(file, []byte("no program"), 0o600); err != nil {
		t.Fatal(err)
	}
	long := make([]string, 64)
	for i := range long {
		long[i] = strings.Repeat("x", 100<<10)
	}
	for name, c := range map[string]struct {
		argv   []string
		detail string
	}{
		"because it does not exist":               {[]string{"nosuch"}, `exec "nosuch": no such file or directory`},
		"because its path does not exist":         {[]string{"/no/such"}, `exec "/no/such": no such file or directory`},
		"because it is not executable":            {[]string{file}, fmt.Sprintf("exec %q: permission denied", file)},
		"because it is a folder":                  {[]string{"/tmp"}, `exec "/tmp": permission denied`},
		"because its arguments are over the host": {append([]string{"true"}, long...), `exec "true": argument list too long`},
	} {
		t.Run("ends not started "+name, func(t *testing.T) {
			h := h.in(t)
			r := h.run(command(newRun(), c.argv...))
			if r.exit.Kind != task.ExitNotStarted || r.exit.Detail != c.detail || r.exit.Code != -1 || r.started != 0 {
				t.Errorf("got %+v, want the detail %q", r.exit, c.detail)
			}
		})
	}
}

func TestStartRefuses(t *testing.T) {
	h := newHost(t)
	ok := func() jobserver.Execution { return command(newRun(), "true") }
	for name, change := range map[string]func(*jobserver.Execution){
		"a NUL byte in an argument": func(x *jobserver.Execution) { x.Job.Command = []string{"echo", "a\x00b"} },
		"a NUL byte in a variable":  func(x *jobserver.Execution) { x.Job.Env = map[string]string{"A": "\x00"} },
		"a NUL byte in a parameter": func(x *jobserver.Execution) { x.Params = map[string]string{"a": "\x00"} },
		"a NUL byte in a step": func(x *jobserver.Execution) {
			x.Job = task.Job{Steps: []task.Step{{Name: "a", Command: []string{"\x00"}}}}
		},
		"a NUL byte in an interpreter":   func(x *jobserver.Execution) { x.Job = task.Job{Script: &task.Script{Interpreter: []string{"sh\x00"}}} },
		"a variable that is Segno's own": func(x *jobserver.Execution) { x.Job.Env = map[string]string{"SEGNO_FENCE": "9"} },
		"a variable whose name has an =": func(x *jobserver.Execution) { x.Job.Env = map[string]string{"A=B": "9"} },
		"a job of nothing":               func(x *jobserver.Execution) { x.Job = task.Job{} },
		"a job of two kinds":             func(x *jobserver.Execution) { x.Job.Script = &task.Script{Text: "true"} },
		"an empty program":               func(x *jobserver.Execution) { x.Job.Command = []string{""} },
		"a step without a command":       func(x *jobserver.Execution) { x.Job = task.Job{Steps: []task.Step{{Name: "a"}}} },
		"a run whose id is a path":       func(x *jobserver.Execution) { x.Ref.Run = "../../etc/x" },
		"a run without an id":            func(x *jobserver.Execution) { x.Ref.Run = "" },
		"an attempt without a number":    func(x *jobserver.Execution) { x.Ref.Number = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			h := h.in(t)
			x := ok()
			change(&x)
			if err := h.Start(t.Context(), x); !errors.Is(err, fault.Invalid) {
				t.Errorf("got %v, want one of kind Invalid", err)
			}
		})
	}
	if kept, err := h.Kept(t.Context()); err != nil || len(kept) != 0 {
		t.Errorf("what was refused is kept: %v, %v", kept, err)
	}
}

func TestStartRefusesAnAttemptThatIsKept(t *testing.T) {
	h := newHost(t)
	ref := h.start(command(newRun(), "true"))
	if err := h.Start(t.Context(), command(ref.Run, "true")); !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v while it runs or has ended", err)
	}
	h.wait(ref)
	if err := h.Start(t.Context(), command(ref.Run, "true")); !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v after it ended", err)
	}
	if err := h.Drop(ref); err != nil {
		t.Fatal(err)
	}
	if err := h.Start(t.Context(), command(ref.Run, "true")); err != nil {
		t.Errorf("got %v after it was dropped", err)
	}
	h.wait(ref)
}

func TestOutputArrivesByteForByte(t *testing.T) {
	h := newHost(t)
	t.Run("10 MB of binary data on both streams", func(t *testing.T) {
		h := h.in(t)
		r := h.run(script(`head -c 10000000 /dev/urandom > data; sha256sum data | cut -d' ' -f1 >&2; cat data; rm data`))
		sum := fmt.Sprintf("%x\n", sha256.Sum256([]byte(r.stdout)))
		if len(r.stdout) != 10_000_000 || r.stderr != sum {
			t.Errorf("got %d bytes with sum %s, want sum %s", len(r.stdout), sum, r.stderr)
		}
		for _, rec := range r.records {
			if rec.Output != nil && len(rec.Output.Data) > task.MaxOutputRecord {
				t.Fatalf("a record of %d bytes", len(rec.Output.Data))
			}
		}
	})
	t.Run("with its stream", func(t *testing.T) {
		h := h.in(t)
		r := h.run(script(`printf 'out\0put'; printf 'err\377or' >&2`))
		if r.stdout != "out\x00put" || r.stderr != "err\xffor" {
			t.Errorf("got %q and %q", r.stdout, r.stderr)
		}
	})
	t.Run("while the job runs", func(t *testing.T) {
		h := h.in(t)
		ref := h.start(script(`echo first; read x < /dev/null; sleep 30`))
		begun := time.Now()
		h.waitFor(ref, "the first line", func(r result) bool { return r.stdout == "first\n" })
		if late := time.Since(begun); late > 2*time.Second {
			t.Errorf("it took %v", late)
		}
		h.stop(ref, task.ExitCancelled)
		h.wait(ref)
	})
	t.Run("of processes that the job left, up to its end", func(t *testing.T) {
		h := h.in(t)
		r := h.run(script(`(echo from a child) & wait; echo done`))
		if r.stdout != "from a child\ndone\n" {
			t.Errorf("got %q", r.stdout)
		}
	})
}

func TestOutputIsCutAtItsLimit(t *testing.T) {
	h := newHost(t)
	x := script(`head -c 100000 /dev/zero; echo the end >&2`)
	x.OutputLimit = 64 << 10
	r := h.run(x)
	if len(r.stdout)+len(r.stderr) != 64<<10 || r.exit.Code != 0 {
		t.Errorf("kept %d bytes, exit %+v", len(r.stdout)+len(r.stderr), r.exit)
	}
	dropped := 100000 + len("the end\n") - 64<<10
	want := fmt.Sprintf("output cut here: limit of 64KiB reached\n%d bytes of output were dropped\n", dropped)
	if r.marks != want {
		t.Errorf("got the marks %q, want %q", r.marks, want)
	}
}

func TestOutputUpToItsLimitIsNotMarked(t *testing.T) {
	h := newHost(t)
	x := script(`head -c 1000 /dev/zero`)
	x.OutputLimit = 1000
	if r := h.run(x); len(r.stdout) != 1000 || r.marks != "" {
		t.Errorf("got %d bytes and the marks %q", len(r.stdout), r.marks)
	}
}

func TestSteps(t *testing.T) {
	h := newHost(t)
	steps := func(steps ...task.Step) jobserver.Execution {
		x := command(newRun())
		x.Job = task.Job{Steps: steps}
		return x
	}
	echo := func(name string) task.Step { return task.Step{Name: name, Command: []string{"echo", name}} }
	t.Run("run one after the other, each named", func(t *testing.T) {
		h := h.in(t)
		r := h.run(steps(echo("a"), echo("b")))
		marks := "step a (1 of 2) begins\nstep a (1 of 2) ended with exit code 0\nstep b (2 of 2) begins\nstep b (2 of 2) ended with exit code 0\n"
		if r.stdout != "a\nb\n" || r.marks != marks || r.exit.Code != 0 {
			t.Errorf("got %q, marks %q, %+v", r.stdout, r.marks, r.exit)
		}
	})
	t.Run("end with the first that fails", func(t *testing.T) {
		h := h.in(t)
		r := h.run(steps(echo("a"), task.Step{Name: "b", Command: []string{"sh", "-c", "exit 3"}}, echo("c")))
		if r.stdout != "a\n" || r.exit.Code != 3 || r.exit.Detail != `step "b"` {
			t.Errorf("got %q, %+v", r.stdout, r.exit)
		}
	})
	t.Run("end with one that cannot be started", func(t *testing.T) {
		h := h.in(t)
		r := h.run(steps(echo("a"), task.Step{Name: "b", Command: []string{"nosuch"}}))
		if r.exit.Kind != task.ExitNotStarted || r.exit.Detail != `step "b": exec "nosuch": no such file or directory` {
			t.Errorf("got %+v", r.exit)
		}
	})
	t.Run("leave no process to the next one", func(t *testing.T) {
		h := h.in(t)
		r := h.run(steps(
			task.Step{Name: "a", Command: []string{"sh", "-c", "setsid sleep 1000 & echo $! > pid"}},
			task.Step{Name: "b", Command: []string{"sh", "-c", "kill -0 $(cat pid) && echo alive"}}))
		if r.stdout != "" {
			t.Errorf("got %q", r.stdout)
		}
	})
	t.Run("end when the job is stopped", func(t *testing.T) {
		h := h.in(t)
		ref := h.start(steps(task.Step{Name: "a", Command: []string{"sh", "-c", "trap 'exit 0' TERM; echo on; while :; do sleep 0.01; done"}}, echo("b")))
		h.waitFor(ref, "the first step", func(r result) bool { return r.stdout == "on\n" })
		h.stop(ref, task.ExitCancelled)
		if r := h.wait(ref); r.exit.Kind != task.ExitCancelled || strings.Contains(r.stdout, "b") {
			t.Errorf("got %q, %+v", r.stdout, r.exit)
		}
	})
}

func TestScript(t *testing.T) {
	h := newHost(t)
	t.Run("is run by /bin/sh", func(t *testing.T) {
		h := h.in(t)
		if r := h.run(script("echo $((6*7))\nexit 5\n")); r.stdout != "42\n" || r.exit.Code != 5 {
			t.Errorf("got %q, %+v", r.stdout, r.exit)
		}
	})
	t.Run("is run by its interpreter with its arguments", func(t *testing.T) {
		h := h.in(t)
		x := script("{ print $1 * 2 }")
		x.Job.Script.Interpreter = []string{"awk", "-v", "x=1", "-f"}
		x.Job.Script.Text = `BEGIN { print x + 1 }`
		if r := h.run(x); r.stdout != "2\n" {
			t.Errorf("got %q %q, %+v", r.stdout, r.stderr, r.exit)
		}
	})
	t.Run("is for its owner alone", func(t *testing.T) {
		h := h.in(t)
		if r := h.run(script(`stat -c %a "$0"`)); r.stdout != "700\n" {
			t.Errorf("got %q", r.stdout)
		}
	})
}

func TestJobHasAnEnvironmentOfItsOwn(t *testing.T) {
	t.Setenv("AGENT_SECRET", "do not tell")
	t.Setenv("TZ", "Europe/Paris")
	h := newHost(t)
	x := command(newRun(), "env")
	x.Job.Env = map[string]string{"REGION": "EU", "PATH": "/bin:/usr/bin", "LANG": "fr_FR.UTF-8"}
	x.Params = map[string]string{"date": "2026-01-01", "batch-size": "7"}
	x.Traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	x.ScheduledFor = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	x.Task, x.Ref.Number = "load-orders", 3
	r := h.run(x)
	got := map[string]string{}
	for line := range strings.Lines(r.stdout) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if _, twice := got[name]; twice {
			t.Errorf("%s stands twice", name)
		}
		got[name] = value
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(h.data, "work", spool.Name(x.Ref))
	want := map[string]string{
		"REGION": "EU", "PATH": "/bin:/usr/bin:" + filepath.Dir(exe), "LANG": "fr_FR.UTF-8", "TZ": "Europe/Paris",
		"HOME": os.Getenv("HOME"), "TMPDIR": dir,
		"SEGNO_RUN_ID": string(x.Ref.Run), "SEGNO_TASK": "load-orders", "SEGNO_ATTEMPT": "3", "SEGNO_FENCE": "3",
		"SEGNO_SCHEDULED_FOR": "2026-01-02T03:04:05Z", "SEGNO_PARAM_DATE": "2026-01-01", "SEGNO_PARAM_BATCH_SIZE": "7",
		"TRACEPARENT": x.Traceparent,
	}
	for name, value := range want {
		if value != "" && got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
	if got["SEGNO_SOCKET"] == "" {
		t.Error("SEGNO_SOCKET is missing")
	}
	for name := range got {
		if _, known := want[name]; !known && name != "SEGNO_SOCKET" && name != "USER" && name != "PWD" {
			t.Errorf("the job has %s=%s", name, got[name])
		}
	}
}

func TestJobHasTheTimerSlackOfTheGuardAndNotThatOfItsKeeper(t *testing.T) {
	h := newHost(t)
	want := fmt.Sprintln(timerslack.Current().Nanoseconds())
	for range 2 { // The second is started by a thread that has started one before.
		if r := h.run(command(newRun(), "cat", "/proc/self/timerslack_ns")); r.stdout != want {
			t.Errorf("the job has %q, want %q", r.stdout, want)
		}
	}
}

func TestJobHasLangWhereTheHostHasNone(t *testing.T) {
	t.Setenv("LANG", "")
	h := newHost(t)
	if r := h.run(command(newRun(), "sh", "-c", "echo $LANG")); r.stdout != "C.UTF-8\n" {
		t.Errorf("got %q", r.stdout)
	}
}

func TestJobIsApart(t *testing.T) {
	h := newHost(t)
	t.Run("with no descriptors but its input, output and errors", func(t *testing.T) {
		h := h.in(t)
		// The listing itself has one open for the folder.
		if r := h.run(command(newRun(), "ls", "/proc/self/fd")); strings.Fields(r.stdout)[2] != "2" || len(strings.Fields(r.stdout)) != 4 {
			t.Errorf("got %q", r.stdout)
		}
	})
	t.Run("with an empty input", func(t *testing.T) {
		h := h.in(t)
		if r := h.run(command(newRun(), "wc", "-c")); r.stdout != "0\n" {
			t.Errorf("got %q", r.stdout)
		}
	})
	t.Run("in a group of its own, in the session of its keeper", func(t *testing.T) {
		h := h.in(t)
		r := h.run(command(newRun(), "sh", "-c", "cut -d' ' -f1,4,5,6 /proc/$$/stat"))
		f := strings.Fields(r.stdout)
		if len(f) != 4 || f[0] != f[2] || f[1] != f[3] || f[0] != fmt.Sprint(r.started) {
			t.Errorf("got pid, parent, group and session %q, started %d", r.stdout, r.started)
		}
	})
	t.Run("in a private, empty folder", func(t *testing.T) {
		h := h.in(t)
		r := h.run(command(newRun(), "sh", "-c", "pwd; stat -c %a .; ls -A; touch new; stat -c %a new"))
		dir := filepath.Join(h.data, "work", spool.Name(r.refOf()))
		if r.stdout != dir+"\n700\n600\n" {
			t.Errorf("got %q, want the folder %s", r.stdout, dir)
		}
	})
	t.Run("with what earlier attempts left there gone", func(t *testing.T) {
		h := h.in(t)
		for range 8 {
			ref := h.start(command(newRun(), "sh", "-c", "ls -A; mkdir -p a/b; touch a/b/c .hidden"))
			if r := h.wait(ref); r.stdout != "" {
				t.Fatalf("got %q", r.stdout)
			}
			if err := h.Drop(ref); err != nil {
				t.Fatal(err)
			}
		}
		left, err := filepath.Glob(filepath.Join(h.data, "work", "0*"))
		if err != nil || len(left) > 1 {
			t.Errorf("left are %v, %v", left, err)
		}
	})
	t.Run("without signals that are blocked", func(t *testing.T) {
		h := h.in(t)
		r := h.run(command(newRun(), "grep", "^SigBlk", "/proc/self/status"))
		if strings.Fields(r.stdout)[1] != "0000000000000000" {
			t.Errorf("got %q", r.stdout)
		}
	})
}

// refOf takes the run from the working directory that the job printed first.
func (r result) refOf() task.Ref {
	line, _, _ := strings.Cut(r.stdout, "\n")
	ref, _ := spool.ParseName(filepath.Base(line))
	return ref
}

func TestManyJobsAtOnce(t *testing.T) {
	h := newHost(t)
	const jobs = 60
	ends := map[task.Ref]int{}
	go func() {
		for i := range jobs {
			x := command(newRunOf(i), "sh", "-c", fmt.Sprintf("echo %d; exit %d", i, i))
			if err := h.Start(context.Background(), x); err != nil {
				t.Error(err)
			}
		}
	}()
	for len(ends) < jobs {
		select {
		case g := <-h.Grown():
			if g.Ended {
				ends[g.Ref]++
			}
		case <-time.After(testPatience):
			t.Fatalf("%d of %d ended", len(ends), jobs)
		}
	}
	for i := range jobs {
		ref := task.Ref{Run: newRunOf(i), Number: 1}
		if r := h.read(ref); r.stdout != fmt.Sprintln(i) || r.exit.Code != i || ends[ref] != 1 {
			t.Errorf("job %d: got %q, %+v, told %d times", i, r.stdout, r.exit, ends[ref])
		}
	}
}

func newRunOf(i int) task.RunID { return task.RunID(fmt.Sprintf("01MANY%d", i)) }

func TestReadGoesOnWhereItIsAsked(t *testing.T) {
	h := newHost(t)
	ref := h.start(script(`for i in 1 2 3 4 5; do echo $i; sleep 0.03; done`))
	all := h.wait(ref).records
	for after := range int64(len(all)) {
		got, err := h.Read(ref, after, 1)
		if err != nil || len(got) != 1 || got[0].Sequence != after+1 {
			t.Errorf("after %d: got %v, %v", after, got, err)
		}
	}
	if got, err := h.Read(ref, int64(len(all)), 1); err != nil || len(got) != 0 {
		t.Errorf("after the last: got %v, %v", got, err)
	}
	if got, err := h.Read(ref, 0, 1<<20); err != nil || len(got) != len(all) || !bytes.Equal(got[1].Output.Data, all[1].Output.Data) {
		t.Errorf("again from the first: got %v, %v", got, err)
	}
}
