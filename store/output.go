package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

const (
	// maxChunk is about how many bytes of output stand in one row, so that a reader of little does not load much.
	maxChunk = 256 << 10
	// maxRead is the most bytes that one call of Output returns, defaultRead what it returns if the caller does not say.
	maxRead     = 4 << 20
	defaultRead = 64 << 10
	// maxStored is the most output that is kept of an attempt, whatever its guard sends; the guard cuts earlier, behind
	// a mark, and the mark needs a little room.
	maxStored = task.MaxOutputLimit + 1<<20
)

// chunk is one row of output: the bytes of some pieces, and the index that tells them apart. The index has, for each
// piece, its stream, the microseconds since the piece before (the first: since 1970) and its length, as varints.
type chunk struct {
	start  int64
	pieces []byte
	data   []byte
}

// chunker gathers the output of one delivery into chunks.
type chunker struct {
	ref task.Ref
	// at is the position in the attempt's output at which the next piece stands.
	at     int64
	stored int64
	chunks []chunk
	lastAt int64
}

func (c *chunker) add(at time.Time, out task.OutputRecord) {
	if len(out.Data) == 0 || c.at+int64(len(out.Data)) > maxStored {
		return
	}
	if len(c.chunks) == 0 || len(c.chunks[len(c.chunks)-1].data)+len(out.Data) > maxChunk {
		c.chunks = append(c.chunks, chunk{start: c.at})
		c.lastAt = 0
	}
	last := &c.chunks[len(c.chunks)-1]
	us := micros(at)
	last.pieces = binary.AppendUvarint(last.pieces, uint64(out.Stream))
	last.pieces = binary.AppendVarint(last.pieces, us-c.lastAt)
	last.pieces = binary.AppendUvarint(last.pieces, uint64(len(out.Data)))
	last.data = append(last.data, out.Data...)
	c.lastAt = us
	c.at += int64(len(out.Data))
	c.stored += int64(len(out.Data))
}

const insertOutput = `INSERT INTO output (run, attempt, start, pieces, data) VALUES (?, ?, ?, ?, ?)`

func (c *chunker) write(t *tx) error {
	for _, k := range c.chunks {
		if _, err := t.exec(insertOutput, string(c.ref.Run), c.ref.Number, k.start, k.pieces, k.data); err != nil {
			return err
		}
	}
	return nil
}

var errBrokenIndex = errors.New("the index of a piece of stored output is broken")

// split returns the pieces of a chunk.
func (k chunk) split() ([]task.OutputPiece, error) {
	var all []task.OutputPiece
	index, data, at := k.pieces, k.data, int64(0)
	for len(index) > 0 {
		stream, n := binary.Uvarint(index)
		if n <= 0 {
			return nil, errBrokenIndex
		}
		since, m := binary.Varint(index[n:])
		if m <= 0 {
			return nil, errBrokenIndex
		}
		length, l := binary.Uvarint(index[n+m:])
		if l <= 0 || length > uint64(len(data)) {
			return nil, errBrokenIndex
		}
		at += since
		all = append(all, task.OutputPiece{At: instant(at), Stream: task.Stream(stream), Data: data[:length:length]})
		index, data = index[n+m+l:], data[length:]
	}
	return all, nil
}

// selectOutput begins with the chunk in which the offset lies. A chunk holds at least a byte, so limit bytes lie in at
// most limit chunks; how many are read is decided while reading.
const selectOutput = `
	SELECT start, pieces, data FROM output
	WHERE run = ? AND attempt = ? AND start >= COALESCE(
		(SELECT max(start) FROM output WHERE run = ? AND attempt = ? AND start <= ?), 0)
	ORDER BY start LIMIT 4096`

// Output returns up to limit bytes of an attempt's output from the offset on (at most 4 MiB; 64 KiB for a limit of 0),
// and whether the attempt has ended and all of its output up to the end of what is returned was read. A piece that the
// offset or the limit cuts through comes in parts. At or after the end of what is stored there are no pieces.
func (db *DB) Output(ctx context.Context, ref task.Ref, offset int64, limit int) (out task.Output, end bool, err error) {
	if offset < 0 {
		return out, false, fault.Field("offset", "must not be negative")
	}
	if limit <= 0 {
		limit = defaultRead
	}
	out.Offset = offset
	v := db.view(ctx)
	// The attempt is read first: output that comes between the two reads belongs to an attempt that had not ended.
	var a struct {
		LogBytes int64 `db:"log_bytes"`
		Ended    bool
	}
	const attempt = `SELECT log_bytes, ended_at IS NOT NULL AS ended FROM attempt WHERE run = ? AND number = ?`
	if err := v.get(&a, attempt, string(ref.Run), ref.Number); isNone(err) {
		return out, false, fmt.Errorf("read output: %w", notFound("attempt", fmt.Sprintf("%s/%d", ref.Run, ref.Number)))
	} else if err != nil {
		return out, false, fmt.Errorf("read output: %w", err)
	}
	read := int64(0)
	if offset < a.LogBytes {
		if out.Lines, read, err = readOutput(v, ref, offset, min(limit, maxRead, int(min(a.LogBytes-offset, maxRead)))); err != nil {
			return out, false, fmt.Errorf("read output of attempt %d of run %s: %w", ref.Number, ref.Run, err)
		}
	}
	return out, a.Ended && offset+read >= a.LogBytes, nil
}

func readOutput(v view, ref task.Ref, offset int64, limit int) (pieces []task.OutputPiece, read int64, err error) {
	run := string(ref.Run)
	rows, err := v.rows(selectOutput, run, ref.Number, run, ref.Number, offset)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for read < int64(limit) && rows.Next() {
		var k chunk
		if err := rows.Scan(&k.start, &k.pieces, &k.data); err != nil {
			return nil, 0, v.explain(err)
		}
		all, err := k.split()
		if err != nil {
			return nil, 0, err
		}
		skip := offset + read - k.start
		for _, p := range all {
			size := int64(len(p.Data))
			if skip >= size {
				skip -= size
				continue
			}
			p.Data = p.Data[skip:]
			skip = 0
			if room := int64(limit) - read; int64(len(p.Data)) > room {
				p.Data = p.Data[:room]
			}
			if len(p.Data) == 0 {
				break
			}
			pieces = append(pieces, p)
			read += int64(len(p.Data))
		}
	}
	return pieces, read, v.explain(rows.Err())
}
