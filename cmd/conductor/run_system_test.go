package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/systemtest"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

func TestARunGoesToTheBestRatedMemberAndSaysWhy(t *testing.T) {
	s := systemtest.Start(t)
	s.StartServer("js-slow", "--power", "0.5")
	s.StartServer("js-fast", "--power", "4")
	s.StartServer("js-drained", "--power", "8")
	if _, err := s.Client.DrainServer(t.Context(), "js-drained", "new disks"); err != nil {
		t.Fatal(err)
	}
	s.Group("etl", "js-slow", "js-fast", "js-drained")
	s.Task("report", "etl", systemtest.Shell(`echo "for $SEGNO_PARAM_DAY"; echo oops >&2; exit 3`), func(spec *task.Spec) {
		spec.Params = map[string]string{"day": "monday"}
	})
	run, err := s.Client.StartRun(t.Context(), "report", wire.RunRequest{Params: map[string]string{"day": "friday"}})
	if err != nil {
		t.Fatal(err)
	}
	ended := s.AwaitRun(run.ID, task.Failed)
	if ended.ExitCode == nil || *ended.ExitCode != 3 {
		t.Errorf("got exit code %v, want 3", ended.ExitCode)
	}
	if got := s.Log(run.ID); !strings.Contains(got, "for friday\n") || !strings.Contains(got, "oops\n") {
		t.Errorf("the log is %q, and should hold both streams with the parameter of this run", got)
	}
	placement := ended.Attempts[0].Placement
	if ended.Attempts[0].Server != "js-fast" || placement == nil || placement.Chosen != "js-fast" {
		t.Fatalf("got placement %+v, want js-fast, which is four times as fast", placement)
	}
	refused := map[string]virtualserver.Refusal{}
	for _, v := range placement.Candidates {
		refused[v.Server] = v.Refused
		if v.Refused == "" && v.Rating > placement.Candidates[0].Rating {
			t.Errorf("%s was rated %.1f, higher than the one that was chosen", v.Server, v.Rating)
		}
	}
	if refused["js-drained"] != virtualserver.RefusedDraining || refused["js-slow"] != "" || refused["js-fast"] != "" {
		t.Errorf("got refusals %v, want only js-drained: draining", refused)
	}
	now, err := s.Client.Rating(t.Context(), "etl", "report")
	if err != nil || now.Chosen != "js-fast" {
		t.Errorf("the rating for now chooses %q (%v), want js-fast", now.Chosen, err)
	}
}

func TestARunWaitsWithItsReasonUntilAServerIsEligible(t *testing.T) {
	s := systemtest.Start(t)
	joined := s.JoinServer("js-1")
	s.Group("etl", "js-1")
	s.Task("report", "etl", systemtest.Shell("exit 0"))
	first, second := s.StartRun("report"), s.StartRun("report")
	s.Eventually("the run says what it waits for", func(context.Context) (bool, error) {
		return s.GetRun(first).Reason != "", nil
	})
	waiting := s.GetRun(first)
	if waiting.State != task.Queued || !strings.Contains(waiting.Reason, "js-1") {
		t.Errorf("the run is %s because %q, and should be queued for want of js-1", waiting.State, waiting.Reason)
	}
	if waiting.Waiting == nil || len(waiting.Waiting.Candidates) != 1 || waiting.Waiting.Candidates[0].Refused == "" {
		t.Errorf("got %+v, want js-1 with its refusal", waiting.Waiting)
	}
	joined.Start()
	s.AwaitRun(first, task.Succeeded)
	s.AwaitRun(second, task.Succeeded)
}

func TestRunsOfAFullGroupDoNotHinderOthers(t *testing.T) {
	s := systemtest.Start(t)
	s.StartServer("js-1", "--slots", "1")
	s.StartServer("js-2", "--slots", "1")
	s.Group("full", "js-1")
	s.Group("free", "js-2")
	s.Task("long", "full", systemtest.Shell("sleep 600"), func(spec *task.Spec) { spec.Priority = 10 })
	s.Task("short", "free", systemtest.Shell("exit 0"))
	for range 20 {
		s.StartRun("long")
	}
	s.AwaitRun(s.StartRun("short"), task.Succeeded)
}

