package store

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/segno-jobs/segno/internal/fault"
)

// contentPieces keeps contents as rows of a PostgreSQL table. They go with the row of their content.
type contentPieces struct {
	db *DB
	// table has the pieces.
	table string
}

// The tables with the pieces of checkpoints and of archives.
const (
	checkpointPieces = "content_piece"
	archivePieces    = "archive_piece"
)

func (c *contentPieces) received(ctx context.Context, name string) (n int64, err error) {
	end := `SELECT COALESCE(max(start + length(data)), 0) FROM ` + c.table + ` WHERE content = ?`
	return n, c.db.view(ctx).get(&n, end, name)
}

func (c *contentPieces) add(ctx context.Context, name string, offset int64, data []byte) error {
	// Another conductor may have added the piece meanwhile: then this one changes nothing.
	insert := `INSERT INTO ` + c.table + ` (content, start, data) VALUES (?, ?, ?) ON CONFLICT (content, start) DO NOTHING`
	return c.db.update(ctx, func(t *tx) error {
		_, err := t.exec(insert, name, offset, data)
		return err
	})
}

func (c *contentPieces) read(ctx context.Context, name string, size int64) (io.ReadSeekCloser, error) {
	return &pieceReader{view: c.db.view(ctx), table: c.table, name: name, size: size}, nil
}

func (c *contentPieces) open(ctx context.Context, name string, size int64) (io.ReadSeekCloser, error) {
	return c.read(ctx, name, size)
}

// seal has nothing to do: each piece was durable when it was added.
func (c *contentPieces) seal(context.Context, string) error { return nil }

func (c *contentPieces) remove([]string) error { return nil }

func (c *contentPieces) sweep(context.Context) error { return nil }

func (c *contentPieces) close() error { return nil }

// pieceReader reads a content piece by piece.
type pieceReader struct {
	view  view
	table string
	name  string
	size  int64
	at    int64
	// piece holds the bytes from start on that were read last.
	piece []byte
	start int64
}

var errSeek = errors.New("seek to before the beginning of a content")

func (r *pieceReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if r.at >= r.size {
		return 0, io.EOF
	}
	if r.at < r.start || r.at >= r.start+int64(len(r.piece)) {
		if err := r.load(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.piece[r.at-r.start:])
	r.at += int64(n)
	return n, nil
}

// load reads the piece in which the position lies.
func (r *pieceReader) load() error {
	var row struct {
		Start int64
		Data  []byte
	}
	query := `SELECT start, data FROM ` + r.table + ` WHERE content = ? AND start <= ? ORDER BY start DESC LIMIT 1`
	err := r.view.get(&row, query, r.name, r.at)
	if err != nil && !isNone(err) {
		return fmt.Errorf("read content: %w", err)
	}
	if r.at >= row.Start+int64(len(row.Data)) {
		return fmt.Errorf("read content: it was removed: %w", fault.NotFound)
	}
	r.start, r.piece = row.Start, row.Data
	return nil
}

func (r *pieceReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, errSeek
	}
	r.at = offset
	return offset, nil
}

func (r *pieceReader) Close() error { return nil }
