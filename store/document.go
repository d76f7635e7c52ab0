package store

import (
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
)

// documents is a table of what operators write: each has a name, its spec as JSON, and a version that counts edits from 1.
// What else belongs to one, such as the members of a group, stands with its subject.
type documents[T any] struct {
	// table has the columns of documentRow; noun names one of its documents in errors.
	table, noun string
	// of is the document that a row holds.
	of func(documentRow) (T, error)
}

type documentRow struct {
	Name      string
	Spec      string
	Version   int64
	CreatedAt int64 `db:"created_at"`
	UpdatedAt int64 `db:"updated_at"`
}

const documentColumns = `name, spec, version, created_at, updated_at`

// read returns the document with that name, or fault.NotFound. lock is added to the query.
func (d documents[T]) read(r reader, name, lock string) (document T, err error) {
	row, err := d.row(r, name, lock)
	if err != nil {
		return document, err
	}
	return d.of(row)
}

func (d documents[T]) row(r reader, name, lock string) (row documentRow, err error) {
	err = r.get(&row, `SELECT `+documentColumns+` FROM `+d.table+` WHERE name = ?`+lock, name)
	if isNone(err) {
		err = notFound(d.noun, name)
	}
	return row, err
}

// hold keeps others from changing a document before the transaction ends. Conflict unless version is 0 or that of the
// document.
func (d documents[T]) hold(t *tx, name string, version int64) error {
	row, err := d.row(t, name, t.session.dialect.locked())
	if err != nil {
		return err
	}
	return checkVersion(d.noun, name, version, row.Version)
}

// list returns one document more than the page holds, by name, of those that meet the conditions and come after last.
func (d documents[T]) list(r reader, c conditions, last string, p page.Request) ([]T, error) {
	if last != "" {
		c.add("name > ?", last)
	}
	query := `SELECT ` + documentColumns + ` FROM ` + d.table + c.where() + fmt.Sprintf(` ORDER BY name LIMIT %d`, p.Size()+1)
	var rows []documentRow
	if err := r.all(&rows, query, c.args...); err != nil {
		return nil, err
	}
	return each(rows, d.of)
}

// insert stores a document. Conflict for a name that is taken.
func (d documents[T]) insert(t *tx, name, spec string, now time.Time) error {
	n, err := t.exec(`
		INSERT INTO `+d.table+` (name, spec, version, created_at, updated_at) VALUES (?, ?, 1, ?, ?)
		ON CONFLICT (name) DO NOTHING`, name, spec, micros(now), micros(now))
	if err == nil && n == 0 {
		err = fmt.Errorf("the name is taken: %w", fault.Conflict)
	}
	return err
}

// update stores the next version of a document. Conflict where version is not the stored one.
func (d documents[T]) update(t *tx, name, spec string, version int64, now time.Time) error {
	n, err := t.exec(`UPDATE `+d.table+` SET spec = ?, version = ?, updated_at = ? WHERE name = ? AND version = ?`,
		spec, version+1, micros(now), name, version)
	if err == nil && n != 1 {
		err = fmt.Errorf("it was changed meanwhile: %w", fault.Conflict)
	}
	return err
}

func (d documents[T]) delete(t *tx, name string) error {
	_, err := t.exec(`DELETE FROM `+d.table+` WHERE name = ?`, name)
	return err
}