func TestCancelLeavesNothingOfTheJob(t *testing.T) {
	s := systemtest.Start(t, "js-1")
	s.Group("etl", "js-1")
	dir := t.TempDir()
	s.Task("stubborn", "etl", systemtest.Shell(`
trap '' TERM
setsid sh -c 'trap "" TERM; echo $$ > %[1]s/daemon; while :; do sleep 1; done' >/dev/null 2>&1 &
while [ ! -s %[1]s/daemon ]; do sleep 0.05; done
echo $$ > %[1]s/shell
while :; do sleep 1; done`, dir), func(spec *task.Spec) { spec.StopGrace = task.Duration(300 * time.Millisecond) })
	id := s.StartRun("stubborn")
	s.Eventually("the job and its daemon run", func(context.Context) (bool, error) {
		_, err := os.Stat(filepath.Join(dir, "shell"))
		return err == nil, nil
	})
	if _, err := s.Client.CancelRun(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	s.AwaitRun(id, task.Cancelled)
	for _, name := range []string{"shell", "daemon"} {
		if alive(t, filepath.Join(dir, name)) {
			t.Errorf("the process of %s outlived the cancelled run", name)
		}
	}
}

// alive reports whether the process lives whose id stands in a file.
func alive(t *testing.T, file string) bool {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err == nil && !strings.Contains(string(stat), ") Z")
}

func TestATimeoutEndsTheRunTimedOut(t *testing.T) {
	s := systemtest.Start(t, "js-1")
	s.Group("etl", "js-1")
	s.Task("slow", "etl", systemtest.Shell("sleep 600"), func(spec *task.Spec) {
		spec.Timeout, spec.StopGrace = task.Duration(300*time.Millisecond), task.Duration(time.Second)
	})
	run := s.AwaitRun(s.StartRun("slow"), task.TimedOut)
	if run.Reason == "" {
		t.Error("the run does not say why it ended")
	}
}

func TestAProgramThatDoesNotExistFailsWithTheReason(t *testing.T) {
	s := systemtest.Start(t, "js-1")
	s.Group("etl", "js-1")
	s.Task("typo", "etl", task.Job{Command: []string{"no-such-program"}})
	run := s.AwaitRun(s.StartRun("typo"), task.Failed)
	if !strings.Contains(run.Reason, "no-such-program") {
		t.Errorf("the reason %q does not name the program", run.Reason)
	}
}

func TestProgressAndOutputsReachTheRun(t *testing.T) {
	s := systemtest.Start(t, "js-1")
	s.Group("etl", "js-1")
	s.Task("load", "etl", systemtest.Shell(`jobserver progress 42 "loading orders" && jobserver output rows=1200 kind=full`))
	run := s.AwaitRun(s.StartRun("load"), task.Succeeded)
	if run.Progress == nil || run.Progress.Percent != 42 || run.Progress.Message != "loading orders" {
		t.Errorf("got progress %+v, want 42 loading orders", run.Progress)
	}
	if run.Outputs["rows"] != "1200" || run.Outputs["kind"] != "full" {
		t.Errorf("got outputs %v, want rows and kind", run.Outputs)
	}
}

func TestAFollowerReadsEveryByteOnceThoughTheConductorRestarts(t *testing.T) {
	s := systemtest.Start(t, "js-1")
	s.Group("etl", "js-1")
	s.Task("chatty", "etl", systemtest.Shell(`i=0; while [ $i -lt 2000 ]; do echo "line $i"; i=$((i+1)); [ $((i %% 20)) = 0 ] && sleep 0.02; done; printf '\377\000end'`))
	id := s.StartRun("chatty")
	var got bytes.Buffer
	followed := make(chan error, 1)
	reached := make(chan struct{})
	go func() {
		_, err := s.Client.FollowLog(t.Context(), id, client.LogPosition{}, client.LogFollower{Piece: func(p client.LogPiece) error {
			if got.Len() == 0 {
				close(reached)
			}
			got.Write(p.Data)
			return nil
		}})
		followed <- err
	}()
	<-reached
	s.Conductor.Kill()
	s.StartConductor()
	s.AwaitRun(id, task.Succeeded)
	if err := <-followed; err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	for i := range 2000 {
		want.WriteString("line " + strconv.Itoa(i) + "\n")
	}
	want.WriteString("\xff\x00end")
	if !bytes.Equal(got.Bytes(), want.Bytes()) {
		t.Errorf("the follower read %d bytes, want %d that are equal to the job's", got.Len(), want.Len())
	}
}

func TestASilentServerIsUnreachableAndItsRunsUnknownUntilItIsBack(t *testing.T) {
	s := systemtest.New(t, "--heartbeat", "200ms")
	s.StartConductor()
	js := s.StartServer("js-1")
	s.Group("etl", "js-1")
	s.Task("work", "etl", systemtest.Shell("sleep 2; echo done"))
	id := s.StartRun("work")
	s.AwaitRun(id, task.Running)
	js.Signal(syscall.SIGSTOP)
	js.WaitStatus("unreachable")
	run := s.AwaitRun(id, task.Unknown)
	if run.Prior == nil || *run.Prior != task.Running {
		t.Errorf("got prior %v, want running", run.Prior)
	}
	js.Signal(syscall.SIGCONT)
	js.WaitOnline()
	s.AwaitRun(id, task.Succeeded)
	if got := s.Log(id); got != "done\n" {
		t.Errorf("the log is %q, want what the job wrote meanwhile", got)
	}
}

func TestAServerIsJoinedOnceWithATokenForItsName(t *testing.T) {
	s := systemtest.Start(t)
	token, err := s.Client.CreateJoinToken(t.Context(), wire.JoinTokenRequest{Name: "js-1"})
	if err != nil {
		t.Fatal(err)
	}
	join := func(name, dir string) *systemtest.Process {
		return s.Run("jobserver", "join", "--conductor", s.URL, "--token", token.Token, "--data", filepath.Join(s.Dir, dir), "--name", name)
	}
	if p := join("js-2", "a"); p.Wait() == nil {
		t.Errorf("a token for js-1 enrolled js-2:\n%s", p.Output())
	}
	if p := join("js-1", "b"); p.Wait() != nil {
		t.Fatalf("joining failed:\n%s", p.Output())
	}
	if p := join("js-1", "c"); p.Wait() == nil {
		t.Errorf("the token enrolled a second host:\n%s", p.Output())
	}
}

func TestTheAgentListensOnNoPort(t *testing.T) {
	s := systemtest.Start(t)
	js := s.StartServer("js-1")
	pids := slices.Concat(js.Processes("run"), js.Processes("guard"), js.Processes("keeper"))
	if len(pids) < 3 {
		t.Fatalf("found processes %v, want an agent, a guard and a keeper", pids)
	}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(table)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			if len(fields) > 9 && fields[3] == "0A" && owns(pids, fields[9]) {
				t.Errorf("a job server listens: %s", line)
			}
		}
	}
}

// owns reports whether one of the processes has a socket with that inode.
func owns(pids []int, inode string) bool {
	for _, pid := range pids {
		dir := filepath.Join("/proc", strconv.Itoa(pid), "fd")
		fds, _ := os.ReadDir(dir)
		for _, fd := range fds {
			if link, _ := os.Readlink(filepath.Join(dir, fd.Name())); link == "socket:["+inode+"]" {
				return true
			}
		}
	}
	return false
}
