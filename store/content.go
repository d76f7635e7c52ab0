package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// contents keeps content outside of the tables that are always in use: files beside a SQLite database, pieces in a table
// of PostgreSQL. The table content says what there is, and whether it is whole. A name has two parts, joined by a slash.
//
// What is not whole carries no promise: it may be gone after the store was opened again.
type contents interface {
	// received returns how much of a content there is.
	received(ctx context.Context, name string) (int64, error)
	// add appends a piece at the offset, which is what was received so far. An error leaves the content as it was.
	add(ctx context.Context, name string, offset int64, data []byte) error
	// read opens what was received of a content that is not whole yet.
	read(ctx context.Context, name string, size int64) (io.ReadSeekCloser, error)
	// seal makes a content durable of which everything was received.
	seal(ctx context.Context, name string) error
	// open opens a content that is whole.
	open(ctx context.Context, name string, size int64) (io.ReadSeekCloser, error)
	// remove forgets contents whose rows are gone.
	remove(names []string) error
	// sweep removes what has no row. It runs before anything else does.
	sweep(ctx context.Context) error
	close() error
}

// contentOf names the content of a checkpoint. An attempt that numbers its checkpoints as a fenced one has done gets
// content of its own.
func contentOf(c task.Checkpoint) string {
	return string(c.Run) + "/" + strconv.Itoa(c.Sequence) + "-" + strconv.Itoa(c.Attempt)
}

// sweepContent forgets, before the writer starts, content that nobody will ask for: of attempts that have ended, without a
// checkpoint to which it belongs.
func (db *DB) sweepContent(ctx context.Context) error {
	const sweep = `DELETE FROM content WHERE ` + orphaned + ` AND NOT EXISTS
		(SELECT 1 FROM attempt a WHERE a.run = content.run AND a.number = content.attempt AND a.ended_at IS NULL)`
	_, err := db.writing.ExecContext(ctx, sweep)
	if err == nil {
		err = db.sweepUploads(ctx)
	}
	if err == nil {
		err = db.contents.sweep(ctx)
	}
	if err != nil {
		return fmt.Errorf("sweep the content store: %w", err)
	}
	return nil
}

// orphaned is true of a content that belongs to no visible checkpoint.
const orphaned = `
	NOT EXISTS (SELECT 1 FROM checkpoint k
		WHERE k.run = content.run AND k.sequence = content.sequence AND k.attempt = content.attempt)`

// contentRow is a row of the table content.
type contentRow struct {
	Size   int64
	SHA256 string
	Whole  bool
}

func readContent(r reader, name string) (row contentRow, err error) {
	return row, r.get(&row, `SELECT size, sha256, whole = 1 AS whole FROM content WHERE name = ?`, name)
}

