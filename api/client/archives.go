package client

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/segno-jobs/segno/api/wire"
)

// uploadSilence is how long an upload may stand still: behind its last byte the conductor looks through all of it.
const uploadSilence = 5 * time.Minute

// Archives returns a page of archives whose name contains query, by name, each with its newest version.
func (c *Client) Archives(ctx context.Context, query string, p PageRequest) (wire.Page[wire.ArchiveSummary], error) {
	q := p.values(url.Values{})
	set(q, "q", query)
	return get[wire.Page[wire.ArchiveSummary]](ctx, c, q, "archives")
}

// Archive returns an archive with its versions, the newest first.
func (c *Client) Archive(ctx context.Context, name string) (wire.ArchiveDetail, error) {
	return get[wire.ArchiveDetail](ctx, c, nil, "archives", name)
}

// ArchiveVersion returns a version of an archive; task.LatestVersion is the one that was uploaded last.
func (c *Client) ArchiveVersion(ctx context.Context, name, version string) (wire.ArchiveVersion, error) {
	return get[wire.ArchiveVersion](ctx, c, nil, "archives", name, "versions", version)
}

// ArchiveNeeds says which tasks and runs need a version of an archive, and which job servers have it.
func (c *Client) ArchiveNeeds(ctx context.Context, name, version string) (wire.ArchiveNeeds, error) {
	return get[wire.ArchiveNeeds](ctx, c, nil, "archives", name, "versions", version, "needs")
}

// DeleteArchiveVersion removes a version of an archive that no task names and no open run uses. Where runs that have ended
// could be taken up again only with it, it does so by force alone; else the error is fault.Conflict.
func (c *Client) DeleteArchiveVersion(ctx context.Context, name, version string, force bool) error {
	q := url.Values{}
	if force {
		q.Set("force", "true")
	}
	return c.do(ctx, request{method: http.MethodDelete, path: path("archives", name, "versions", version), query: q}, nil)
}

// PutArchive uploads a version of an archive: size bytes from the beginning of content, of which the SHA-256 is known.
// created is false where the version is there already with this content; fault.Conflict tells that it has other content.
// Where the connection breaks the upload begins anew.
func (c *Client) PutArchive(ctx context.Context, name, version, sum string, content io.ReaderAt, size int64) (v wire.ArchiveVersion, created bool, err error) {
	for try := 1; ; try++ {
		v, created, err = c.putArchive(ctx, name, version, sum, io.NewSectionReader(content, 0, size), size)
		if err == nil || try > c.retries || ctx.Err() != nil || !passing(err) {
			return v, created, err
		}
		if c.pause(ctx, try, retryAfter(err)) != nil {
			return v, created, err
		}
	}
}

func (c *Client) putArchive(ctx context.Context, name, version, sum string, content io.Reader, size int64) (v wire.ArchiveVersion, created bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watch := time.AfterFunc(uploadSilence, cancel)
	defer watch.Stop()
	target := c.base + path("archives", name, "versions", version) + "?" + url.Values{"sha256": {sum}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, target, &watchedReader{content, watch})
	if err != nil {
		return v, false, fmt.Errorf("make the request: %w", err)
	}
	c.setHeaders(req, request{})
	req.ContentLength = size
	req.Header.Set("Content-Type", "application/octet-stream")
	req.Header.Set("Expect", "100-continue") // What is refused by its hash alone need not be sent.
	res, err := c.http.Do(req)
	if err != nil {
		return v, false, fmt.Errorf("reach the conductor at %s: %w", c.base, &unreachable{reduce(err)})
	}
	defer closeBody(res.Body)
	if res.StatusCode >= 300 {
		return v, false, readProblem(res)
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(&v); err != nil {
		return v, false, fmt.Errorf("read the answer to the upload: %w", err)
	}
	return v, res.StatusCode == http.StatusCreated, nil
}

// watchedReader keeps a timer from running out while something is read.
type watchedReader struct {
	io.Reader
	watch *time.Timer
}

func (r *watchedReader) Read(p []byte) (int, error) {
	r.watch.Reset(uploadSilence)
	return r.Reader.Read(p)
}

// ArchiveContent writes the file of a version to w and returns how many bytes it has. Where the connection breaks it goes on
// with what is missing, and at the end it checks the hash of the whole. What was written before an error has no meaning of
// its own.
func (c *Client) ArchiveContent(ctx context.Context, name, version string, w io.Writer) (int64, error) {
	d := download{to: w, hash: sha256.New()}
	return d.run(ctx, c, path("archives", name, "versions", version, "content"))
}
