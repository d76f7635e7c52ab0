package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

// DeclareServerDead states that a server is dead: its runs follow their policies at once, on that word alone. The reason
// says how the caller knows, in at least ten characters.
func (c *Client) DeclareServerDead(ctx context.Context, name, reason string) (wire.Server, error) {
	return post[wire.Server](ctx, c, wire.DeathStatement{Reason: reason}, "servers", name, "declare-dead")
}

// WhatIf says what would happen to each run on a server if it died now.
func (c *Client) WhatIf(ctx context.Context, server string) ([]wire.WhatIf, error) {
	got, err := get[wire.Page[wire.WhatIf]](ctx, c, nil, "servers", server, "what-if")
	return got.Items, err
}

// ResetRun ends a run as reset, once its attempt is certainly over.
func (c *Client) ResetRun(ctx context.Context, id task.RunID) (wire.Run, error) {
	return post[wire.Run](ctx, c, nil, "runs", string(id), "reset")
}

// RestartRun takes a run up again from the beginning.
func (c *Client) RestartRun(ctx context.Context, id task.RunID) (wire.Run, error) {
	return post[wire.Run](ctx, c, nil, "runs", string(id), "restart")
}

// RecoverRun takes a run up again from a checkpoint; 0 stands for the last validated one.
func (c *Client) RecoverRun(ctx context.Context, id task.RunID, checkpoint int) (wire.Run, error) {
	var in wire.RecoverRequest
	if checkpoint != 0 {
		in.Checkpoint = &checkpoint
	}
	return post[wire.Run](ctx, c, in, "runs", string(id), "recover")
}

// Checkpoints returns the checkpoints of a run, oldest first.
func (c *Client) Checkpoints(ctx context.Context, id task.RunID) ([]wire.Checkpoint, error) {
	got, err := get[wire.Page[wire.Checkpoint]](ctx, c, nil, "runs", string(id), "checkpoints")
	return got.Items, err
}

// RecoverableRuns returns a page of runs that failed, timed out or were lost, newest first, each with its checkpoints. An
// empty task stands for all.
func (c *Client) RecoverableRuns(ctx context.Context, taskName string, p PageRequest) (wire.Page[wire.Recoverable], error) {
	q := p.values(url.Values{})
	set(q, "task", taskName)
	return get[wire.Page[wire.Recoverable]](ctx, c, q, "recoverable-runs")
}

// CheckpointContent writes the content of a checkpoint, a tar archive, to w and returns how many bytes it has. Where the
// connection breaks it goes on with what is missing, and at the end it checks the hash of the whole. What was written before
// an error has no meaning of its own.
func (c *Client) CheckpointContent(ctx context.Context, id task.RunID, sequence int, w io.Writer) (int64, error) {
	d := download{to: w, hash: sha256.New()}
	return d.run(ctx, c, path("runs", string(id), "checkpoints", strconv.Itoa(sequence), "content"))
}

// run downloads a file in as many parts as it takes.
func (d *download) run(ctx context.Context, c *Client, path string) (int64, error) {
	for try := 1; ; try++ {
		before := d.written
		err := d.once(ctx, c, path)
		switch {
		case err == nil:
			return d.written, d.check()
		case ctx.Err() != nil:
			return d.written, ctx.Err()
		case !passing(err):
			return d.written, err
		case d.written > before:
			try = 1
		}
		if try > c.retries || c.pause(ctx, try, retryAfter(err)) != nil {
			return d.written, err
		}
	}
}

// download is a file that arrives in one part or several.
type download struct {
	to      io.Writer
	written int64
	hash    hash.Hash
	// tag is the ETag of the file of which the first part was: its hash.
	tag string
}

func (d *download) check() error {
	if sum := hex.EncodeToString(d.hash.Sum(nil)); d.tag != `"`+sum+`"` {
		return fmt.Errorf("the content that arrived has the SHA-256 %s, not %s", sum, d.tag)
	}
	return nil
}

func (d *download) once(ctx context.Context, c *Client, path string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watch := time.AfterFunc(silence, cancel)
	defer watch.Stop()
	r := request{method: http.MethodGet, path: path, accept: "*/*", header: http.Header{}}
	if d.written > 0 {
		r.header.Set("Range", fmt.Sprintf("bytes=%d-", d.written))
		r.header.Set("If-Range", d.tag)
	}
	res, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	defer closeBody(res.Body)
	if d.written > 0 && res.StatusCode != http.StatusPartialContent {
		return errors.New("the content is another one than a moment ago")
	}
	d.tag = res.Header.Get("ETag")
	out := &countingWriter{to: io.MultiWriter(d.hash, d.to), heard: func() { watch.Reset(silence) }}
	_, err = io.Copy(out, res.Body)
	d.written += out.n
	switch {
	case out.err != nil:
		return fmt.Errorf("write the content: %w", out.err)
	case err != nil:
		return fmt.Errorf("read the content: %w", &unreachable{err})
	}
	return nil
}

// countingWriter tells an error of writing from one of reading. It calls heard whenever something arrived.
type countingWriter struct {
	to    io.Writer
	heard func()
	n     int64
	err   error
}

func (w *countingWriter) Write(p []byte) (int, error) {
	w.heard()
	n, err := w.to.Write(p)
	w.n += int64(n)
	if err != nil {
		w.err = err
	}
	return n, err
}
