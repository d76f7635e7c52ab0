package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/systemtest"
	"github.com/segno-jobs/segno/internal/timerslack"
	"github.com/segno-jobs/segno/internal/timerslack/slacktest"
	"github.com/segno-jobs/segno/task"
)

func TestProgramsMayBeWokenALittleLateAndTheirJobsMayNot(t *testing.T) {
	s := systemtest.Start(t)
	server := s.StartServer("js-1")
	s.Group("etl", "js-1")
	s.Task("clock", "etl", systemtest.Shell("exec cat /proc/self/timerslack_ns"))
	run := s.StartRun("clock")
	s.AwaitRun(run, task.Succeeded)
	if got, want := s.Log(run), fmt.Sprintln(timerslack.Current().Nanoseconds()); got != want {
		t.Errorf("the job has a timer slack of %q ns, want %q as the one who started its job server", got, want)
	}
	agents := server.Processes("run")
	if len(agents) != 1 {
		t.Fatalf("got the processes %v, want one agent", agents)
	}
	for name, pid := range map[string]int{"conductor": s.Conductor.PID(), "agent": agents[0]} {
		slacks := slacktest.Threads(t, pid)
		if slices.ContainsFunc(slacks, func(slack time.Duration) bool { return slack != timerslack.Relaxed }) {
			t.Errorf("the threads of the %s have %v, want %s for all", name, slacks, timerslack.Relaxed)
		}
	}
}
