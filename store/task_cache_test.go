package store_test

import (
	"context"
	"testing"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

func TestATaskIsReadAsItsLastEditHasLeftIt(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		describe := func(text string) error {
			_, err := db.EditTask(ctx, "load", 0, noon, func(s *task.Spec) error { s.Description = text; return nil })
			return err
		}
		for _, text := range []string{"first", "second"} {
			_ = must(db.Task(ctx, "load"))(t)
			check(t, describe(text))
			if got := must(db.Task(ctx, "load"))(t); got.Description != text {
				t.Errorf("got %q after the edit, want %q", got.Description, text)
			}
		}
		check(t, db.DeleteTask(ctx, "load", 0, noon))
		_, err := db.Task(ctx, "load")
		wantKind(t, err, fault.NotFound)
	})
}

func TestATaskThatWasReadBeforeAnEditIsNotKeptAfterIt(t *testing.T) {
	var c store.TaskCache
	old := task.Task{Spec: task.Spec{Name: "load"}, Version: 1}
	_, _, before := c.Get("load")
	c.Forget()
	c.Put(old, before)
	if _, found, _ := c.Get("load"); found {
		t.Error("the old task was kept")
	}
	_, _, now := c.Get("load")
	c.Put(old, now)
	if got, found, _ := c.Get("load"); !found || got.Version != 1 {
		t.Errorf("got %+v, %v, want the task", got, found)
	}
}
