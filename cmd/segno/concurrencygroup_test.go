package main

import (
	"strings"
	"testing"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

func TestConcurrencyGroupsAreMadeChangedAndShown(t *testing.T) {
	s := newShell(t)
	if got := s.run("concurrency-group", "list"); !strings.Contains(got.out+got.err, "There are no concurrency groups") {
		t.Errorf("an empty list: got %+v", got)
	}
	if got := s.ok("concurrency-group", "create", "orders-db", "--max-concurrent", "1", "--description", "the orders database"); got != "concurrency group orders-db created: 1 run active at once.\n" {
		t.Errorf("got %q", got)
	}
	g := s.api.shared["orders-db"]
	g.Active, g.Tasks = 1, []string{"invoices", "load-orders"}
	s.api.shared["orders-db"] = g
	want := "NAME       ACTIVE  TASKS                 DESCRIPTION\n" +
		"orders-db  1 of 1  invoices,load-orders  the orders database\n"
	if got := s.ok("cg", "list"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := s.ok("cg", "edit", "orders-db", "--max-concurrent", "2"); !strings.Contains(got, "2 runs active at once") {
		t.Errorf("got %q", got)
	}
	if got := s.ok("cg", "show", "orders-db"); !strings.Contains(got, "1 of 2") || !strings.Contains(got, "the orders database") {
		t.Errorf("got %q: an edit changes what is given alone", got)
	}
	if got := s.run("cg", "edit", "orders-db"); got.code == 0 {
		t.Error("an edit without anything to change succeeds")
	}
	s.ok("cg", "delete", "orders-db")
	if len(s.api.shared) != 0 {
		t.Error("it was not deleted")
	}
}

func TestApplyMakesAConcurrencyGroupBeforeTheTaskThatNamesIt(t *testing.T) {
	s := newShell(t)
	s.api.groups["etl"] = wire.VirtualServer{}
	path := file(t, `kind: task
name: load-orders
target: {virtual_server: etl}
job: {command: [sh, load.sh]}
max_concurrent: 1
when_busy: skip
max_queue_time: 1h
concurrency_groups: [orders-db]
---
kind: concurrency-group
name: orders-db
max_concurrent: 2
`)
	got := s.run("apply", "-f", path)
	if group, taskAt := strings.Index(got.out, "concurrency-group orders-db: create"), strings.Index(got.out, "task load-orders: create"); got.code != 0 || group < 0 || taskAt < group {
		t.Fatalf("exit code %d: %s\n%s", got.code, got.out, got.err)
	}
	if g := s.api.shared["orders-db"]; g.MaxConcurrent != 2 {
		t.Errorf("got %+v", g)
	}
	if w := s.api.tasks["load-orders"]; w.MaxConcurrent != 1 || w.WhenBusy != task.BusySkip || len(w.ConcurrencyGroups) != 1 {
		t.Errorf("got %+v", w.Spec)
	}
	if again := s.ok("apply", "-f", path); !strings.Contains(again, "Nothing to change") {
		t.Errorf("a second time: %s", again)
	}
	if shown := s.ok("task", "show", "load-orders"); !strings.Contains(shown, "1 run active, then skip; waits for 1h0m at most") || !strings.Contains(shown, "orders-db") {
		t.Errorf("got\n%s", shown)
	}
	bad := s.run("apply", "-f", file(t, "kind: concurrency-group\nname: db\nmax_concurrent: 0\n"))
	if bad.code == 0 || !strings.Contains(bad.err, "setup.yaml:3: concurrency-group db: max_concurrent must be from 1 to 10000, not 0") {
		t.Errorf("got %d: %s", bad.code, bad.err)
	}
}
