package store

import (
	"context"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/segno-jobs/segno/task"
)

// What follows lets the tests look inside.

// Tx is a transaction that writes.
type Tx struct{ *tx }

// Exec runs a statement.
func (t Tx) Exec(query string, args ...any) error {
	_, err := t.exec(query, args...)
	return err
}

// Update runs a change through the writer.
func (db *DB) Update(ctx context.Context, do func(Tx) error) error {
	return db.update(ctx, func(t *tx) error { return do(Tx{t}) })
}

// Record appends an event.
func (t Tx) Record(kind string) error { return t.recordThing(time.Unix(0, 0), kind, "subject", "") }

// UpdateEach runs several changes through the writer.
func (db *DB) UpdateEach(ctx context.Context, n int, do func(t Tx, i int) error) []error {
	return db.updateEach(ctx, n, func(t *tx, i int) error { return do(Tx{t}, i) })
}

// Text reads one value.
func (db *DB) Text(ctx context.Context, query string) (s string, err error) {
	return s, db.view(ctx).get(&s, query)
}

// WriterText reads one value on the writer's connection.
func (db *DB) WriterText(ctx context.Context, query string) (s string, err error) {
	err = db.update(ctx, func(t *tx) error { return t.scan(query, nil, &s) })
	return s, err
}

// Steps returns the names of the migrations of a dialect.
func Steps(dialect string) ([]string, error) {
	return fs.Glob(migrations, "migration/"+dialect+"/*.sql")
}

// Schema returns the text of the migrations of a dialect.
func Schema(dialect string) (string, error) {
	var all strings.Builder
	steps, err := Steps(dialect)
	for _, name := range steps {
		text, err := migrations.ReadFile(name)
		if err != nil {
			return "", err
		}
		all.Write(text)
	}
	return all.String(), err
}

// MigrateWith applies other steps than those embedded, and returns the version afterwards.
func (db *DB) MigrateWith(ctx context.Context, steps fs.FS) (int, error) {
	m, err := migratorOf(db.dialect, db.writing, steps)
	if err != nil {
		return 0, err
	}
	_, _, err = m.up(ctx)
	version, versionErr := m.version(ctx)
	if err == nil {
		err = versionErr
	}
	return version, err
}

// Explain returns SQLite's plan for a statement.
func (db *DB) Explain(ctx context.Context, query string, args ...any) (string, error) {
	var rows []struct {
		ID, Parent, NotUsed int
		Detail              string
	}
	err := db.view(ctx).all(&rows, "EXPLAIN QUERY PLAN "+query, args...)
	var steps []string
	for _, row := range rows {
		steps = append(steps, row.Detail)
	}
	return strings.Join(steps, "; "), err
}

// ExplainRuns returns SQLite's plan for a page of runs.
func (db *DB) ExplainRuns(ctx context.Context, f task.RunFilter, last string) (string, error) {
	query, args, err := runsQuery(f, last, 101)
	if err != nil {
		return "", err
	}
	return db.Explain(ctx, query, args...)
}

// ExplainQueue returns SQLite's plan for a page of the queue.
func (db *DB) ExplainQueue(ctx context.Context, target task.Target, after task.QueuePosition, without ...string) (string, error) {
	query, args := queueQuery(db.dialect, target, after, without, 100)
	return db.Explain(ctx, query, args...)
}

// ExplainTargets returns SQLite's plan for the targets that queued runs wait for.
func (db *DB) ExplainTargets(ctx context.Context) (string, error) {
	return db.Explain(ctx, targetsQuery(db.dialect))
}

// ExplainExpired returns SQLite's plan for the runs that have waited for too long.
func (db *DB) ExplainExpired(ctx context.Context) (string, error) {
	return db.Explain(ctx, expiredQuery(db.dialect), 1, 10)
}

// Statements that must be found through an index.
const (
	OpenStatement         = openAttempts + ` ORDER BY a.run`
	OpenOnStatement       = openAttempts + ` AND a.server = ? ORDER BY a.run`
	OpenRunsOfStatement   = openRunsOf
	RunsOnServerStatement = runsOnServer
	DeliveryStatement     = selectDelivery
	OrphansStatement      = selectOrphans
	HeadsStatement        = headsOfQueues
	LoadStatement         = loadOfTask
)

// SummaryStatements are the counts of a summary on SQLite. Their bounds are left open.
func SummaryStatements() []string {
	minutes, _ := minutesQuery(make([]task.MinuteOfRuns, 2))
	return []string{waitLongQuery(sqlite), countFailed, countLate, countDead, minutes, `SELECT count(*) FROM trigger t WHERE ` + sqlite.paused()}
}

// Waiting returns how many jobs wait for the writer.
func (db *DB) Waiting() int {
	db.writer.mu.Lock()
	defer db.writer.mu.Unlock()
	return len(db.writer.waiting)
}

// Prepared returns the distinct statements that the writer has run on SQLite.
func (db *DB) Prepared(ctx context.Context) (texts []string, err error) {
	err = db.update(ctx, func(t *tx) error {
		texts = slices.Collect(maps.Keys(t.session.prepared))
		return nil
	})
	return texts, err
}

// MigrateTo applies the embedded steps up to a version.
func (db *DB) MigrateTo(ctx context.Context, version int) error {
	steps, err := fs.Sub(migrations, "migration/"+db.dialect.String())
	if err != nil {
		return err
	}
	m, err := migratorOf(db.dialect, db.writing, steps)
	if err != nil {
		return err
	}
	_, err = m.provider.UpTo(ctx, int64(version))
	return err
}

// Connect connects to a database without bringing its schema up to date.
func Connect(ctx context.Context, url string) (*DB, error) {
	place, err := locate(url)
	if err != nil {
		return nil, err
	}
	db := &DB{dialect: place.dialect, place: place}
	return db, db.connect(ctx)
}

// Do runs a statement outside of the writer.
func (db *DB) Do(ctx context.Context, statement string) error {
	_, err := db.writing.ExecContext(ctx, statement)
	return err
}

// TaskCache is a cache of tasks.
type TaskCache struct{ cache taskCache }

func (c *TaskCache) Get(name string) (task.Task, bool, uint64) { return c.cache.get(name) }
func (c *TaskCache) Put(t task.Task, changes uint64)           { c.cache.put(t, changes) }
func (c *TaskCache) Forget()                                   { c.cache.forget() }

// ContentFolder returns the folder with the content of checkpoints, or "" on PostgreSQL.
func (db *DB) ContentFolder() string {
	if db.dialect == postgres {
		return ""
	}
	return db.place.file + contentEnding
}

// IsPostgres reports whether the store is on PostgreSQL.
func (db *DB) IsPostgres() bool { return db.dialect == postgres }
