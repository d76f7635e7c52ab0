// Package client is the Go client of Segno's API. It knows the domain's types and those of api/wire, and no server.
//
// Every method returns an *Error where the conductor answered with a problem; errors.Is tells its kind:
//
//	if errors.Is(err, fault.NotFound) { … }
//
// Requests that are safe to repeat are repeated when the conductor cannot be reached or says that it is unavailable.
package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/segno-jobs/segno/api/wire"
)

// maxAnswer is the most that the client reads of an answer that is not a stream.
const maxAnswer = 64 << 20

// Options for a client. The zero value serves.
type Options struct {
	// HTTPClient sends the requests; it must have no Timeout, which would end streams. Nil takes one that is made for it.
	HTTPClient *http.Client
	// UserAgent names the program, such as "segno/1.2.0".
	UserAgent string
	// Retries is how often a request that is safe to repeat is repeated; 0 means 3, and less means never.
	Retries int
	// Timeout bounds one try of a request that is not a stream; 0 means 30 s.
	Timeout time.Duration
	// Backoff is the longest wait before the first repetition, which doubles with each up to 5 s; 0 means 100 ms.
	Backoff time.Duration
}

// Client calls the API of one conductor. It can be used by several goroutines.
type Client struct {
	base      string
	token     string
	http      *http.Client
	userAgent string
	retries   int
	timeout   time.Duration
	backoff   time.Duration
}

// New returns a client for the conductor at a URL such as "http://127.0.0.1:7700".
func New(conductor, token string, o Options) (*Client, error) {
	u, err := url.Parse(conductor)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("%q is not the URL of a conductor such as \"http://127.0.0.1:7700\"", conductor)
	}
	c := &Client{
		base:  strings.TrimRight(u.Scheme+"://"+u.Host+u.EscapedPath(), "/"),
		token: token, http: o.HTTPClient, userAgent: o.UserAgent, retries: o.Retries, timeout: o.Timeout, backoff: o.Backoff,
	}
	if c.http == nil {
		c.http = &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}
	}
	if c.retries == 0 {
		c.retries = 3
	}
	if c.timeout == 0 {
		c.timeout = 30 * time.Second
	}
	if c.backoff <= 0 {
		c.backoff = 100 * time.Millisecond
	}
	if c.userAgent == "" {
		c.userAgent = "segno-client"
	}
	return c, nil
}

// request is one call of the API.
type request struct {
	method, path string
	query        url.Values
	// body is sent as JSON, unless it is nil.
	body        any
	contentType string
	// version becomes If-Match, unless it is 0.
	version int64
	// key becomes Idempotency-Key; such a request is safe to repeat.
	key    string
	accept string
	header http.Header
}

func (r request) repeatable() bool {
	return r.key != "" || r.method == http.MethodGet || r.method == http.MethodPut || r.method == http.MethodHead
}

// path joins path segments below /api/v1, each escaped.
func path(segments ...string) string {
	var b strings.Builder
	b.WriteString("/api/v1")
	for _, s := range segments {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(s))
	}
	return b.String()
}

// do sends the request, if need be several times, and reads its answer into out, unless out is nil.
func (c *Client) do(ctx context.Context, r request, out any) error {
	for try := 1; ; try++ {
		err := c.once(ctx, r, out)
		if err == nil || !r.repeatable() || try > c.retries || ctx.Err() != nil || !passing(err) {
			return err
		}
		if c.pause(ctx, try, retryAfter(err)) != nil {
			return err
		}
	}
}

func (c *Client) once(ctx context.Context, r request, out any) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	res, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	defer closeBody(res.Body)
	if out == nil {
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return fmt.Errorf("read the answer to %s %s: %w", r.method, r.path, &unreachable{err})
	case len(data) > maxAnswer:
		return fmt.Errorf("the answer to %s %s is larger than %d bytes", r.method, r.path, maxAnswer)
	}
	if raw, ok := out.(*[]byte); ok {
		*raw = data
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("read the answer to %s %s: %w", r.method, r.path, err)
	}
	return nil
}

// send sends the request once. An answer that is a problem becomes an *Error. The caller closes the body.
func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	var body io.Reader
	if r.body != nil {
		data, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("write the body of %s %s: %w", r.method, r.path, err)
		}
		body = bytes.NewReader(data)
	}
	target := c.base + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, body)
	if err != nil {
		return nil, fmt.Errorf("make the request %s %s: %w", r.method, r.path, err)
	}
	c.setHeaders(req, r)
	res, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("reach the conductor at %s: %w", c.base, &unreachable{reduce(err)})
	}
	if res.StatusCode >= 300 {
		defer closeBody(res.Body)
		return nil, readProblem(res)
	}
	return res, nil
}

func (c *Client) setHeaders(req *http.Request, r request) {
	maps.Copy(req.Header, r.header)
	req.Header.Set("User-Agent", c.userAgent)
	req.Header.Set("Accept", "application/json")
	if r.accept != "" {
		req.Header.Set("Accept", r.accept)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
		if r.contentType != "" {
			req.Header.Set("Content-Type", r.contentType)
		}
	}
	if r.version != 0 {
		req.Header.Set("If-Match", `"`+strconv.FormatInt(r.version, 10)+`"`)
	}
	if r.key != "" {
		req.Header.Set("Idempotency-Key", r.key)
	}
}

// closeBody reads what little is left, so that the connection can be used again, and closes it.
func closeBody(b io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, b, 4<<10)
	_ = b.Close()
}

// reduce takes the method and URL off an error of net/http; the caller names them better.
func reduce(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// pause waits before the next try: full jitter over once, twice, four times … the backoff, up to 5 s, but not less than
// least.
func (c *Client) pause(ctx context.Context, try int, least time.Duration) error {
	ceiling := min(5*time.Second, c.backoff<<min(try-1, 10))
	wait := ceiling
	if n, err := rand.Int(rand.Reader, big.NewInt(int64(ceiling))); err == nil {
		wait = time.Duration(n.Int64())
	}
	t := time.NewTimer(max(wait, least))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// NewKey returns a new Idempotency-Key.
func NewKey() string { return rand.Text() }

// URL is the address of the conductor, without a slash at its end.
func (c *Client) URL() string { return c.base }

// Ready returns nil when the conductor can do its work, else why not.
func (c *Client) Ready(ctx context.Context) error {
	return c.once(ctx, request{method: http.MethodGet, path: "/readyz"}, nil)
}

// About returns what the conductor says of itself.
func (c *Client) About(ctx context.Context) (wire.About, error) {
	return get[wire.About](ctx, c, nil, "about")
}

// Summary counts what runs and what a person should look at.
func (c *Client) Summary(ctx context.Context) (wire.Summary, error) {
	return get[wire.Summary](ctx, c, nil, "summary")
}

// Session returns who the caller is.
func (c *Client) Session(ctx context.Context) (wire.Session, error) {
	var s wire.Session
	err := c.do(ctx, request{method: http.MethodGet, path: path("session")}, &s)
	return s, err
}
