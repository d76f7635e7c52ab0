package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
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

func TestACompressedFileIsServedToWhoTakesIt(t *testing.T) {
	const script, small = "a long, long, long script", "\x1f\x8bshort"
	served := handler(fstest.MapFS{
		"index.html":            {Data: []byte("<html>")},
		"assets/main-abc.js":    {Data: []byte(script)},
		"assets/main-abc.js.gz": {Data: []byte(small)},
		"assets/tiny-abc.js":    {Data: []byte("tiny")},
	})
	ask := func(method, path string, headers ...string) *http.Response {
		r := httptest.NewRequest(method, path, nil)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		served.ServeHTTP(w, r)
		return w.Result()
	}
	want := func(claim string, got *http.Response, status int, body, encoding string) string {
		t.Helper()
		text, err := io.ReadAll(got.Body)
		if err != nil {
			t.Fatal(err)
		}
		h := got.Header
		if got.StatusCode != status || string(text) != body || h.Get("Content-Encoding") != encoding {
			t.Errorf("%s: got %d, %q in %q; want %d, %q in %q", claim, got.StatusCode, text, h.Get("Content-Encoding"), status, body, encoding)
		}
		return h.Get("ETag")
	}
	const main = "/assets/main-abc.js"
	gzipped := ask("GET", main, "Accept-Encoding", "deflate, gzip;q=0.8, br")
	tag := want("with gzip", gzipped, 200, small, "gzip")
	for header, value := range map[string]string{
		"Vary": "Accept-Encoding", "Content-Length": strconv.Itoa(len(small)), "Content-Type": "text/javascript; charset=utf-8", "Cache-Control": forAYear,
	} {
		if got := gzipped.Header.Get(header); got != value {
			t.Errorf("%s is %q, want %q", header, got, value)
		}
	}
	plain := ask("GET", main)
	plainTag := want("without", plain, 200, script, "")
	if plain.Header.Get("Vary") != "Accept-Encoding" || plainTag == tag || plainTag == "" {
		t.Errorf("got Vary %q and the tags %s and %s, want two tags", plain.Header.Get("Vary"), tag, plainTag)
	}
	want("what refuses gzip", ask("GET", main, "Accept-Encoding", "gzip;q=0, *"), 200, script, "")
	want("what takes anything", ask("GET", main, "Accept-Encoding", "*"), 200, small, "gzip")
	want("the head", ask("HEAD", main, "Accept-Encoding", "gzip"), 200, "", "gzip")
	want("what the caller has", ask("GET", main, "Accept-Encoding", "gzip", "If-None-Match", tag), 304, "", "")
	want("what the caller has in another form", ask("GET", main, "Accept-Encoding", "gzip", "If-None-Match", plainTag), 200, small, "gzip")
	if got := ask("GET", "/assets/tiny-abc.js", "Accept-Encoding", "gzip"); got.Header.Get("Vary") != "" {
		t.Errorf("a file that is not compressed varies by %q", got.Header.Get("Vary"))
	}
	want("a compressed file by its own name", ask("GET", main+".gz"), 404, "404 page not found\n", "")
	pageTag := want("a page", ask("GET", "/runs"), 200, "<html>", "")
	want("a page that the caller has", ask("GET", "/runs", "If-None-Match", pageTag), 304, "", "")
}
