package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

func TestTheStatesOfTheSchemaAreThoseOfTheTable(t *testing.T) {
	for _, dialect := range []string{"sqlite", "postgres"} {
		t.Run(dialect, func(t *testing.T) {
			schema := listed(must(store.Schema(dialect))(t))
			var final, ended []string
			for _, s := range task.States() {
				if s.Final() {
					final = append(final, string(s))
				}
			}
			for _, s := range task.AttemptStates() {
				if !s.Open() {
					ended = append(ended, string(s))
				}
			}
			run, attempt := tableOf(t, schema, "run"), tableOf(t, schema, "attempt")
			wantList(t, "the states of a run", inCheck(t, run, `CHECK \(state IN \((.*?)\)`), texts(task.States()))
			wantList(t, "the final states of a run", inCheck(t, run, `ended_at IS NOT NULL\) = \(state IN \((.*?)\)`), final)
			wantList(t, "the states of an attempt", inCheck(t, attempt, `CHECK \(state IN \((.*?)\)`), texts(task.AttemptStates()))
			wantList(t, "the ended states of an attempt", inCheck(t, attempt, `ended_at IS NOT NULL\) = \(state IN \((.*?)\)`), ended)
			var prior []string
			for _, s := range task.States() {
				if s.CanBecome(task.Unknown) {
					prior = append(prior, string(s))
				}
			}
			wantList(t, "the states before unknown", inCheck(t, run, `prior IN \((.*?)\)`), prior)
		})
	}
}

// listed writes terms joined by OR, as the schema of SQLite has them, as lists.
func listed(schema string) string {
	schema = regexp.MustCompile(`\((\w+) = ('\w*'(?: OR \w+ = '\w*')+)\)`).ReplaceAllString(schema, "($1 IN ($2))")
	return regexp.MustCompile(` OR \w+ = `).ReplaceAllString(schema, ", ")
}

func texts[T ~string](values []T) []string {
	var all []string
	for _, v := range values {
		all = append(all, string(v))
	}
	return all
}

func tableOf(t *testing.T, schema, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(schema, "CREATE TABLE "+name+" (")
	if !ok {
		t.Fatalf("the schema has no table %s", name)
	}
	table, _, _ := strings.Cut(rest, "\nCREATE ")
	return table
}

func inCheck(t *testing.T, table, pattern string) []string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(table)
	if m == nil {
		t.Fatalf("the table has no constraint %s", pattern)
	}
	var all []string
	for quoted := range strings.SplitSeq(m[1], ", ") {
		all = append(all, strings.Trim(quoted, "'"))
	}
	return all
}

func wantList(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: the schema has %q, want %q", what, got, want)
	}
}

func TestTheSchemaRefusesWhatCannotBe(t *testing.T) {
	statements := map[string]string{
		"a state that does not exist":         `UPDATE run SET state = 'flying'`,
		"a final state without an end":        `UPDATE run SET state = 'failed'`,
		"an end without a final state":        `UPDATE run SET ended_at = 1`,
		"unknown without a prior state":       `UPDATE run SET state = 'unknown'`,
		"an attempt's state that is none":     `UPDATE attempt SET state = 'flying'`,
		"an ended attempt without an end":     `UPDATE attempt SET state = 'lost'`,
		"a second attempt that may act":       `INSERT INTO attempt SELECT run, 2, server, state, reason, ground, resumed_from, instance, offered_at, claimed_at, ended_at, exit, log_bytes, delivered, need_cpu, need_memory, need_slots, need_source FROM attempt`,
		"a task without a target":             `UPDATE task SET virtual_server = NULL`,
		"a task with a target that is none":   `UPDATE task SET virtual_server = 'nosuch'`,
		"a member that is no server":          `UPDATE virtual_server_member SET server = 'nosuch'`,
		"the deletion of a server in a group": `DELETE FROM server`,
	}
	onEach(t, func(t *testing.T, db *store.DB) {
		fleet(t, db, "js-1")
		startRun(t, db, "js-1")
		for claim, statement := range statements {
			if err := db.Update(context.Background(), func(tx store.Tx) error { return tx.Exec(statement) }); err == nil {
				t.Errorf("the schema takes %s", claim)
			}
		}
	})
}

