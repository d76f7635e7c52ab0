package conductor

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/segno-jobs/segno/archive"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
)

// ArchiveStore keeps archives: packages of jobs, in versions whose content never changes.
type ArchiveStore interface {
	// PutArchive stores what body has as a version; created is false where it is there already with this content. Conflict
	// where it has other content, TooLarge and Invalid for content that is no package.
	PutArchive(ctx context.Context, u archive.Upload, body io.Reader, now time.Time) (v archive.Version, created bool, err error)
	Archives(ctx context.Context, query string, p page.Request) (page.Of[archive.Summary], error)
	Archive(ctx context.Context, name string) (archive.Archive, error)
	// ArchiveVersion returns a version, of which task.LatestVersion is the one that was uploaded last.
	ArchiveVersion(ctx context.Context, name, version string) (archive.Version, error)
	// ArchiveContent opens the file of a version; the caller closes it, and ctx holds until then.
	ArchiveContent(ctx context.Context, name, version string) (io.ReadSeekCloser, archive.Version, error)
	// DeleteArchiveVersion removes a version. Conflict while a task names it or an open run uses it.
	DeleteArchiveVersion(ctx context.Context, name, version string, now time.Time) error
}

// maxArchiveUploads is how many archives are received at once.
const maxArchiveUploads = 4

var errNoArchives = fmt.Errorf("this conductor keeps no archives: %w", fault.Unavailable)

// PutArchive stores a version of an archive.
func (c *Conductor) PutArchive(ctx context.Context, u archive.Upload, body io.Reader) (v archive.Version, created bool, err error) {
	if c.options.Archives == nil {
		return v, false, errNoArchives
	}
	select {
	case c.archiveUploads <- struct{}{}:
		defer func() { <-c.archiveUploads }()
	default:
		return v, false, fmt.Errorf("%d archives are being uploaded already; try again later: %w", maxArchiveUploads, fault.Unavailable)
	}
	v, created, err = c.options.Archives.PutArchive(ctx, u, body, c.now())
	if created {
		c.watch.eventsChanged()
	}
	return v, created, err
}

// Archives returns archives by name, each with its newest version.
func (c *Conductor) Archives(ctx context.Context, query string, p page.Request) (page.Of[archive.Summary], error) {
	if c.options.Archives == nil {
		return page.Of[archive.Summary]{}, errNoArchives
	}
	return c.options.Archives.Archives(ctx, query, p)
}

// Archive returns an archive with its versions.
func (c *Conductor) Archive(ctx context.Context, name string) (archive.Archive, error) {
	if c.options.Archives == nil {
		return archive.Archive{}, errNoArchives
	}
	return c.options.Archives.Archive(ctx, name)
}

// ArchiveVersion returns a version of an archive, of which task.LatestVersion is the one that was uploaded last.
func (c *Conductor) ArchiveVersion(ctx context.Context, name, version string) (archive.Version, error) {
	if c.options.Archives == nil {
		return archive.Version{}, errNoArchives
	}
	return c.options.Archives.ArchiveVersion(ctx, name, version)
}

// ArchiveContent opens the file of a version; the caller closes it.
func (c *Conductor) ArchiveContent(ctx context.Context, name, version string) (io.ReadSeekCloser, archive.Version, error) {
	if c.options.Archives == nil {
		return nil, archive.Version{}, errNoArchives
	}
	return c.options.Archives.ArchiveContent(ctx, name, version)
}

// DeleteArchiveVersion removes a version of an archive that no task names and no open run uses.
func (c *Conductor) DeleteArchiveVersion(ctx context.Context, name, version string) error {
	if c.options.Archives == nil {
		return errNoArchives
	}
	err := c.options.Archives.DeleteArchiveVersion(ctx, name, version, c.now())
	if err == nil {
		c.watch.eventsChanged()
	}
	return err
}
