package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/segno-jobs/segno/archive"
	"github.com/segno-jobs/segno/internal/audit"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// archiveFolder begins the names of the contents of archives. It is no run's id.
const archiveFolder = "archive/"

// uploadPiece is how much of an archive is stored at once, and uploadsKept for how long an upload that was broken off stays
// in a database that other conductors may be working on.
const (
	uploadPiece = 1 << 20
	uploadsKept = 24 * time.Hour
)

// PutArchive stores the content of body as a version of an archive, durably and all of it or nothing, once it is known to
// be a package that can be unpacked. created is false where the version is there already with this content.
//
// Conflict for a version that has other content, and for a further one than archive.MaxVersions; TooLarge for content beyond
// the limits of package archive, Invalid for one that is no package, is damaged, or does not have the hash that the caller
// said. Nothing is read of body where the hash already tells the answer.
func (db *DB) PutArchive(ctx context.Context, u archive.Upload, body io.Reader, now time.Time) (v archive.Version, created bool, err error) {
	if err := u.Validate(); err != nil {
		return v, false, err
	}
	if v, known, err := knownVersion(db.view(ctx), u, u.SHA256); err != nil || known && u.SHA256 != "" {
		return v, false, err
	}
	up := upload{db: db, Upload: u, content: archiveFolder + rand.Text(), at: now}
	if v, created, err = up.run(ctx, body); err != nil {
		err = fmt.Errorf("store version %s of archive %q: %w", u.Version, u.Archive, err)
	}
	if !created {
		up.drop(ctx)
	}
	return v, created, err
}

// knownVersion returns the version if it is there. Conflict where its hash is another one than sum, of which an empty one is
// not known yet.
func knownVersion(r reader, u archive.Upload, sum string) (v archive.Version, known bool, err error) {
	v, err = readArchiveVersion(r, u.Archive, u.Version, "")
	switch {
	case isMissing(err):
		return archive.Version{}, false, nil
	case err != nil:
		return archive.Version{}, false, err
	case sum != "" && v.SHA256 != sum:
		return archive.Version{}, true, fmt.Errorf("version %s of archive %q is there already with other content (SHA-256 %s); a version never changes, so give this one another name: %w",
			u.Version, u.Archive, v.SHA256, fault.Conflict)
	}
	return v, true, nil
}

// upload is a package on its way into the store.
type upload struct {
	archive.Upload
	db      *DB
	content string
	at      time.Time
	begun   bool
}

func (up *upload) run(ctx context.Context, body io.Reader) (v archive.Version, created bool, err error) {
	// What is stored before the version itself is not what the operator wanted.
	quiet := audit.Without(ctx)
	size, sum, err := up.receive(quiet, body)
	if err != nil {
		return v, false, err
	}
	if up.SHA256 != "" && up.SHA256 != sum {
		return v, false, fault.Field("sha256", "is %s, but what arrived has %s", up.SHA256, sum)
	}
	if v, known, err := knownVersion(up.db.view(ctx), up.Upload, sum); err != nil || known {
		return v, false, err
	}
	manifest, err := up.inspect(quiet, size)
	if err != nil {
		return v, false, err
	}
	if err := up.db.packages.seal(quiet, up.content); err != nil {
		return v, false, err
	}
	v = archive.Version{
		Archive: up.Archive, Version: up.Version, Size: size, SHA256: sum, Manifest: manifest, UploadedAt: stored(up.at), UploadedBy: up.By,
	}
	err = up.db.update(ctx, func(t *tx) (err error) {
		created, err = up.commit(t, &v)
		return err
	})
	return v, created && err == nil, err
}

// receive stores what arrives piece by piece.
func (up *upload) receive(ctx context.Context, body io.Reader) (size int64, sum string, err error) {
	const insert = `INSERT INTO archive_content (name, size, sha256, whole, begun_at) VALUES (?, 0, '', 0, ?)`
	err = up.db.update(ctx, func(t *tx) error {
		_, err := t.exec(insert, up.content, micros(up.at))
		return err
	})
	if err != nil {
		return 0, "", err
	}
	up.begun = true
	hash, piece := sha256.New(), make([]byte, uploadPiece)
	for {
		n, err := fillUp(body, piece)
		if n > 0 {
			if size+int64(n) > archive.MaxSize {
				return 0, "", fmt.Errorf("an archive may have at most %s: %w", task.Bytes(archive.MaxSize), fault.TooLarge)
			}
			if err := up.db.packages.add(ctx, up.content, size, piece[:n]); err != nil {
				return 0, "", err
			}
			_, _ = hash.Write(piece[:n]) // It never fails.
			size += int64(n)
		}
		if err == io.EOF {
			return size, hex.EncodeToString(hash.Sum(nil)), nil
		}
		if err != nil {
			return 0, "", err
		}
	}
}