func TestMigrate(t *testing.T) {
	t.Run("brings an empty database up to date, once", func(t *testing.T) {
		url := "sqlite://" + filepath.Join(t.TempDir(), "new folder", "a database?.db")
		from, to, err := store.Migrate(context.Background(), url)
		check(t, err)
		if from != 0 || to < 1 {
			t.Errorf("went from version %d to %d", from, to)
		}
		again, same, err := store.Migrate(context.Background(), url)
		check(t, err)
		if again != to || same != to {
			t.Errorf("a second time went from version %d to %d, want %d and %d", again, same, to, to)
		}
		open(t, url, store.Options{NoMigrate: true})
	})
	t.Run("is asked for where it may not be done", func(t *testing.T) {
		_, err := store.Open(context.Background(), filepath.Join(t.TempDir(), "new.db"), store.Options{NoMigrate: true})
		wantKind(t, err, fault.Conflict)
		if !strings.Contains(err.Error(), "conductor migrate") {
			t.Errorf("error %q does not say what to do", err)
		}
	})
}

func TestANewerSchemaIsRefused(t *testing.T) {
	onEachURL(t, func(t *testing.T, url string) {
		db := must(store.Open(context.Background(), url, store.Options{}))(t)
		files := must(filepath.Glob("migration/sqlite/*.sql"))(t)
		newest := fmt.Sprintf("up to %s:", strings.TrimLeft(filepath.Base(files[len(files)-1])[:5], "0"))
		known := must(db.MigrateWith(context.Background(), stepsOf(map[string]string{
			"00001_schema.sql": "SELECT 1;", "00900_future.sql": "CREATE TABLE future (id INTEGER);",
		})))(t)
		if known != 900 {
			t.Fatalf("the schema has version %d, want 900", known)
		}
		check(t, db.Close())
		_, err := store.Open(context.Background(), url, store.Options{})
		_, _, migrateErr := store.Migrate(context.Background(), url)
		for _, err := range []error{err, migrateErr} {
			wantKind(t, err, fault.Conflict)
			if !strings.Contains(err.Error(), "version 900") || !strings.Contains(err.Error(), newest) {
				t.Errorf("error %q does not name both versions", err)
			}
		}
	})
}

func TestABrokenMigrationChangesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		version, err := db.MigrateWith(ctx, stepsOf(map[string]string{
			"00001_schema.sql": "SELECT 1;",
			"00900_good.sql":   "CREATE TABLE good (id INTEGER);",
			"00901_broken.sql": "CREATE TABLE half (id INTEGER);\nINSERT INTO nosuch VALUES (1);",
		}))
		if err == nil || version != 900 {
			t.Fatalf("got version %d and error %v, want 900 and an error", version, err)
		}
		if _, err := db.Text(ctx, `SELECT count(*) || '' FROM half`); err == nil {
			t.Error("the broken step left its table")
		}
		check(t, db.Ping(ctx))
	})
}

func stepsOf(files map[string]string) fstest.MapFS {
	steps := fstest.MapFS{}
	for name, text := range files {
		steps[name] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + text + "\n")}
	}
	return steps
}

func TestSQLiteIsSetUpToBeDurable(t *testing.T) {
	ctx := context.Background()
	db := open(t, filepath.Join(t.TempDir(), "segno.db"), store.Options{})
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		if got := must(db.WriterText(ctx, "PRAGMA "+pragma))(t); got != want {
			t.Errorf("the writer has %s = %s, want %s", pragma, got, want)
		}
	}
	if _, err := db.Text(ctx, `INSERT INTO probe (data) VALUES (x'00') RETURNING '1'`); err == nil {
		t.Error("a reader can write")
	}
	// 3.51.3 is the first release in which a checkpoint and a writer cannot damage the log together.
	var major, minor, patch int
	_, err := fmt.Sscanf(must(db.Text(ctx, `SELECT sqlite_version()`))(t), "%d.%d.%d", &major, &minor, &patch)
	check(t, err)
	if got := major*1_000_000 + minor*1_000 + patch; got < 3_051_003 {
		t.Errorf("SQLite has version %d.%d.%d, want at least 3.51.3", major, minor, patch)
	}
}

