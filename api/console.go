package api

import (
	"errors"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// contentPolicy lets the console load only what comes from the conductor, and no script that stands in a page.
const contentPolicy = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// console serves the console's files. A path without a file of its own gets index.html, whose script sees to it.
type console struct {
	files fs.FS
	serve http.Handler
}

func newConsole(files fs.FS) *console {
	return &console{files: files, serve: http.FileServerFS(files)}
}

func (c *console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	switch info, err := fs.Stat(c.files, name); {
	case err == nil && !info.IsDir() && name != "index.html":
		h.Set("Cache-Control", caching(name))
		c.serve.ServeHTTP(w, r)
	case errors.Is(err, fs.ErrNotExist) && isFile(name):
		h.Set("Cache-Control", "no-store")
		http.NotFound(w, r)
	default:
		h.Set("Cache-Control", "no-cache")
		http.ServeFileFS(w, withPath(r, "/"), c.files, "index.html")
	}
}

// caching lets files be kept for good whose names hold a hash of what is in them: those that the build puts in assets.
func caching(name string) string {
	if strings.HasPrefix(name, "assets/") {
		return "public, max-age=31536000, immutable"
	}
	return "no-cache"
}

// isFile reports whether a path that no file has cannot be a page of the console either.
func isFile(name string) bool {
	return strings.HasPrefix(name, "assets/") || path.Ext(name) == ".js" || path.Ext(name) == ".css" || path.Ext(name) == ".map"
}

// withPath returns the request with another path; ServeFileFS would redirect one that ends in /index.html.
func withPath(r *http.Request, to string) *http.Request {
	out := r.Clone(r.Context())
	out.URL.Path = to
	return out
}
