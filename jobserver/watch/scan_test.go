package watch

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/segno-jobs/segno/task"
)

func put(t *testing.T, path ...string) string {
	t.Helper()
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func names(l Listing, dir string) []string {
	var found []string
	for _, f := range l.Files {
		found = append(found, strings.TrimPrefix(f.Path, dir+"/"))
	}
	return found
}

func TestALookFindsWhatTheMaskTakesDownToTheDepth(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.csv", "b.txt", ".c.csv", "x/d.csv", "x/y/e.csv", "x/y/z/f.csv", ".x/g.csv"} {
		put(t, dir, name)
	}
	if err := os.Symlink(filepath.Join(dir, "a.csv"), filepath.Join(dir, "link.csv")); err != nil {
		t.Fatal(err)
	}
	for target, link := range map[string]string{"nowhere": "broken.csv", "x": "folder.csv"} {
		if err := os.Symlink(filepath.Join(dir, target), filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for depth, want := range map[int][]string{
		0: {"a.csv", "link.csv"},
		2: {"a.csv", "link.csv", "x/d.csv", "x/y/e.csv"},
	} {
		trigger := task.FileTrigger{Server: "js-1", Path: dir, Mask: "*.csv", Depth: depth}
		l := Scan(trigger)
		if !l.Complete || l.Problem != "" || !slices.Equal(names(l, dir), want) {
			t.Errorf("depth %d finds %v (%v, %q), want %v", depth, names(l, dir), l.Complete, l.Problem, want)
		}
		for _, f := range l.Files {
			if !trigger.Matches(f.Path) {
				t.Errorf("the trigger does not match %s, which a look found", f.Path)
			}
			if f.Inode == 0 || f.ModTime.IsZero() || f.Changed.IsZero() || f.Size != 1 {
				t.Errorf("%s is %+v", f.Path, f)
			}
		}
	}
}

func TestALookSaysWhatItCouldNotRead(t *testing.T) {
	dir := t.TempDir()
	if l := Scan(task.FileTrigger{Path: filepath.Join(dir, "none"), Mask: "*"}); l.Complete || !strings.Contains(l.Problem, "no such file") {
		t.Errorf("a missing folder is %+v", l)
	}
	if l := Scan(task.FileTrigger{Path: put(t, dir, "file"), Mask: "*"}); l.Complete || l.Problem == "" {
		t.Errorf("a file in place of a folder is %+v", l)
	}
	put(t, dir, "bad\xffname")
	if l := Scan(task.FileTrigger{Path: dir, Mask: "*"}); len(l.Files) != 1 || !strings.Contains(l.Problem, "UTF-8") {
		t.Errorf("a name that is no UTF-8 gives %+v", l)
	}
}
