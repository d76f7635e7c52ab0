package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/archive"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
)

// ArchiveService is about archives: packages of jobs, in versions whose content never changes.
type ArchiveService interface {
	// PutArchive stores what body has as a version; created is false where it is there already with this content.
	PutArchive(ctx context.Context, u archive.Upload, body io.Reader) (v archive.Version, created bool, err error)
	Archives(ctx context.Context, query string, p page.Request) (page.Of[archive.Summary], error)
	Archive(ctx context.Context, name string) (archive.Archive, error)
	// ArchiveVersion returns a version, of which task.LatestVersion is the one that was uploaded last.
	ArchiveVersion(ctx context.Context, name, version string) (archive.Version, error)
	// ArchiveContent opens the file of a version; the caller closes it.
	ArchiveContent(ctx context.Context, name, version string) (io.ReadSeekCloser, archive.Version, error)
	// ArchiveNeeds returns what a version is needed for.
	ArchiveNeeds(ctx context.Context, name, version string) (archive.Needs, error)
	// DeleteArchiveVersion removes a version. Conflict while a task names it or an open run uses it, and, without force, while
	// an ended run could be taken up again with it.
	DeleteArchiveVersion(ctx context.Context, name, version string, force bool) error
}

// archiveRoutes are the routes of archives.
func (s *Server) archiveRoutes() []route {
	const version = "/archives/{name}/versions/{version}"
	packed := []string{archive.Zip.MediaType(), archive.TarGz.MediaType(), "application/octet-stream"}
	return []route{
		get("/archives", "listArchives", s.listArchives, "List archives by name, each with its newest version").takes("q", "limit", "cursor").gives(wire.Page[wire.ArchiveSummary]{}),
		get("/archives/{name}", "getArchive", s.getArchive, "Read an archive with its versions, the newest first").gives(wire.ArchiveDetail{}),
		get(version, "getArchiveVersion", s.getArchiveVersion, "Read a version of an archive; latest is the one that was uploaded last").gives(wire.ArchiveVersion{}),
		put(version, "putArchiveVersion", s.putArchiveVersion, "Upload a version of an archive, a zip or tar.gz; the same content again changes nothing").takes("sha256").receives(packed...).creates(wire.ArchiveVersion{}).isAudited(),
		remove(version, "deleteArchiveVersion", s.deleteArchiveVersion, "Remove a version of an archive that no task names and no run needs").takes("force"),
		get(version+"/needs", "getArchiveNeeds", s.getArchiveNeeds, "Say which tasks and runs need a version of an archive, and which job servers have it").gives(wire.ArchiveNeeds{}),
		get(version+"/content", "getArchiveContent", s.archiveContent, "Download a version of an archive as it was uploaded").ranged().file("application/octet-stream"),
	}
}

// archiveParams describes the parameters of these routes, as queryParams does for the others.
var archiveParams = map[string]queryParam{
	"sha256": {doc: "SHA-256 of the content, in hexadecimal: what arrives must have it."},
	"force":  {doc: "Remove it also where runs that failed, timed out or were lost could be taken up again only with it.", schema: huma.Schema{Type: "boolean"}},
}

func (s *Server) listArchives(c *call) (answer, error) {
	query := c.query.text("q")
	return listed(c, wire.ArchiveSummaryOf, func(ctx context.Context, p page.Request) (page.Of[archive.Summary], error) {
		return s.service.Archives(ctx, query, p)
	})
}

func (s *Server) getArchive(c *call) (answer, error) {
	name, err := c.name("name")
	if err != nil {
		return answer{}, err
	}
	a, err := s.service.Archive(c.ctx(), name)
	if err != nil {
		return answer{}, err
	}
	return ok(wire.ArchiveDetailOf(a))
}