func TestPagesAreReadFromTheEndOfAnIndex(t *testing.T) {
	ctx := context.Background()
	db := open(t, filepath.Join(t.TempDir(), "segno.db"), store.Options{})
	runs := map[string]struct {
		filter task.RunFilter
		index  string
	}{
		"of all runs":         {task.RunFilter{}, "SCAN r"},
		"of a task":           {task.RunFilter{Task: "load"}, "run_task"},
		"of a server":         {task.RunFilter{Server: "js-1"}, "run_server"},
		"of a virtual server": {task.RunFilter{VirtualServer: "etl"}, "run_virtual_server"},
		"since an instant":    {task.RunFilter{Since: noon}, "PRIMARY KEY (id>?"},
		"before an instant":   {task.RunFilter{Until: noon}, "PRIMARY KEY (id<?"},
		"of a task's month":   {task.RunFilter{Task: "load", Since: noon, Until: late}, "run_task (task=? AND id>? AND id<?)"},
		"of a state":          {task.RunFilter{States: []task.State{task.Failed}}, "run_state"},
		"that are late":       {task.RunFilter{Late: true}, "run_late"},
	}
	for what, c := range runs {
		for _, last := range []string{"", "01RUN"} {
			plan := must(db.ExplainRuns(ctx, c.filter, last))(t)
			if c.index == "SCAN r" && last != "" {
				c.index = "PRIMARY KEY"
			}
			if !strings.Contains(plan, c.index) || strings.Contains(plan, "TEMP B-TREE") {
				t.Errorf("the newest %s are found by %q, want %s and no sorting", what, plan, c.index)
			}
		}
	}
	for index, target := range map[string]task.Target{
		"run_queue_group": {VirtualServer: "etl"}, "run_queue_server": {Server: "js-1"},
	} {
		for _, after := range []task.QueuePosition{{}, {Priority: 1, ID: "01RUN"}} {
			plan := must(db.ExplainQueue(ctx, target, after))(t)
			if !strings.Contains(plan, index) || strings.Contains(plan, "TEMP B-TREE") {
				t.Errorf("the queue is read by %q, want %s and no sorting", plan, index)
			}
		}
	}
	targets := must(db.ExplainTargets(ctx))(t)
	if strings.Count(targets, "run_queue_group") != 2 || strings.Count(targets, "run_queue_server") != 2 {
		t.Errorf("the targets of the queue are found by %q, want each step through an index of the queue", targets)
	}
	for statement, index := range map[string]string{
		store.OpenStatement: "attempt_open", store.OpenOnStatement: "attempt_open_server",
		store.OpenRunsOfStatement: "run_state", store.RunsOnServerStatement: "attempt_open_server", store.DeliveryStatement: "PRIMARY KEY",
		store.OrphansStatement: "content_run",
	} {
		plan := must(db.Explain(ctx, statement, make([]any, strings.Count(statement, "?"))...))(t)
		if !strings.Contains(plan, index) || strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "SCAN r ") {
			t.Errorf("%s\nis found by %q, want %s and no sorting", statement, plan, index)
		}
	}
}

func TestAnAddressThatCannotBeUsedIsRefused(t *testing.T) {
	for _, url := range []string{"", "mysql://host/db", "sqlite://", "folder/", "postgres://user:secret@host:port/db"} {
		_, err := store.Open(context.Background(), url, store.Options{})
		if !errors.Is(err, fault.Invalid) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: got error %v, want an invalid database, and no password", url, err)
		}
	}
	_, err := store.Open(context.Background(), "postgres://user:secret@127.0.0.1:1/db?sslmode=disable", store.Options{})
	if !errors.Is(err, fault.Unavailable) || strings.Contains(err.Error(), "secret") {
		t.Errorf("got error %v, want the database to be unavailable, and no password", err)
	}
}
