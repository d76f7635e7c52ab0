package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"maps"
	"strconv"
	"strings"
	"testing"

	"github.com/segno-jobs/segno/internal/fault"
)

// made is one entry of a package that a test makes.
type made struct {
	name, text, link string
	kind             byte
}

func tarGz(t testing.TB, entries ...made) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, e := range entries {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: e.name, Mode: 0o755, Size: int64(len(e.text))}
		switch {
		case e.link != "":
			h.Typeflag, h.Linkname = tar.TypeSymlink, e.link
		case e.kind != 0:
			h.Typeflag = e.kind
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(e.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipped(t testing.TB, entries ...made) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		h.SetMode(0o644)
		if e.link != "" {
			h.SetMode(0o777 | 1<<27)
			e.text = e.link
		}
		f, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(e.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// writers are both formats.
var writers = map[Format]func(testing.TB, ...made) []byte{Zip: zipped, TarGz: tarGz}

func files(t *testing.T, pack []byte) (Format, map[string]string) {
	t.Helper()
	got := map[string]string{}
	format, err := Walk(bytes.NewReader(pack), int64(len(pack)), func(e Entry, content io.Reader) error {
		text, err := io.ReadAll(content)
		got[e.Name] = string(text) + e.Target
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return format, got
}

func TestBothFormatsAreRecognisedByTheirContent(t *testing.T) {
	for format, write := range writers {
		is, got := files(t, write(t, made{name: "bin/run.sh", text: "echo"}, made{name: "data", text: strings.Repeat("x", 1000)}, made{name: "l", link: "bin/run.sh"}))
		want := map[string]string{"bin/run.sh": "echo", "data": strings.Repeat("x", 1000), "l": "bin/run.sh"}
		if is != format || !maps.Equal(got, want) {
			t.Errorf("%s: %s with %v", format, is, got)
		}
	}
}

func TestWhatIsNeitherZipNorTarGzIsRefused(t *testing.T) {
	var plain bytes.Buffer
	w := tar.NewWriter(&plain)
	if err := errors.Join(w.WriteHeader(&tar.Header{Name: "x", Mode: 0o600, Format: tar.FormatUSTAR}), w.Close()); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"nothing": nil, "text": []byte("#!/bin/sh\n"), "a plain tar": plain.Bytes(), "gzip of text": gzipped(t, "hello")} {
		_, err := Inspect(bytes.NewReader(content), int64(len(content)))
		if !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func gzipped(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWhatLeadsOutOfTheFolderIsRefused(t *testing.T) {
	for name, entries := range map[string][]made{
		"an absolute name":            {{name: "/etc/evil", text: "x"}},
		"a name that leads out":       {{name: "../evil", text: "x"}},
		"a name that comes back":      {{name: "a/../b", text: "x"}},
		"a link to an absolute name":  {{name: "a", link: "/etc"}},
		"a link that leads out":       {{name: "a", link: "../evil"}},
		"a file through a link":       {{name: "a", link: "b"}, {name: "a/evil", text: "x"}},
		"a name that stands twice":    {{name: "a", text: "x"}, {name: "a", text: "y"}},
		"a file in a link's place":    {{name: "a", link: "b"}, {name: "a", text: "y"}},
		"a name that is far too long": {{name: strings.Repeat("y", maxName+1), text: "x"}},
		"a folder that is too deep":   {{name: strings.Repeat("x/", maxDepth) + "y", text: "x"}},
	} {
		for format, write := range writers {
			pack := write(t, entries...)
			if _, err := Inspect(bytes.NewReader(pack), int64(len(pack))); !errors.Is(err, fault.Invalid) {
				t.Errorf("%s in a %s: %v", name, format, err)
			}
		}
	}
	for name, e := range map[string]made{
		"a hard link": {name: "b", kind: tar.TypeLink}, "a device": {name: "b", kind: tar.TypeChar}, "a pipe": {name: "b", kind: tar.TypeFifo},
	} {
		pack := tarGz(t, made{name: "a", text: "x"}, e)
		if _, err := Inspect(bytes.NewReader(pack), int64(len(pack))); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	windows := zipped(t, made{name: `bin\run.sh`, text: "x"})
	if _, err := Inspect(bytes.NewReader(windows), int64(len(windows))); !errors.Is(err, fault.Invalid) {
		t.Errorf("a name with backslashes: %v", err)
	}
}

func TestBombsAreRefused(t *testing.T) {
	for format, write := range writers {
		pack := write(t, made{name: "zeros", text: strings.Repeat("\x00", freeUnpacked+1)})
		if _, err := Inspect(bytes.NewReader(pack), int64(len(pack))); !errors.Is(err, fault.TooLarge) {
			t.Errorf("a %s of %d bytes with %d in it: %v", format, len(pack), freeUnpacked+1, err)
		}
	}
	many := make([]made, MaxEntries+1)
	for i := range many {
		many[i].name = "x" + string(rune('a'+i%26)) + strings.Repeat("y", i%7) + "/" + strconv.Itoa(i)
	}
	pack := tarGz(t, many...)
	if _, err := Inspect(bytes.NewReader(pack), int64(len(pack))); !errors.Is(err, fault.TooLarge) {
		t.Errorf("%d entries: %v", len(many), err)
	}
}

func TestDamagedPackagesAreRefused(t *testing.T) {
	for format, write := range writers {
		pack := write(t, made{name: "segno.json", text: `{"command": ["a"]}`}, made{name: "a", text: strings.Repeat("some text that can be packed ", 100)})
		for cut := range len(pack) {
			if _, err := Inspect(bytes.NewReader(pack[:cut]), int64(cut)); err == nil {
				t.Fatalf("%s cut at %d of %d is taken", format, cut, len(pack))
			} else if !errors.Is(err, fault.Invalid) {
				t.Fatalf("%s cut at %d of %d: %v", format, cut, len(pack), err)
			}
		}
	}
}

func FuzzPackagesOfAnyBytesAreReadOrRefused(f *testing.F) {
	for _, write := range writers {
		f.Add(write(f, made{name: "a", text: "x"}, made{name: "b", link: "a"}))
		f.Add(write(f, made{name: "jobInfo.properties", text: "job=J"}, made{name: "J/J_run.sh", text: "java"}))
	}
	f.Fuzz(func(t *testing.T, pack []byte) {
		checker := map[string]bool{}
		_, err := Walk(bytes.NewReader(pack), int64(len(pack)), func(e Entry, content io.Reader) error {
			if checker[e.Name] && e.Kind != Folder || !local(e.Name) || strings.Contains(e.Name, "\x00") {
				t.Fatalf("%q is unpacked", e.Name)
			}
			checker[e.Name] = true
			if e.Kind == Link && CheckLink(e.Name, e.Target) != nil {
				t.Fatalf("%q leads to %q", e.Name, e.Target)
			}
			_, err := io.Copy(io.Discard, content)
			return err
		})
		if err != nil && !errors.Is(err, fault.Invalid) && !errors.Is(err, fault.TooLarge) {
			t.Fatalf("an error without a kind: %v", err)
		}
	})
}
