package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// packageCache keeps archives on disk by their hash, so that each is fetched once. A file has its plain name once it is whole
// and on disk; it is checked each time that it is used, and removed where it is not what it was. The ones that were used
// longest ago go when all together are over the limit. An attempt has a name of its own for its file, which nothing that the
// cache does takes from it.
type packageCache struct {
	folder string
	limit  int64
	log    *slog.Logger

	mu sync.Mutex
	// busy has the files that are being worked on, each with a lock and how many want it.
	busy map[string]*busyPackage
	// newest are the hashes of the files, the one that was used last first, as heartbeats name them.
	newest []string
}

// held returns the hashes of the archives that are kept, those that were used last first.
func (c *packageCache) held() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.newest
}

type busyPackage struct {
	mu    sync.Mutex
	users int
}

const (
	// DefaultArchiveCache is how many bytes of archives an agent keeps.
	DefaultArchiveCache = 4 << 30
	packageFolder       = "archives"
	partSuffix          = ".part"
)

func newPackageCache(data string, limit int64, log *slog.Logger) *packageCache {
	if limit == 0 {
		limit = DefaultArchiveCache
	}
	return &packageCache{folder: filepath.Join(data, packageFolder), limit: limit, log: log, busy: map[string]*busyPackage{}}
}

// open removes what an earlier agent had begun to fetch, and what is over the limit.
func (c *packageCache) open() {
	parts, err := filepath.Glob(filepath.Join(c.folder, "*"+partSuffix))
	for _, part := range parts {
		err = errors.Join(err, os.Remove(part))
	}
	if err != nil {
		c.log.Warn("what an earlier agent had begun to fetch could not be removed", "error", err)
	}
	c.evict()
}

// take makes the file at path that of the package: from the cache, or with what fetch writes. An error of fetch is returned as
// it is; one of the host's own disk is a *localError.
func (c *packageCache) take(p task.Package, path string, fetch func(io.Writer) error) error {
	defer c.lock(p.SHA256)()
	file := filepath.Join(c.folder, p.SHA256)
	if !c.holds(file, p) {
		if err := c.fill(file, p, fetch); err != nil {
			return err
		}
	}
	defer c.evict()
	now := time.Now()
	if err := os.Chtimes(file, now, now); err != nil {
		return &localError{err}
	}
	if err := link(file, path); err != nil {
		return &localError{fmt.Errorf("give an archive to its attempt: %w", err)}
	}
	return nil
}

// localError is one of the host itself: the conductor cannot mend it.
type localError struct{ error }

func (e *localError) Unwrap() error { return e.error }

// holds reports whether the file is there and is what its name says. One that is not is removed.
func (c *packageCache) holds(file string, p task.Package) bool {
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	hash := sha256.New()
	n, err := io.Copy(hash, f)
	if err == nil && n == p.Size && hex.EncodeToString(hash.Sum(nil)) == p.SHA256 {
		return true
	}
	c.log.Warn("an archive on disk was damaged; it is fetched again", "sha256", p.SHA256, "error", err)
	if err := os.Remove(file); err != nil {
		c.log.Warn("a damaged archive could not be removed", "error", err)
	}
	return false
}

// fill fetches a package into a file, checks it, and brings it to disk before it has its name.
func (c *packageCache) fill(file string, p task.Package, fetch func(io.Writer) error) (err error) {
	if err := os.MkdirAll(c.folder, 0o700); err != nil {
		return &localError{err}
	}
	part := file + partSuffix
	f, err := os.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o400)
	if err != nil {
		return &localError{err}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(part))
		}
	}()
	out := &packageWriter{file: f, hash: sha256.New(), left: p.Size}
	err = fetch(out)
	if err == nil && (out.left != 0 || hex.EncodeToString(out.hash.Sum(nil)) != p.SHA256) {
		err = fmt.Errorf("its content is not what was stored: %w", fault.Invalid)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close(), os.Rename(part, file)); err != nil {
		return &localError{fmt.Errorf("keep an archive: %w", err)}
	}
	if err := syncFolder(c.folder); err != nil {
		return &localError{fmt.Errorf("keep an archive: %w", err)}
	}
	return nil
}

// packageWriter writes at most what a package is to have.
type packageWriter struct {
	file io.Writer
	hash hash.Hash
	left int64
}

func (w *packageWriter) Write(data []byte) (int, error) {
	if w.left -= int64(len(data)); w.left < 0 {
		return 0, fmt.Errorf("its content is longer than what was stored: %w", fault.Invalid)
	}
	_, _ = w.hash.Write(data) // It never fails.
	n, err := w.file.Write(data)
	if err != nil {
		err = &localError{err}
	}
	return n, err
}

// lock waits until nobody else works on a file, and returns what gives it free again.
func (c *packageCache) lock(sum string) (unlock func()) {
	c.mu.Lock()
	b := c.busy[sum]
	if b == nil {
		b = &busyPackage{}
		c.busy[sum] = b
	}
	b.users++
	c.mu.Unlock()
	b.mu.Lock()
	return func() {
		b.mu.Unlock()
		c.mu.Lock()
		defer c.mu.Unlock()
		if b.users--; b.users == 0 {
			delete(c.busy, sum)
		}
	}
}

// keptPackage is a file of the cache.
type keptPackage struct {
	sum  string
	size int64
	used time.Time
}

// kept lists the files, the one that was used last first.
func (c *packageCache) kept() ([]keptPackage, error) {
	entries, err := os.ReadDir(c.folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []keptPackage
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || strings.HasSuffix(e.Name(), partSuffix) {
			continue // It has gone meanwhile, or is none.
		}
		all = append(all, keptPackage{sum: e.Name(), size: info.Size(), used: info.ModTime()})
	}
	slices.SortFunc(all, func(a, b keptPackage) int { return b.used.Compare(a.used) })
	return all, nil
}

// evict removes the files that were used longest ago until the others fit, and notes which are left. One that is being worked
// on stays.
func (c *packageCache) evict() {
	all, err := c.kept()
	if err != nil {
		c.log.Warn("the archives on disk could not be listed", "error", err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var total int64
	c.newest = nil
	for _, p := range all {
		if total += p.size; total <= c.limit || c.busy[p.sum] != nil {
			if len(c.newest) < jobserver.MaxBeatArchives {
				c.newest = append(c.newest, p.sum)
			}
			continue
		}
		if err := os.Remove(filepath.Join(c.folder, p.sum)); err != nil {
			c.log.Warn("an archive could not be removed", "sha256", p.sum, "error", err)
			continue
		}
		total -= p.size
	}
}

// link gives a file a second name, or makes a copy where the file system has no such names.
func link(file, path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if os.Link(file, path) == nil {
		return nil
	}
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o400)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
