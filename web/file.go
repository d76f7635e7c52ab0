package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

// index is the application itself.
const index = "index.html"

// zipped is the ending of a file that the build has compressed beside the file of that name.
const zipped = ".gz"

// file is one file of the bundle, in memory.
type file struct {
	name, kind string
	plain      content
	// zipped is empty where the build has made none, since it would not be smaller.
	zipped content
}

// content is a file in one encoding, with the tag that tells it from every other.
type content struct {
	data []byte
	tag  string
}

// readFiles reads the bundle, which is embedded and a few megabytes large. What cannot be read is not there.
func readFiles(bundle fs.FS) map[string]*file {
	files := map[string]*file{}
	_ = fs.WalkDir(bundle, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || strings.HasPrefix(path.Base(name), ".") || path.Ext(name) == zipped {
			return nil
		}
		plain, err := fs.ReadFile(bundle, name)
		if err != nil {
			return nil
		}
		compressed, _ := fs.ReadFile(bundle, name+zipped)
		files[name] = newFile(name, plain, compressed)
		return nil
	})
	return files
}

func newFile(name string, plain, compressed []byte) *file {
	f := &file{name: name, kind: mime.TypeByExtension(path.Ext(name)), plain: newContent(plain)}
	if len(compressed) > 0 {
		f.zipped = newContent(compressed)
	}
	return f
}

func newContent(data []byte) content {
	sum := sha256.Sum256(data)
	return content{data: data, tag: `"` + hex.EncodeToString(sum[:12]) + `"`}
}

// serve answers with the file, compressed where the caller takes that. Requests for a range and for what the caller has
// already are answered as such.
func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h, c := w.Header(), f.plain
	if f.kind != "" {
		h.Set("Content-Type", f.kind)
	}
	if f.zipped.data != nil {
		h.Set("Vary", "Accept-Encoding")
		if takesGzip(r.Header.Values("Accept-Encoding")) {
			c = f.zipped
			h.Set("Content-Encoding", "gzip")
			// For encoded content the length is not set by net/http.
			if r.Header.Get("Range") == "" {
				h.Set("Content-Length", strconv.Itoa(len(c.data)))
			}
		}
	}
	h.Set("ETag", c.tag)
	http.ServeContent(w, r, f.name, time.Time{}, bytes.NewReader(c.data))
}

// takesGzip reports whether the values of Accept-Encoding name gzip, or anything, with a weight above 0.
func takesGzip(values []string) bool {
	anything := false
	for _, coding := range strings.Split(strings.Join(values, ","), ",") {
		name, params, _ := strings.Cut(coding, ";")
		weight := 1.0
		if q, found := strings.CutPrefix(strings.TrimSpace(params), "q="); found {
			if v, err := strconv.ParseFloat(q, 64); err == nil {
				weight = v
			}
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "gzip", "x-gzip":
			return weight > 0
		case "*":
			anything = weight > 0
		}
	}
	return anything
}
