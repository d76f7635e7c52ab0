package api

import (
	"errors"
	"net/http"

	"github.com/segno-jobs/segno/api/strictjson"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

func (s *Server) listTasks(c *call) (answer, error) {
	f := task.Filter{Query: c.query.text("q"), VirtualServer: c.query.text("virtual_server"), Server: c.query.text("server")}
	p := c.query.page()
	if err := c.query.err(); err != nil {
		return answer{}, err
	}
	tasks, err := s.service.Tasks(c.ctx(), f, p)
	if err != nil {
		return answer{}, err
	}
	out, err := s.withLatest(c.ctx(), tasks)
	if err != nil {
		return answer{}, err
	}
	return ok(out)
}

func (s *Server) createTask(c *call) (answer, error) {
	var made wire.NewTask
	if err := c.read(&made); err != nil {
		return answer{}, err
	}
	if err := errors.Join(made.Spec.Validate(), task.ValidateTriggers(made.Triggers)); err != nil {
		return answer{}, err
	}
	t, err := s.service.CreateTask(c.ctx(), made.Spec, made.Triggers...)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusCreated, body: wire.TaskOf(t), version: t.Version, location: location("tasks", t.Name)}, nil
}

func (s *Server) getTask(c *call) (answer, error) {
	name, err := c.name("name")
	if err != nil {
		return answer{}, err
	}
	return oneTask(s.service.Task(c.ctx(), name))
}

func oneTask(t task.Task, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	return versioned(wire.TaskOf(t), t.Version)
}

func (s *Server) patchTask(c *call) (answer, error) {
	e, err := readEdit[task.Spec](c)
	if err != nil {
		return answer{}, err
	}
	t, err := s.service.EditTask(c.ctx(), e.name, e.version, func(stored *task.Spec) error {
		after, err := strictjson.Merge(*stored, task.Spec{}, e.patch)
		if err != nil {
			return err
		}
		if err := keepsName(stored.Name, after.Name); err != nil {
			return err
		}
		*stored = after
		return after.Validate()
	})
	return oneTask(t, edited(err, e.version, s.taskVersion(c, e.name)))
}

func (s *Server) deleteTask(c *call) (answer, error) {
	return deleted(c, s.service.DeleteTask, s.taskVersion)
}

func (s *Server) taskVersion(c *call, name string) func() (int64, error) {
	return func() (int64, error) {
		t, err := s.service.Task(c.ctx(), name)
		return t.Version, err
	}
}
