package conductor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"connectrpc.com/connect"

	"github.com/segno-jobs/segno/archive"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
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
	// ArchiveNeeds returns what a version is needed for, without the job servers, and its hash.
	ArchiveNeeds(ctx context.Context, name, version string) (needs archive.Needs, sha256 string, err error)
	// DeleteArchiveVersion removes a version. Conflict while a task names it or an open run uses it, and, without force, while
	// an ended run could be taken up again with it.
	DeleteArchiveVersion(ctx context.Context, name, version string, force bool, now time.Time) error
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

// ArchiveNeeds returns what a version is needed for, and the job servers that have it on disk, by name.
func (c *Conductor) ArchiveNeeds(ctx context.Context, name, version string) (archive.Needs, error) {
	if c.options.Archives == nil {
		return archive.Needs{}, errNoArchives
	}
	needs, sum, err := c.options.Archives.ArchiveNeeds(ctx, name, version)
	if err == nil {
		needs.Servers = c.fleet.holding(sum)
	}
	return needs, err
}

// holding returns the names of the servers that have the archive of that hash on disk, in order.
func (f *fleet) holding(sum string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for _, name := range slices.Sorted(maps.Keys(f.hosts)) {
		if slices.Contains(f.hosts[name].archives, sum) {
			names = append(names, name)
		}
	}
	return names
}

// DeleteArchiveVersion removes a version of an archive that no task names and no open run uses, and that no ended run could be
// taken up again with unless force says so.
func (c *Conductor) DeleteArchiveVersion(ctx context.Context, name, version string, force bool) error {
	if c.options.Archives == nil {
		return errNoArchives
	}
	err := c.options.Archives.DeleteArchiveVersion(ctx, name, version, force, c.now())
	if err == nil {
		c.watch.eventsChanged()
	}
	return err
}

// foresee returns a spec with the content that its archive has now, so that it can be placed where that is already. The store
// settles what the run has. A spec without an archive costs nothing here.
func (c *Conductor) foresee(ctx context.Context, spec task.Spec) task.Spec {
	a := spec.Job.Archive
	if a == nil || a.Package != nil || c.options.Archives == nil {
		return spec
	}
	version := a.Version
	if a.Latest() {
		version = task.LatestVersion
	}
	v, err := c.options.Archives.ArchiveVersion(ctx, a.Name, version)
	if err != nil {
		return spec // It is only a preference.
	}
	foreseen := *a
	foreseen.Package = &task.Package{SHA256: v.SHA256, Size: v.Size}
	spec.Job.Archive = &foreseen
	return spec
}

// ArchivePiece reads a piece of the package that an open attempt on the server runs. It returns fault.Fenced for any other:
// an agent sees nothing but what it was told to run. NotFound tells that the version was deleted meanwhile.
func (c *Conductor) ArchivePiece(ctx context.Context, server string, ref task.Ref, offset int64) (data []byte, end bool, err error) {
	if c.options.Archives == nil {
		return nil, false, errNoArchives
	}
	run, err := c.store.Run(ctx, ref.Run)
	if err != nil {
		return nil, false, err
	}
	of := run.Spec.Job.Archive
	if of == nil || of.Package == nil || !mayAct(run, ref, server) {
		return nil, false, fmt.Errorf("attempt %d of run %s runs no archive on %s: %w", ref.Number, ref.Run, server, fault.Fenced)
	}
	content, v, err := c.options.Archives.ArchiveContent(ctx, of.Name, of.Version)
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	if v.SHA256 != of.Package.SHA256 {
		return nil, false, fmt.Errorf("version %s of archive %q was deleted, and uploaded anew with other content: %w", of.Version, of.Name, fault.NotFound)
	}
	return readPiece(content, v.Size, offset)
}

// mayAct reports whether the attempt is the one of its run that should act, on the server.
func mayAct(run task.Run, ref task.Ref, server string) bool {
	for _, a := range run.Attempts {
		if a.Number == ref.Number {
			return ref.Number == run.Attempt && a.Server == server && a.State.Open()
		}
	}
	return false
}

// readPiece reads a piece of a content of that many bytes.
func readPiece(content io.ReadSeeker, size, offset int64) (data []byte, end bool, err error) {
	if offset < 0 || offset > size {
		return nil, false, fault.Field("offset", "must be from 0 to %d", size)
	}
	if _, err := content.Seek(offset, io.SeekStart); err != nil {
		return nil, false, fmt.Errorf("read content: %w", err)
	}
	data = make([]byte, min(size-offset, task.MaxCheckpointChunk))
	if _, err := io.ReadFull(content, data); err != nil {
		return nil, false, fmt.Errorf("read content: %w", err)
	}
	return data, offset+int64(len(data)) == size, nil
}

// GetArchive reads a piece of the package that an attempt of the caller's runs.
func (a *agents) GetArchive(ctx context.Context, req *connect.Request[segnov1.GetArchiveRequest]) (*connect.Response[segnov1.GetArchiveResponse], error) {
	server, err := a.caller(ctx, req.Header())
	if err != nil {
		return nil, err
	}
	data, end, err := a.c.ArchivePiece(ctx, server, protocol.RefFromProto(req.Msg.GetAttempt()), req.Msg.GetOffset())
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(&segnov1.GetArchiveResponse{Data: data, End: end}), nil
}