func (db *DB) wholeContents(ctx context.Context) (names []string, err error) {
	rows, err := db.view(ctx).rows(`SELECT name FROM content WHERE whole = 1 UNION ALL SELECT name FROM archive_content WHERE whole = 1`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// nameLocks lets one goroutine at a time work on a name.
type nameLocks struct {
	mu   sync.Mutex
	held map[string]*nameLock
}

type nameLock struct {
	mu    sync.Mutex
	users int
}

// lock waits for the name, and returns what gives it free again.
func (l *nameLocks) lock(name string) (unlock func()) {
	l.mu.Lock()
	if l.held == nil {
		l.held = map[string]*nameLock{}
	}
	k := l.held[name]
	if k == nil {
		k = &nameLock{}
		l.held[name] = k
	}
	k.users++
	l.mu.Unlock()
	k.mu.Lock()
	return func() {
		k.mu.Unlock()
		l.mu.Lock()
		defer l.mu.Unlock()
		if k.users--; k.users == 0 {
			delete(l.held, name)
		}
	}
}

// PutContent stores a piece of a checkpoint's content and returns how much of it is there, from where the next piece is
// to go on. What is there already is passed over, and so is a piece behind a gap; so the same call may be repeated. Of c
// the Sequence, Size and SHA256 count. Content of no bytes takes one call without data.
//
// Fenced for an attempt that may not act any more; Conflict for a sequence that has other content, or that is older than
// the run's newest checkpoint; TooLarge beyond the limits. When all of it is there, its hash is checked: content with
// another hash is dropped, and the error is Invalid. Whole content is durable, and is visible once its record is
// delivered.
func (db *DB) PutContent(ctx context.Context, server string, ref task.Ref, c task.Checkpoint, offset int64, data []byte) (received int64, err error) {
	c.Run, c.Attempt = ref.Run, ref.Number
	if err := checkContent(c, offset, data); err != nil {
		return 0, err
	}
	name := contentOf(c)
	defer db.busy.lock(name)()
	received, err = db.putContent(ctx, server, c, name, offset, data)
	if err != nil {
		return received, fmt.Errorf("store the content of checkpoint %d of run %s: %w", c.Sequence, c.Run, err)
	}
	return received, nil
}

// maxSequence is far more than the attempts of a run can count up to.
const maxSequence = 1 << 30

func checkContent(c task.Checkpoint, offset int64, data []byte) error {
	sum, err := hex.DecodeString(c.SHA256)
	switch {
	case c.Sequence < 1 || c.Sequence > maxSequence:
		return fault.Field("sequence", "must be from 1 to %d, not %d", maxSequence, c.Sequence)
	case err != nil || len(sum) != sha256.Size || hex.EncodeToString(sum) != c.SHA256:
		return fault.Field("sha256", "must be 64 lower-case hexadecimal digits")
	case c.Size < 0 || offset < 0:
		return fault.Field("size", "and offset must not be negative")
	case c.Size > task.MaxCheckpointSize:
		return fmt.Errorf("a checkpoint of %d bytes is over the limit of %d: %w", c.Size, task.MaxCheckpointSize, fault.TooLarge)
	case len(data) > task.MaxCheckpointChunk:
		return fmt.Errorf("a piece of %d bytes is over the limit of %d: %w", len(data), task.MaxCheckpointChunk, fault.TooLarge)
	case offset+int64(len(data)) > c.Size:
		return fmt.Errorf("the content is longer than the %d bytes that it was announced with: %w", c.Size, fault.TooLarge)
	}
	return nil
}

// putContent does it for a checked piece, while nobody else works on that content.
func (db *DB) putContent(ctx context.Context, server string, c task.Checkpoint, name string, offset int64, data []byte) (int64, error) {
	whole, begun, err := mayPut(db.view(ctx), server, c, name, "")
	if err == nil && !begun {
		err = db.update(ctx, func(t *tx) error { return beginContent(t, server, c, name) })
	}
	if err != nil || whole {
		return c.Size, err
	}
	received, err := db.contents.received(ctx, name)
	if err != nil {
		return 0, err
	}
	if skip := received - offset; skip >= 0 && skip < int64(len(data)) {
		if err := db.contents.add(ctx, name, received, data[skip:]); err != nil {
			return received, err
		}
		received += int64(len(data)) - skip
	}
	if received < c.Size {
		return received, nil
	}
	return received, db.finishContent(ctx, c, name)
}

// mayPut returns an error unless the attempt may store that content. whole is true where all of it is stored, begun
// where some of it may be. locked is dialect.locked where the transaction goes on to write.
func mayPut(r reader, server string, c task.Checkpoint, name, locked string) (whole, begun bool, err error) {
	var a struct {
		Server      string
		Open        bool
		Newest      bool
		Checkpoints int
	}
	const query = `
		SELECT a.server, a.ended_at IS NULL AND a.state <> 'offered' AS open, r.attempt = a.number AS newest, a.checkpoints
		FROM attempt a JOIN run r ON r.id = a.run WHERE a.run = ? AND a.number = ?`
	err = r.get(&a, query+locked, string(c.Run), c.Attempt)
	switch {
	case isNone(err):
		return false, false, fault.Fenced
	case err != nil:
		return false, false, err
	case a.Server != server || !a.Open || !a.Newest:
		return false, false, fault.Fenced
	}
	if shown, err := readCheckpoint(r, c.Run, c.Sequence); err == nil {
		if shown.SHA256 != c.SHA256 || shown.Size != c.Size {
			return false, false, errOtherContent
		}
		return true, true, nil
	} else if !isMissing(err) {
		return false, false, err
	}
	if err := task.CheckCheckpointNumber(a.Checkpoints); err != nil {
		return false, false, err
	}
	last, err := lastCheckpoint(r, c.Run)
	if err != nil {
		return false, false, err
	}
	if last > c.Sequence {
		return false, false, fmt.Errorf("the run has checkpoint %d already: %w", last, fault.Conflict)
	}
	row, err := readContent(r, name)
	switch {
	case isNone(err):
		return false, false, nil
	case err != nil:
		return false, false, err
	case row.SHA256 != c.SHA256 || row.Size != c.Size:
		return false, false, errOtherContent
	}
	return row.Whole, true, nil
}

// lasting reports whether an error of mayPut says that the content will never be taken.
func lasting(err error) bool {
	return errors.Is(err, fault.Conflict) || errors.Is(err, fault.TooLarge) || errors.Is(err, fault.Invalid)
}

var errOtherContent = fmt.Errorf("it has other content: %w", fault.Conflict)

// beginContent writes the row of a content of which nothing is stored yet.
func beginContent(t *tx, server string, c task.Checkpoint, name string) error {
	_, begun, err := mayPut(t, server, c, name, t.session.dialect.locked())
	if err != nil || begun {
		return err
	}
	const insert = `INSERT INTO content (name, run, sequence, attempt, size, sha256, whole) VALUES (?, ?, ?, ?, ?, ?, 0)`
	_, err = t.exec(insert, name, string(c.Run), c.Sequence, c.Attempt, c.Size, c.SHA256)
	return err
}

// finishContent checks the hash of a content of which everything was received, and notes that it is whole and durable,
// or drops it.
func (db *DB) finishContent(ctx context.Context, c task.Checkpoint, name string) error {
	if err := db.checkHash(ctx, c, name); err != nil {
		if errors.Is(err, fault.Invalid) {
			err = errors.Join(err, db.dropContent(ctx, name))
		}
		return err
	}
	if err := db.contents.seal(ctx, name); err != nil {
		return err
	}
	return db.update(ctx, func(t *tx) error {
		n, err := t.exec(`UPDATE content SET whole = 1 WHERE name = ? AND sha256 = ?`, name, c.SHA256)
		return hitOne(n, err)
	})
}

func (db *DB) checkHash(ctx context.Context, c task.Checkpoint, name string) error {
	content, err := db.contents.read(ctx, name, c.Size)
	if err != nil {
		return err
	}
	defer content.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, content); err != nil {
		return fmt.Errorf("read what was received: %w", err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != c.SHA256 {
		return fmt.Errorf("what was received has the hash %s, not %s: %w", got, c.SHA256, fault.Invalid)
	}
	return nil
}

// dropContent forgets a content, so that it may be sent again.
func (db *DB) dropContent(ctx context.Context, name string) error {
	err := db.update(ctx, func(t *tx) error {
		_, err := t.exec(`DELETE FROM content WHERE name = ?`, name)
		return err
	})
	if err != nil {
		return err
	}
	return db.contents.remove([]string{name})
}

// removeContents forgets contents whose rows are gone. What cannot be removed now goes when the store is opened again.
func (db *DB) removeContents(names []string) {
	if len(names) == 0 {
		return
	}
	if err := db.contents.remove(names); err != nil {
		db.logger.Warn("could not remove the content of old checkpoints", "error", err)
	}
}
