package guard

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

type entry struct {
	tar.Header
	text string
}

func file(name, text string) entry {
	return entry{tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o600, Size: int64(len(text))}, text}
}

func link(name, target string) entry {
	return entry{Header: tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target}}
}

func of(kind byte, name string) entry {
	return entry{Header: tar.Header{Typeflag: kind, Name: name, Linkname: "x", Mode: 0o600}}
}

func archiveOf(t interface{ Fatal(...any) }, entries ...entry) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		if err := w.WriteHeader(&e.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(e.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// refusals are archives of which nothing may leave the folder.
var refusals = map[string][]entry{
	"an absolute name":              {file("/etc/evil", "x")},
	"a name that leads out":         {file("../evil", "x")},
	"one that comes back in":        {file("a/../b", "x")},
	"one that leads out deep":       {file("a/b/../../../evil", "x")},
	"a folder that leads out":       {of(tar.TypeDir, "../evil/")},
	"no name":                       {file("", "x")},
	"a link to an absolute name":    {link("a", "/etc/passwd")},
	"a link that leads out":         {link("a", "../evil")},
	"a link that leads out deep":    {link("a/b", "c/../../../evil")},
	"a file through a link":         {link("a", "b"), file("a/evil", "x")},
	"a link through a link":         {link("p", "."), link("p/p/s", "../..")},
	"a file in the place of a link": {link("a", "b"), file("a", "x")},
	"a name that stands twice":      {file("a", "x"), file("a", "y")},
	"a hard link":                   {of(tar.TypeLink, "a")},
	"a device":                      {of(tar.TypeChar, "a")},
	"a pipe":                        {of(tar.TypeFifo, "a")},
	"a long name":                   {file(strings.Repeat("x/", 40)+strings.Repeat("y", 1024), "x")},
	"a deep name":                   {file(strings.Repeat("x/", 64)+"y", "x")},
}

func TestArchivesThatLeadOutAreRefused(t *testing.T) {
	for name, entries := range refusals {
		for _, prefix := range []string{"", keptFolder + "/"} {
			t.Run(name+" in "+prefix, func(t *testing.T) {
				dir := t.TempDir()
				work, files := filepath.Join(dir, "w", "work"), filepath.Join(dir, "w", "files")
				for _, d := range []string{work, files} {
					if err := os.MkdirAll(d, 0o700); err != nil {
						t.Fatal(err)
					}
				}
				var moved []entry
				for _, e := range entries {
					if prefix != "" && (e.Name == "" || e.Name[0] == '/') {
						t.Skip("it has no name of that kind")
					}
					e.Name = prefix + e.Name
					moved = append(moved, e)
				}
				err := unpackArchive(t.Context(), bytes.NewReader(archiveOf(t, moved...)), work, files)
				if !errors.Is(err, fault.Invalid) {
					t.Errorf("got %v, want it refused", err)
				}
				onlyBelow(t, dir, work, files)
			})
		}
	}
}

// onlyBelow fails where a file lies elsewhere below dir than in the folders, or a link in them leads out of them.
func onlyBelow(t interface{ Errorf(string, ...any) }, dir string, folders ...string) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		for _, f := range folders {
			if strings.HasPrefix(path, f+"/") {
				if d.Type()&fs.ModeSymlink != 0 {
					if to, err := filepath.EvalSymlinks(path); err == nil && !strings.HasPrefix(to+"/", f+"/") {
						t.Errorf("%s leads to %s", path, to)
					}
				}
				return nil
			}
		}
		t.Errorf("%s was written", path)
		return nil
	})
}

func TestAnArchiveComesOutAsItWentIn(t *testing.T) {
	dir := t.TempDir()
	entries := []entry{of(tar.TypeDir, "./"), of(tar.TypeDir, "d/"), file("d/a", "one"), link("d/l", "a"), file("./b", ""), file(keptFolder+"/k/x", "kept")}
	work, files := filepath.Join(dir, "work"), filepath.Join(dir, "files")
	for _, d := range []string{work, files} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := unpackArchive(t.Context(), bytes.NewReader(archiveOf(t, entries...)), work, files); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{files + "/d/a": "one", files + "/d/l": "one", files + "/b": "", work + "/k/x": "kept"} {
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v", path, got, err)
		}
	}
}

func TestAnArchiveOverTheSizeIsTooLarge(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "big", Size: task.MaxCheckpointSize + 1}); err != nil {
		t.Fatal(err)
	}
	out := archiveWriter{Writer: tar.NewWriter(&bytes.Buffer{}), ctx: context.Background()}
	if err := out.copyFrom(&b); !errors.Is(err, fault.TooLarge) {
		t.Errorf("got %v, want %v", err, fault.TooLarge)
	}
}

// TestNoArchiveLeadsOut unpacks archives of all kinds of names and links.
func TestNoArchiveLeadsOut(t *testing.T) {
	names := rapid.SampledFrom([]string{"a", "b", "a/b", "a/c", "b/a", "a/b/c", ".", "..", "../a", "a/..", "a/../b", "/a", "./a", "a//b", keptFolder, keptFolder + "/a", keptFolder + "/../a"})
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "segno-archive-")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		work, files := filepath.Join(dir, "w", "work"), filepath.Join(dir, "w", "files")
		for _, d := range []string{work, files} {
			if err := os.MkdirAll(d, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		var entries []entry
		for range rapid.IntRange(1, 6).Draw(t, "entries") {
			name := names.Draw(t, "name")
			switch rapid.IntRange(0, 3).Draw(t, "kind") {
			case 0:
				entries = append(entries, of(tar.TypeDir, name+"/"))
			case 1:
				entries = append(entries, link(name, names.Draw(t, "target")))
			default:
				entries = append(entries, file(name, "x"))
			}
		}
		_ = unpackArchive(context.Background(), bytes.NewReader(archiveOf(t, entries...)), work, files)
		onlyBelow(t, dir, work, files)
	})
}
