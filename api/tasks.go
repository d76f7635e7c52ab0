package api

import (
	"errors"

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
	return s.tasks().created(s.service.CreateTask(c.ctx(), made.Spec, made.Triggers...))
}

func (s *Server) tasks() documents[task.Spec, task.Task] {
	return documents[task.Spec, task.Task]{
		collection: "tasks",
		name:       func(d task.Spec) string { return d.Name },
		parts:      func(v task.Task) (task.Spec, int64) { return v.Spec, v.Version },
		body:       body(wire.TaskOf),
		load:       s.service.Task,
		change:     s.service.EditTask,
		withdraw:   s.service.DeleteTask,
	}
}
