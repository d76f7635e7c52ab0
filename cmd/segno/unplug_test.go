package main

import (
	"bytes"
	"errors"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

func TestAPulledPlugLeavesNoProcess(t *testing.T) {
	if err := keepOrphans(); err != nil {
		t.Skip(err)
	}
	// A child, a grandchild in a session of its own, and one that outlived its parent and ignores SIGTERM.
	const tree = `sleep 1000 & echo $!; setsid sh -c 'sleep 1000 & echo $!; wait' & echo $!
		setsid sh -c "trap '' TERM; sleep 1000 & echo \$!; echo done; wait" & wait`
	dir := t.TempDir()
	var ps programs
	if err := ps.start("the tree", dir, "sh", "-c", tree); err != nil {
		t.Fatal(err)
	}
	root := ps.all[0]
	defer func() {
		if t.Failed() {
			_ = killTree(root.cmd.Process.Pid)
		}
	}()
	if err := ps.until(t.Context(), "the tree has grown", func() bool { return strings.Contains(root.tail(), "done") && strings.Count(root.tail(), "\n") == 5 }); err != nil {
		t.Fatal(err)
	}
	if err := ps.unplug("the tree"); err != nil {
		t.Fatal(err)
	}
	for word := range strings.FieldsSeq(root.tail()) {
		if pid, err := strconv.Atoi(word); err == nil && !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			t.Errorf("process %d is left", pid)
		}
	}
	if len(ps.all) != 0 || ps.ended() != nil {
		t.Error("the tree is still waited for")
	}
	if err := ps.unplug("the tree"); err == nil {
		t.Error("a plug was pulled twice")
	}
	if _, ok := errors.AsType[*exec.ExitError](root.err); !ok {
		t.Errorf("the root ended with %v, want a signal", root.err)
	}
}

func TestTheRunThatLostItsServerIsJudgedByItsNumbers(t *testing.T) {
	two := 2
	numbers := map[string]string{"strikes": "9976", "groups": "12"}
	survived := func(change func(d *demonstration, r *wire.Run)) (string, error) {
		var out, errs bytes.Buffer
		d := demonstration{app: &app{out: &out, err: &errs, getenv: func(string) string { return "" }, output: "table"}, unplugged: "large"}
		r := wire.Run{
			State: task.Succeeded, Outputs: map[string]string{"strikes": "9976", "groups": "12"}, Checkpoints: []wire.Checkpoint{{Sequence: 2, Name: "clean", Attempt: 1}},
			Attempts: []wire.Attempt{{Number: 1, Server: "large", State: task.AttemptUnavailable}, {Number: 2, Server: "medium", State: task.AttemptSucceeded, ResumedFrom: &two}},
		}
		change(&d, &r)
		err := d.judge(r, numbers)
		return out.String() + errs.String(), err
	}
	told, err := survived(func(*demonstration, *wire.Run) {})
	if err != nil || !strings.Contains(told, "All 2 numbers equal those of the undisturbed run.") || !strings.Contains(told, "It resumed from checkpoint 2 (clean)") {
		t.Errorf("got %v, %s", err, told)
	}
	for name, c := range map[string]struct {
		change func(d *demonstration, r *wire.Run)
		says   string
	}{
		"no plug was pulled":     {func(d *demonstration, _ *wire.Run) { d.unplugged = "" }, "before its server could lose its power"},
		"the same server":        {func(_ *demonstration, r *wire.Run) { r.Attempts[1].Server = "large" }, "has lost its power"},
		"from the beginning":     {func(_ *demonstration, r *wire.Run) { r.Attempts[1].ResumedFrom = nil }, "from the beginning"},
		"another number":         {func(_ *demonstration, r *wire.Run) { r.Outputs["strikes"] = "9977" }, `strikes is "9977" and was "9976"`},
		"a number that is short": {func(_ *demonstration, r *wire.Run) { delete(r.Outputs, "groups") }, `groups is "" and was "12"`},
		"a number too many":      {func(_ *demonstration, r *wire.Run) { r.Outputs["more"] = "" }, "more is"},
	} {
		if _, err := survived(c.change); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %q", name, err, c.says)
		}
	}
	if len(differing(nil, nil)) == 0 {
		t.Error("two runs without numbers were taken for equal")
	}
}

func TestAPlugNeedsAPace(t *testing.T) {
	if got := newShell(t).run("demo", "--unplug", "--pace", "0"); got.code != exitUsage || !strings.Contains(got.err, "--pace above 0") {
		t.Errorf("got code %d and %q", got.code, got.err)
	}
}
