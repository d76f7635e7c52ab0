package store_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/segno-jobs/segno/archive"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

func TestAVersionThatIsNeededCannotBeDeleted(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		command := []string{"run.sh"}
		push(t, db, "load", "1", packed(t, "one"))
		push(t, db, "load", "2", packed(t, "two"))
		refused := func(version, why string) {
			t.Helper()
			if err := db.DeleteArchiveVersion(ctx, "load", version, false, start); !errors.Is(err, fault.Conflict) {
				t.Errorf("version %s, %s: %v", version, why, err)
			}
		}
		must(archiveTask(t, db, "pinned", task.Archive{Name: "load", Version: "1", Command: command}))(t)
		latest := must(archiveTask(t, db, "latest", task.Archive{Name: "load", Command: command}))(t)
		refused("1", "which a task names")
		_, _, err := db.InsertRun(ctx, task.Run{ID: "01A", Task: "latest", Spec: latest.Spec, QueuedAt: start}, "")
		check(t, err)
		refused("2", "which a run waits for")
		_, err = db.CancelRun(ctx, "01A", "ops", start)
		check(t, err)
		check(t, db.DeleteArchiveVersion(ctx, "load", "2", false, start))
		check(t, db.DeleteTask(ctx, "pinned", 0, start))
		refused("1", "the last one, of which a task wants the latest")
		_, err = db.EditTask(ctx, "latest", 0, start, func(s *task.Spec) error {
			s.Job = task.Job{Command: []string{"true"}}
			return nil
		})
		check(t, err)
		check(t, db.DeleteArchiveVersion(ctx, "load", "1", false, start))
	})
}

// archiveRun stores a run of a task that runs an archive, and brings it to where its attempt runs on js-1.
func archiveRun(t *testing.T, db *store.DB, id task.RunID, of task.Task) task.Ref {
	t.Helper()
	_, _, err := db.InsertRun(context.Background(), task.Run{ID: id, Task: of.Name, Spec: of.Spec, QueuedAt: start}, "")
	check(t, err)
	ref := assign(t, db, id, 1, "js-1")
	claim(t, db, ref, "js-1")
	return ref
}

func TestAVersionThatAFailedRunCouldBeTakenUpWithIsDeletedByForceAlone(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		push(t, db, "load", "1", packed(t, "one"))
		of := must(archiveTask(t, db, "failing", task.Archive{Name: "load", Command: []string{"run.sh"}}))(t)
		for _, id := range []task.RunID{"01A", "01B"} {
			deliver(t, db, "js-1", archiveRun(t, db, id, of), started(1), exited(2, 3))
		}
		deliver(t, db, "js-1", archiveRun(t, db, "01C", of), started(1), exited(2, 0))
		push(t, db, "load", "2", packed(t, "two"))

		if err := db.DeleteArchiveVersion(ctx, "load", "1", false, start); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "01B and 1 more run could") {
			t.Errorf("without force: %v", err)
		}
		// A run that is taken up again needs its version whatever is forced.
		must(db.TakeUp(ctx, "01A", task.IntentRestart, 0, "ops", start))(t)
		if err := db.DeleteArchiveVersion(ctx, "load", "1", true, start); !errors.Is(err, fault.Conflict) {
			t.Errorf("by force, with an open run: %v", err)
		}
		must(db.CancelRun(ctx, "01A", "ops", start))(t)
		check(t, db.DeleteArchiveVersion(ctx, "load", "1", true, start))
	})
}

func TestAVersionTellsWhichTasksAndRunsNeedIt(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		command := []string{"run.sh"}
		one := push(t, db, "load", "1", packed(t, "one"))
		must(archiveTask(t, db, "pinned", task.Archive{Name: "load", Version: "1", Command: command}))(t)
		of := must(archiveTask(t, db, "latest", task.Archive{Name: "load", Command: command}))(t)
		deliver(t, db, "js-1", archiveRun(t, db, "01A", of), started(1), exited(2, 3))
		archiveRun(t, db, "01B", of)

		needs, sum, err := db.ArchiveNeeds(ctx, "load", "1")
		want := archive.Needs{
			Tasks: []string{"latest", "pinned"}, Open: archive.Runs{Count: 1, Newest: []task.RunID{"01B"}},
			Recoverable: archive.Runs{Count: 1, Newest: []task.RunID{"01A"}},
		}
		if err != nil || sum != one.SHA256 || !reflect.DeepEqual(needs, want) {
			t.Errorf("it is needed for %+v (%v), want %+v", needs, err, want)
		}
		// With a further version, the task without one of its own needs neither.
		push(t, db, "load", "2", packed(t, "two"))
		for version, tasks := range map[string][]string{"1": {"pinned"}, task.LatestVersion: nil} {
			if needs, _, err := db.ArchiveNeeds(ctx, "load", version); err != nil || !slices.Equal(needs.Tasks, tasks) {
				t.Errorf("version %s is needed by %v (%v), want %v", version, needs.Tasks, err, tasks)
			}
		}
		uses := must(db.Archive(ctx, "load"))(t).Uses
		if !slices.Equal(uses, []archive.TaskUse{{Task: "latest", Version: "latest"}, {Task: "pinned", Version: "1"}}) {
			t.Errorf("the tasks use %v", uses)
		}
		if _, _, err := db.ArchiveNeeds(ctx, "load", "3"); !errors.Is(err, fault.NotFound) {
			t.Errorf("what is not there is needed: %v", err)
		}
	})
}
