package api

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/segno-jobs/segno/internal/fault"
)

// etag is the ETag of a version.
func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// ifMatch returns the version that the caller demands, or 0 for whatever is stored.
func (c *call) ifMatch() (int64, error) {
	given := strings.TrimSpace(strings.Join(c.r.Header.Values("If-Match"), ", "))
	if given == "" || given == "*" {
		return 0, nil
	}
	inner, opened := strings.CutPrefix(given, `"`)
	inner, closed := strings.CutSuffix(inner, `"`)
	version, err := strconv.ParseInt(inner, 10, 64)
	switch {
	case strings.HasPrefix(given, "W/"), opened && closed && (err != nil || version < 1) && !strings.Contains(inner, `"`):
		return 0, stale(given) // A tag that this API never gave out matches nothing.
	case !opened || !closed || err != nil:
		return 0, fmt.Errorf(`%w: If-Match must be one ETag such as "3", not %.80q`, fault.Malformed, given)
	}
	return version, nil
}

// fresh reports whether the caller holds this version already, by If-None-Match.
func (c *call) fresh(version int64) bool {
	if version == 0 || c.r.Method != http.MethodGet {
		return false
	}
	for tag := range strings.SplitSeq(c.r.Header.Get("If-None-Match"), ",") {
		if t := strings.TrimPrefix(strings.TrimSpace(tag), "W/"); t == etag(version) || t == "*" {
			return true
		}
	}
	return false
}

func stale(tag string) error {
	return &refusal{
		status: http.StatusPreconditionFailed, slug: "stale", title: "Changed meanwhile",
		detail: fmt.Sprintf("the stored version is not %s any more: read it again and repeat the change", tag),
	}
}

// edited turns a conflict of an edit under If-Match into 412 where the version is why: stored returns the version as it is.
// Every other conflict, such as a server that still has runs, stays 409.
func edited(err error, version int64, stored func() (int64, error)) error {
	if version == 0 || !errors.Is(err, fault.Conflict) {
		return err
	}
	if now, readErr := stored(); readErr == nil && now != version {
		return stale(etag(version))
	}
	return err
}
