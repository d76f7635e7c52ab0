// Package web holds the console: its built bundle, and the handler that serves it.
package web

import (
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// dist is what `make web` built. Without it there is only a placeholder, so that Go builds where there is no Node.
//
//go:embed all:dist
var dist embed.FS

// policy lets the console load what it brings and nothing else. Its components set style attributes, hence the
// exception; scripts in the page are never run.
const policy = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

const notBuilt = `<!doctype html>
<html lang="en">
<title>Segno</title>
<h1>Segno is running</h1>
<p>This conductor was built without its console. <code>make build</code> builds both; the API and the client
<code>segno</code> work as they are.</p>
</html>
`

// Console returns the handler of all pages of the console. A path that is no file is answered with the application
// itself, which shows the page of that address.
func Console() http.Handler {
	bundle, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("web: the bundle's folder is missing: " + err.Error()) // go:embed has seen to it that it is there
	}
	return handler(bundle)
}

func handler(bundle fs.FS) http.Handler {
	files := http.FileServerFS(bundle)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
		switch {
		case strings.HasPrefix(name, "assets/"):
			if !isFile(bundle, name) {
				http.NotFound(w, r)
				return
			}
			// The name of an asset holds the digest of its content.
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
			files.ServeHTTP(w, r)
		case name != "" && name != ".gitkeep" && name != "index.html" && isFile(bundle, name):
			h.Set("Cache-Control", "no-cache")
			files.ServeHTTP(w, r)
		default:
			serveIndex(w, r, bundle)
		}
	})
}

func serveIndex(w http.ResponseWriter, r *http.Request, bundle fs.FS) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	page, err := fs.ReadFile(bundle, "index.html")
	if err != nil {
		page = []byte(notBuilt)
	}
	if r.Method == http.MethodHead {
		return
	}
	// A reader that has gone away needs no answer.
	_, _ = w.Write(page)
}

func isFile(bundle fs.FS, name string) bool {
	info, err := fs.Stat(bundle, name)
	return err == nil && info.Mode().IsRegular()
}
