package api_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/segno-jobs/segno/archive"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
)

// packages are the archives of the fake, by name and version with a slash between.
type packages struct {
	packs map[string]storedPackage
	// needs is what each version is needed for.
	needs archive.Needs
}

type storedPackage struct {
	archive.Version
	content []byte
}

func (f *fake) PutArchive(_ context.Context, u archive.Upload, body io.Reader) (archive.Version, bool, error) {
	content, err := io.ReadAll(body)
	if err != nil {
		return archive.Version{}, false, err
	}
	manifest, err := archive.Inspect(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return archive.Version{}, false, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	sum := sha256.Sum256(content)
	v := archive.Version{
		Archive: u.Archive, Version: u.Version, Number: int64(len(f.packs) + 1), Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:]),
		Manifest: manifest, UploadedAt: time.Unix(1, 0), UploadedBy: u.By,
	}
	if u.SHA256 != "" && u.SHA256 != v.SHA256 {
		return v, false, fault.Field("sha256", "is another one")
	}
	key := u.Archive + "/" + u.Version
	if old, there := f.packs[key]; there {
		if old.SHA256 != v.SHA256 {
			return v, false, fmt.Errorf("it has other content: %w", fault.Conflict)
		}
		return old.Version, false, nil
	}
	if f.packs == nil {
		f.packs = map[string]storedPackage{}
	}
	f.packs[key] = storedPackage{v, content}
	return v, true, nil
}

func (f *fake) Archives(_ context.Context, query string, p page.Request) (page.Of[archive.Summary], error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := map[string]archive.Summary{}
	for _, v := range f.packs {
		if s := all[v.Archive]; v.Number > s.Latest.Number {
			all[v.Archive] = archive.Summary{Name: v.Archive, Versions: s.Versions + 1, Latest: v.Version}
		}
	}
	return paged(all, p, func(s archive.Summary) bool { return strings.Contains(s.Name, query) })
}

func (f *fake) Archive(_ context.Context, name string) (archive.Archive, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := archive.Archive{Name: name}
	for _, v := range f.packs {
		if v.Archive == name {
			a.Versions = append(a.Versions, v.Version)
		}
	}
	if len(a.Versions) == 0 {
		return a, fmt.Errorf("archive %q: %w", name, fault.NotFound)
	}
	return a, nil
}

func (f *fake) ArchiveVersion(_ context.Context, name, version string) (archive.Version, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, err := f.packed(name, version)
	return p.Version, err
}

// packed returns a version, of which latest is the one with the highest number.
func (f *fake) packed(name, version string) (newest storedPackage, err error) {
	for _, v := range f.packs {
		if v.Archive == name && (v.Version.Version == version || version == task.LatestVersion) && v.Number > newest.Number {
			newest = v
		}
	}
	if newest.Number == 0 {
		return newest, fmt.Errorf("version %q of archive %q: %w", version, name, fault.NotFound)
	}
	return newest, nil
}

func (f *fake) ArchiveContent(_ context.Context, name, version string) (io.ReadSeekCloser, archive.Version, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, err := f.packed(name, version)
	return &memoryFile{Reader: bytes.NewReader(p.content)}, p.Version, err
}

func (f *fake) ArchiveNeeds(_ context.Context, name, version string) (archive.Needs, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, err := f.packed(name, version)
	return f.needs, err
}

func (f *fake) DeleteArchiveVersion(_ context.Context, name, version string, force bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, err := f.packed(name, version)
	if err == nil && f.needs.Recoverable.Count > 0 && !force {
		return fmt.Errorf("a run needs it: %w", fault.Conflict)
	}
	delete(f.packs, p.Archive+"/"+p.Version.Version)
	return err
}

type memoryFile struct{ *bytes.Reader }

func (*memoryFile) Close() error { return nil }
