package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/systemtest"
	"github.com/segno-jobs/segno/internal/timerslack"
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
		for _, slack := range slacks(t, pid) {
			if slack != timerslack.Relaxed {
				t.Errorf("a thread of the %s has a timer slack of %s, want %s", name, slack, timerslack.Relaxed)
				break
			}
		}
	}
}

// slacks returns the timer slack of each thread of a process.
func slacks(t *testing.T, pid int) []time.Duration {
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		t.Fatal(err)
	}
	var all []time.Duration
	for _, thread := range threads {
		text, err := os.ReadFile(filepath.Join("/proc", thread.Name(), "timerslack_ns"))
		if errors.Is(err, os.ErrPermission) {
			t.Skip("this user may not read the timer slack of other processes")
		}
		if errors.Is(err, os.ErrNotExist) {
			continue // It has ended.
		}
		ns, parsed := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err != nil || parsed != nil {
			t.Fatal(err, parsed)
		}
		all = append(all, time.Duration(ns))
	}
	return all
}
