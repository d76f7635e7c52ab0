package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/notification"
)

const (
	// maxAnswer is how much of an answer is read, and maxQuoted how much of it an error quotes.
	maxAnswer = 4 << 10
	maxQuoted = 200
)

// refusals are the answers of a server that would not take the same request later either.
var refusals = []int{
	http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusGone, http.StatusLengthRequired,
	http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity,
}

// post sends a notice to a webhook.
func (s *Sender) post(ctx context.Context, w notification.Webhook, n notification.Notice) notification.Result {
	req, err := s.request(ctx, w, n)
	if err != nil {
		return notification.Result{Err: "the request cannot be made: " + plainError(err), Refused: true}
	}
	res, err := s.http.Do(req)
	if err != nil {
		return notification.Result{Err: plainError(err)}
	}
	defer res.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		return notification.Result{}
	}
	return notification.Result{
		Err: wordOf(res.StatusCode, answer), Refused: slices.Contains(refusals, res.StatusCode),
		RetryAfter: retryAfter(res.Header.Get("Retry-After")),
	}
}

func (s *Sender) request(ctx context.Context, w notification.Webhook, n notification.Notice) (*http.Request, error) {
	var body []byte
	var err error
	if w.Format == notification.FormatSlack {
		body, err = json.Marshal(map[string]string{"text": n.Slack()})
	} else {
		body, err = json.Marshal(n)
	}
	if err != nil {
		return nil, fmt.Errorf("encode notice %s: %w", n.ID, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, string(w.URL), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, value := range w.Headers {
		req.Header.Set(name, string(value))
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "segno/"+s.options.Version)
	at := s.options.Now()
	req.Header.Set(headerID, n.ID)
	req.Header.Set(headerTimestamp, strconv.FormatInt(at.Unix(), 10))
	if w.Secret != "" {
		req.Header.Set(headerSignature, Sign(string(w.Secret), n.ID, at, body))
	}
	return req, nil
}

// plainError words an error without the address that was asked for, which may hold a key.
func plainError(err error) string {
	if e, ok := errors.AsType[*url.Error](err); ok {
		if e.Timeout() {
			return "the receiver did not answer in time"
		}
		err = e.Err
	}
	return strings.TrimSuffix(err.Error(), ": "+fault.Forbidden.Error())
}

// wordOf says what a server answered.
func wordOf(status int, answer []byte) string {
	word := fmt.Sprintf("the receiver answered %d %s", status, http.StatusText(status))
	if status >= 300 && status < 400 {
		return word + "; redirects are not followed"
	}
	if text := strings.TrimSpace(strings.ToValidUTF8(string(answer[:min(len(answer), maxQuoted)]), "")); text != "" {
		word += ": " + text
	}
	return word
}

// retryAfter reads the header Retry-After where it is a number of seconds.
func retryAfter(header string) time.Duration {
	n, err := strconv.Atoi(header)
	if err != nil || n < 0 || n > 24*60*60 {
		return 0
	}
	return time.Duration(n) * time.Second
}
