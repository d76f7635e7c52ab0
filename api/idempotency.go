package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/replay"
)

// maxKey is the length of an Idempotency-Key.
const maxKey = 255

// keep says what becomes of the answer to a request with an Idempotency-Key.
type keep int

const (
	// keepAnswer saves it, and gives it again to the same request.
	keepAnswer keep = iota
	// keepNothing leaves the key to the handler, or to nobody: repeating the request does no harm.
	keepNothing
	// keepSecret saves that there was an answer, but not what it said.
	keepSecret
)

// readKey returns the Idempotency-Key of a POST, or "".
func readKey(r *http.Request) (string, error) {
	if r.Method != http.MethodPost {
		return "", nil
	}
	values, given := r.Header["Idempotency-Key"]
	if !given {
		return "", nil
	}
	if len(values) != 1 || len(values[0]) < 1 || len(values[0]) > maxKey {
		return "", fmt.Errorf("%w: Idempotency-Key must be given once, with 1 to %d characters", fault.Malformed, maxKey)
	}
	for i := range len(values[0]) {
		if b := values[0][i]; b < 0x20 || b > 0x7E {
			return "", fmt.Errorf("%w: Idempotency-Key must be printable ASCII", fault.Malformed)
		}
	}
	return values[0], nil
}

// fingerprint tells requests apart that have the same key.
func fingerprint(method, path string, body []byte) string {
	h := sha256.New()
	for _, part := range []string{method, path} {
		_, _ = io.WriteString(h, part)
		h.Write([]byte{0})
	}
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// once answers a request with an Idempotency-Key: with the saved answer if there is one, else by the handler, whose
// answer is saved if the request succeeded. A refused request changed nothing and may be sent again.
func (s *Server) once(c *call, how keep, do handler) (answer, error) {
	body, err := c.bytes()
	if err != nil {
		return answer{}, err
	}
	print := fingerprint(c.r.Method, c.r.URL.EscapedPath(), body)
	unlock, err := s.keys.lock(c.ctx(), c.key)
	if err != nil {
		return answer{}, err
	}
	defer unlock()
	saved, err := s.service.Answer(c.ctx(), c.key)
	switch {
	case err == nil:
		return again(saved, print, how)
	case !errors.Is(err, fault.NotFound):
		return answer{}, fmt.Errorf("look for an earlier answer: %w", err)
	}
	a, err := do(c)
	if err != nil || a.written {
		return a, err
	}
	s.saveAnswer(c, print, how, &a)
	return a, nil
}

// again returns a saved answer.
func again(saved replay.Answer, print string, how keep) (answer, error) {
	switch {
	case saved.Fingerprint != print:
		return answer{}, fmt.Errorf("%w: this Idempotency-Key was used for another request", fault.Conflict)
	case how == keepSecret:
		return answer{}, fmt.Errorf("%w: this request was answered already, and its answer is shown only once; take a new Idempotency-Key", fault.Conflict)
	}
	return answer{status: saved.Status, body: saved.Body, etag: saved.ETag, replayed: true}, nil
}

// saveAnswer keeps the answer even if the caller has gone: what was asked for is done.
func (s *Server) saveAnswer(c *call, print string, how keep, a *answer) {
	kept := replay.Answer{Fingerprint: print, Status: a.statusCode(), ETag: a.tag(), Body: json.RawMessage("null")}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx()), 10*time.Second)
	defer cancel()
	body, err := json.Marshal(a.body)
	if err == nil {
		if how == keepAnswer {
			kept.Body = body
		}
		a.body = json.RawMessage(body)
		err = s.service.SaveAnswer(ctx, c.key, kept)
	}
	if err != nil {
		s.log.LogAttrs(ctx, slog.LevelWarn, "an answer could not be kept for its Idempotency-Key", slog.Any("error", err))
	}
}

// keyLocks lets one request with a key through at a time, so that a repeated one finds the answer of the first.
type keyLocks struct {
	mu   sync.Mutex
	held map[string]chan struct{}
}

func (k *keyLocks) lock(ctx context.Context, key string) (unlock func(), err error) {
	for {
		k.mu.Lock()
		busy, taken := k.held[key]
		if !taken {
			done := make(chan struct{})
			k.held[key] = done
			k.mu.Unlock()
			return func() {
				k.mu.Lock()
				delete(k.held, key)
				k.mu.Unlock()
				close(done)
			}, nil
		}
		k.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
