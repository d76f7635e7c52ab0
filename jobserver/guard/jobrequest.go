package guard

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/segno-jobs/segno/internal/fault"
)

// decodeStrictly reads one JSON object and refuses unknown and repeated names and whatever follows it.
func decodeStrictly(body io.Reader, v any) error {
	text, err := io.ReadAll(io.LimitReader(body, maxJobBody+1))
	if err != nil {
		return fmt.Errorf("read body: %w: %w", fault.Malformed, err)
	}
	if len(text) > maxJobBody {
		return fmt.Errorf("a body may have at most %d bytes: %w", maxJobBody, fault.TooLarge)
	}
	if err := refuseRepeated(text); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("read body: %w: %w", fault.Malformed, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("read body: something follows the object: %w", fault.Malformed)
	}
	return nil
}

// refuseRepeated refuses text that is no flat JSON object, or has a name twice.
func refuseRepeated(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	seen := map[string]bool{}
	for i := 0; ; i++ {
		t, err := d.Token()
		switch {
		case err != nil:
			return fmt.Errorf("read body: %w: %w", fault.Malformed, err)
		case i == 0 && t != json.Delim('{'):
			return fmt.Errorf("read body: it must be an object: %w", fault.Malformed)
		case i == 0:
			continue
		}
		if delim, ok := t.(json.Delim); ok {
			if delim == '}' {
				return nil
			}
			return fmt.Errorf("read body: its values must be texts and numbers: %w", fault.Malformed)
		}
		if name, ok := t.(string); ok && i%2 == 1 {
			if seen[name] {
				return fmt.Errorf("read body: %q stands twice: %w", name, fault.Malformed)
			}
			seen[name] = true
		}
	}
}

// refuse answers with a problem document for err.
func refuse(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, fault.Malformed):
		problem(w, http.StatusBadRequest, "Malformed request", err.Error())
	case errors.Is(err, fault.TooLarge):
		problem(w, http.StatusRequestEntityTooLarge, "Too large", err.Error())
	case errors.Is(err, fault.Invalid):
		problem(w, http.StatusUnprocessableEntity, "Invalid", err.Error())
	case errors.Is(err, fault.Conflict):
		problem(w, http.StatusConflict, "Conflict", err.Error())
	case errors.Is(err, fault.Unavailable):
		problem(w, http.StatusServiceUnavailable, "Unavailable", err.Error())
	case errors.Is(err, context.Canceled):
	default:
		problem(w, http.StatusInternalServerError, "Internal error", err.Error())
	}
}

// problem answers with an RFC 9457 problem document.
func problem(w http.ResponseWriter, status int, title, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{"about:blank", title, status, detail})
}
