package api

import (
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

func (s *Server) tasks() documents[task.Spec, task.Task] {
	return documents[task.Spec, task.Task]{
		collection: "tasks",
		name:       func(d task.Spec) string { return d.Name },
		parts:      func(v task.Task) (task.Spec, int64) { return v.Spec, v.Version },
		body:       body(wire.TaskOf),
		store:      s.service.CreateTask,
		load:       s.service.Task,
		change:     s.service.EditTask,
		withdraw:   s.service.DeleteTask,
	}
}
