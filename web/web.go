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

// Cache-Control of what is served.
const (
	// forAYear is for assets: the name of one holds the digest of its content.
	forAYear = "public, max-age=31536000, immutable"
	// askAgain has a browser ask whether what it has is still current.
	askAgain = "no-cache"
)

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
	files := readFiles(bundle)
	if _, built := files[index]; !built {
		files[index] = newFile(index, []byte(notBuilt), nil)
	}
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
		f, found := files[name]
		switch {
		case found && strings.HasPrefix(name, "assets/"):
			h.Set("Cache-Control", forAYear)
		case found:
			h.Set("Cache-Control", askAgain)
		case strings.HasPrefix(name, "assets/"):
			http.NotFound(w, r)
			return
		default:
			h.Set("Cache-Control", askAgain)
			f = files[index]
		}
		f.serve(w, r)
	})
}
