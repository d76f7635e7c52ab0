package systemtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// Group creates a virtual server.
func (s *System) Group(name string, members ...string) {
	s.t.Helper()
	if _, err := s.Client.CreateVirtualServer(s.t.Context(), virtualserver.Spec{Name: name, Members: members}); err != nil {
		s.t.Fatal(err)
	}
}

// Task creates a task on a virtual server. Each edit changes the task before it is created.
func (s *System) Task(name, group string, job task.Job, edits ...func(*task.Spec)) {
	s.t.Helper()
	spec := task.Spec{Name: name, Target: task.Target{VirtualServer: group}, Job: job}
	for _, edit := range edits {
		edit(&spec)
	}
	if _, err := s.Client.CreateTask(s.t.Context(), spec); err != nil {
		s.t.Fatal(err)
	}
}

// Shell is a job of a shell script.
func Shell(text string, args ...any) task.Job {
	return task.Job{Script: &task.Script{Text: fmt.Sprintf(text, args...)}}
}

// StartRun requests a run and returns its id.
func (s *System) StartRun(taskName string) task.RunID {
	s.t.Helper()
	run, err := s.Client.StartRun(s.t.Context(), taskName, wire.RunRequest{})
	if err != nil {
		s.t.Fatal(err)
	}
	return run.ID
}

// GetRun returns a run.
func (s *System) GetRun(id task.RunID) wire.Run {
	s.t.Helper()
	run, err := s.Client.Run(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return run
}

// AwaitRun waits until a run is in one of the states, and returns it.
func (s *System) AwaitRun(id task.RunID, states ...task.State) wire.Run {
	s.t.Helper()
	var run wire.Run
	s.Eventually(fmt.Sprintf("run %s is %v", id, states), func(ctx context.Context) (bool, error) {
		var err error
		if run, err = s.Client.Run(ctx, id); err != nil {
			return false, err
		}
		if slices.Contains(states, run.State) {
			return true, nil
		}
		if run.State.Final() {
			s.t.Fatalf("run %s is %s (%s), not one of %v; its log:\n%s", id, run.State, run.Reason, states, s.Log(id))
		}
		return false, fmt.Errorf("it is %s: %s", run.State, run.Reason)
	})
	return run
}

// AwaitOutput waits until a run's job has written something. A run that is running is claimed, and its process may not
// have been started yet.
func (s *System) AwaitOutput(id task.RunID) {
	s.t.Helper()
	s.Eventually(fmt.Sprintf("run %s has written something", id), func(context.Context) (bool, error) {
		return s.Log(id) != "", nil
	})
}

// Log returns the whole output of the newest attempt of a run.
func (s *System) Log(id task.RunID) string {
	s.t.Helper()
	var text strings.Builder
	ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer cancel()
	from := client.LogPosition{}
	for {
		chunk, err := s.Client.Log(ctx, id, from, 0)
		if err != nil {
			return text.String() + "\n(" + err.Error() + ")"
		}
		for _, piece := range chunk.Pieces {
			text.WriteString(piece.Text)
			text.Write(piece.Base64)
		}
		if chunk.End || len(chunk.Pieces) == 0 {
			return text.String()
		}
		from = client.LogPosition{Attempt: chunk.Attempt, Offset: chunk.Next}
	}
}

// StartRunOf creates a task and requests a run of it.
func (s *System) StartRunOf(name, group string, job task.Job) task.RunID {
	s.t.Helper()
	s.Task(name, group, job)
	return s.StartRun(name)
}