// fillUp reads until p is full or the reader says something. Unlike io.ReadFull it keeps apart what has ended and what was
// broken off.
func fillUp(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var more int
		more, err = r.Read(p[n:])
		n += more
	}
	return n, err
}

func (up *upload) inspect(ctx context.Context, size int64) (archive.Manifest, error) {
	content, err := up.db.packages.read(ctx, up.content, size)
	if err != nil {
		return archive.Manifest{}, err
	}
	defer content.Close()
	if at, is := content.(io.ReaderAt); is {
		return archive.Inspect(at, size)
	}
	return archive.Inspect(seekingReader{content}, size)
}

// seekingReader reads at any place, for one caller at a time.
type seekingReader struct{ io.ReadSeeker }

func (r seekingReader) ReadAt(p []byte, at int64) (int, error) {
	if _, err := r.Seek(at, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := io.ReadFull(r, p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return n, err
}

// commit makes the version, or finds that another upload of the same content was faster.
func (up *upload) commit(t *tx, v *archive.Version) (created bool, err error) {
	if _, err := t.exec(`INSERT INTO archive (name, numbered) VALUES (?, 0) ON CONFLICT (name) DO NOTHING`, v.Archive); err != nil {
		return false, err
	}
	var numbered int64
	if err := t.scan(`SELECT numbered FROM archive WHERE name = ?`+t.session.dialect.locked(), []any{v.Archive}, &numbered); err != nil {
		return false, err
	}
	there, known, err := knownVersion(t, up.Upload, v.SHA256)
	if err != nil || known {
		*v = there
		return false, err
	}
	var versions int
	if err := t.get(&versions, `SELECT count(*) FROM archive_version WHERE archive = ?`, v.Archive); err != nil {
		return false, err
	}
	if versions >= archive.MaxVersions {
		return false, fmt.Errorf("it has %d versions already; delete some: %w", versions, fault.Conflict)
	}
	v.Number = numbered + 1
	return true, insertArchiveVersion(t, v, up.content)
}

func insertArchiveVersion(t *tx, v *archive.Version, content string) error {
	manifest, err := encode(v.Manifest, "manifest of archive", v.Archive)
	if err != nil {
		return err
	}
	for _, do := range []struct {
		statement string
		args      []any
	}{
		{`UPDATE archive SET numbered = ? WHERE name = ?`, []any{v.Number, v.Archive}},
		{`UPDATE archive_content SET whole = 1, size = ?, sha256 = ? WHERE name = ?`, []any{v.Size, v.SHA256, content}},
		{`INSERT INTO archive_version (archive, version, number, content, size, sha256, manifest, uploaded_at, uploaded_by)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			[]any{v.Archive, v.Version, v.Number, content, v.Size, v.SHA256, manifest, micros(v.UploadedAt), clean(v.UploadedBy)}},
	} {
		n, err := t.exec(do.statement, do.args...)
		if err := hitOne(n, err); err != nil {
			return err
		}
	}
	return t.recordThing(v.UploadedAt, "archive.uploaded", v.Archive, "version "+v.Version)
}

// drop forgets what was received of an upload that came to nothing. What cannot be forgotten now goes when the store is
// opened again.
func (up *upload) drop(ctx context.Context) {
	if !up.begun {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(audit.Without(ctx)), 10*time.Second)
	defer cancel()
	err := up.db.update(ctx, func(t *tx) error {
		_, err := t.exec(`DELETE FROM archive_content WHERE name = ? AND whole = 0`, up.content)
		return err
	})
	if err == nil {
		err = up.db.packages.remove([]string{up.content})
	}
	if err != nil {
		up.db.logger.Warn("what was received of an archive could not be removed", "archive", up.Archive, "error", err)
	}
}

// sweepUploads forgets, before the writer starts, uploads that were broken off. On PostgreSQL another conductor may be
// receiving one.
func (db *DB) sweepUploads(ctx context.Context) error {
	const sweep = `DELETE FROM archive_content WHERE whole = 0`
	if db.dialect == sqlite {
		_, err := db.writing.ExecContext(ctx, sweep)
		return err
	}
	_, err := db.writing.ExecContext(ctx, db.dialect.bind(sweep+` AND begun_at < ?`), micros(time.Now().Add(-uploadsKept)))
	return err
}