// archiveVersion returns the path parameters that name a version. Texts that cannot be names name nothing.
func (c *call) archiveVersion() (name, version string, err error) {
	if name, err = c.name("name"); err != nil {
		return "", "", err
	}
	version = c.path.Param("version")
	if task.CheckArchiveVersion("version", version) != nil {
		return "", "", fmt.Errorf("there is no version %.80q: %w", version, fault.NotFound)
	}
	return name, version, nil
}

func (s *Server) getArchiveVersion(c *call) (answer, error) {
	name, version, err := c.archiveVersion()
	if err != nil {
		return answer{}, err
	}
	v, err := s.service.ArchiveVersion(c.ctx(), name, version)
	if err != nil {
		return answer{}, err
	}
	return ok(wire.ArchiveVersionOf(v))
}

// putArchiveVersion answers 201 for a new version and 200 for one that was there with the same content.
func (s *Server) putArchiveVersion(c *call) (answer, error) {
	u := archive.Upload{Archive: c.path.Param("name"), Version: c.path.Param("version"), SHA256: c.query.text("sha256"), By: c.by}
	if err := u.Validate(); err != nil {
		return answer{}, err
	}
	if c.r.ContentLength > archive.MaxSize {
		return answer{}, tooLarge(archive.MaxSize)
	}
	if e := c.r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return answer{}, unsupported("the body must not be encoded, but Content-Encoding is " + fmt.Sprintf("%.40q", e))
	}
	body := &uploadBody{r: c.r.Body, control: http.NewResponseController(c.w)}
	v, created, err := s.service.PutArchive(c.ctx(), u, body)
	body.end()
	if err != nil {
		return answer{}, err
	}
	a := answer{body: wire.ArchiveVersionOf(v), location: location("archives", v.Archive+"/versions/"+v.Version)}
	if a.status = http.StatusOK; created {
		a.status = http.StatusCreated
	}
	return a, nil
}

// uploadBody reads a long body. It gives the caller time for each piece of it.
type uploadBody struct {
	r       io.Reader
	control *http.ResponseController
}

func (b *uploadBody) Read(p []byte) (int, error) {
	_ = b.control.SetReadDeadline(time.Now().Add(bodyTimeout))
	n, err := b.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: the body could not be read to its end: %w", fault.Malformed, err)
	}
	return n, err
}

// end takes the deadline back, or it would end the connection once it passes.
func (b *uploadBody) end() { _ = b.control.SetReadDeadline(time.Time{}) }

func (s *Server) deleteArchiveVersion(c *call) (answer, error) {
	name, version, err := c.archiveVersion()
	if err != nil {
		return answer{}, err
	}
	force := c.query.flag("force")
	if err := c.query.err(); err != nil {
		return answer{}, err
	}
	if err := s.service.DeleteArchiveVersion(c.ctx(), name, version, force); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusNoContent}, nil
}

func (s *Server) getArchiveNeeds(c *call) (answer, error) {
	name, version, err := c.archiveVersion()
	if err != nil {
		return answer{}, err
	}
	needs, err := s.service.ArchiveNeeds(c.ctx(), name, version)
	if err != nil {
		return answer{}, err
	}
	return ok(wire.ArchiveNeedsOf(needs))
}

// archiveContent sends the file of a version, or the ranges of it that are asked for.
func (s *Server) archiveContent(c *call) (answer, error) {
	name, version, err := c.archiveVersion()
	if err != nil {
		return answer{}, err
	}
	content, v, err := s.service.ArchiveContent(c.ctx(), name, version)
	if err != nil {
		return answer{}, err
	}
	defer func() {
		if err := content.Close(); err != nil {
			s.log.LogAttrs(c.ctx(), slog.LevelWarn, "the content of an archive could not be closed", slog.Any("error", err))
		}
	}()
	return serveFile(c, storedFile{
		name: v.Archive + "-" + v.Version + "." + string(v.Manifest.Format), media: v.Manifest.Format.MediaType(),
		sha256: v.SHA256, size: v.Size, at: v.UploadedAt, content: content,
	})
}
