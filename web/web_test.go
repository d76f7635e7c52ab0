package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func TestConsole(t *testing.T) {
	built := fstest.MapFS{
		"index.html":         {Data: []byte("<html>the application</html>")},
		"assets/main-abc.js": {Data: []byte("script")},
		"icon.svg":           {Data: []byte("<svg/>")},
		".gitkeep":           {},
	}
	empty := fstest.MapFS{".gitkeep": {}}
	tests := map[string]struct {
		bundle       fstest.MapFS
		method, path string
		status       int
		body, cache  string
	}{
		"the root is the application":                {built, "GET", "/", 200, "the application", "no-cache"},
		"a page's address is the application":        {built, "GET", "/runs/01J9", 200, "the application", "no-cache"},
		"the application has one address":            {built, "GET", "/index.html", 200, "the application", "no-cache"},
		"an asset is kept for a year":                {built, "GET", "/assets/main-abc.js", 200, "script", "public, max-age=31536000, immutable"},
		"an asset that is gone is no page":           {built, "GET", "/assets/old.js", 404, "", ""},
		"a folder is not listed":                     {built, "GET", "/assets/", 200, "the application", "no-cache"},
		"an icon is asked for again":                 {built, "GET", "/icon.svg", 200, "<svg/>", "no-cache"},
		"a path does not leave the bundle":           {built, "GET", "/../web.go", 200, "the application", "no-cache"},
		"nothing is posted to it":                    {built, "POST", "/", 405, "", ""},
		"without a bundle a page says so":            {empty, "GET", "/", 200, "built without its console", "no-cache"},
		"without a bundle each page says so":         {empty, "GET", "/runs", 200, "built without its console", "no-cache"},
		"what keeps the folder is not part of it":    {built, "GET", "/.gitkeep", 200, "the application", "no-cache"},
		"a question for the head gets only the head": {built, "HEAD", "/", 200, "", "no-cache"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(tt.method, "http://host/", nil)
			r.URL.Path = tt.path
			handler(tt.bundle).ServeHTTP(w, r)
			if w.Code != tt.status {
				t.Errorf("status: got %d, want %d", w.Code, tt.status)
			}
			if body := w.Body.String(); !strings.Contains(body, tt.body) || tt.method == http.MethodHead && body != "" {
				t.Errorf("body: got %q, want %q", body, tt.body)
			}
			if got := w.Header().Get("Cache-Control"); tt.cache != "" && got != tt.cache {
				t.Errorf("Cache-Control: got %q, want %q", got, tt.cache)
			}
			if got := w.Header().Get("Content-Security-Policy"); !strings.Contains(got, "script-src 'self';") {
				t.Errorf("Content-Security-Policy: got %q, want scripts of its own alone", got)
			}
		})
	}
}

func TestTheEmbeddedFolderIsServed(t *testing.T) {
	w := httptest.NewRecorder()
	Console().ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Segno") {
		t.Errorf("got %d and %q, want a page of Segno", w.Code, w.Body)
	}
}
