package guard

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// packageFile writes a zip of files with their texts.
func packageFile(t *testing.T, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range files {
		f, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(f, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "package")
	if err := errors.Join(w.Close(), os.WriteFile(path, b.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	return path
}

// unpacked unpacks a package into a new folder and returns its step.
func unpacked(t *testing.T, dir string, files map[string]string, a task.Archive) (step, error) {
	t.Helper()
	if err := unpackTo(t.Context(), packageFile(t, files), dir, nil); err != nil {
		return step{}, err
	}
	e := &jobserver.Execution{Ref: task.Ref{Run: "01A", Number: 1}, Job: task.Job{Archive: &a}}
	return packageStep(e, dir, place{data: t.TempDir()}, nil)
}

func TestAScriptOfAPackageIsMadeReady(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
		left string
	}{
		"a script that names its interpreter":     {"#!/bin/sh\necho\n", []string{"./bin/x", "y"}, "#!/bin/sh\necho\n"},
		"one with the ends of lines of Windows":   {"#!/bin/sh\r\necho\r\n", []string{"./bin/x", "y"}, "#!/bin/sh\necho\n"},
		"a text without an interpreter":           {"echo\r\n", []string{"/bin/sh", "./bin/x", "y"}, "echo\n"},
		"a program, which is left as it is":       {"\x7fELF\x00\r\n", []string{"./bin/x", "y"}, "\x7fELF\x00\r\n"},
		"a carriage return that ends no line":     {"#!/bin/sh\nprintf 'a\rb'\n", []string{"./bin/x", "y"}, "#!/bin/sh\nprintf 'a\rb'\n"},
		"a file without content, which is a text": {"", []string{"/bin/sh", "./bin/x", "y"}, ""},
	} {
		dir := t.TempDir()
		s, err := unpacked(t, dir, map[string]string{"bin/x": c.text}, task.Archive{Command: []string{"bin/x", "y"}})
		if err != nil || !reflect.DeepEqual(s.argv, c.want) || s.dir != dir {
			t.Errorf("%s: %q in %q, %v", name, s.argv, s.dir, err)
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, "bin/x"))
		info, statErr := os.Stat(filepath.Join(dir, "bin/x"))
		if err != nil || statErr != nil || string(text) != c.left || info.Mode()&0o100 == 0 {
			t.Errorf("%s: %q with mode %v, %v, %v", name, text, info.Mode(), err, statErr)
		}
	}
}

func TestATalendJobWorksInItsFolderByANameWithoutBlanks(t *testing.T) {
	files := map[string]string{"jobInfo.properties": "job=Load\r\n", "Load/Load_run.sh": "cd `dirname $0`\r\njava\r\n"}
	for _, name := range []string{"plain", "with a blank", "with $odd (ones)"} {
		dir := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		s, err := unpacked(t, dir, files, task.Archive{})
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(s.dir, odd) || !reflect.DeepEqual(s.argv, []string{"/bin/sh", "./Load_run.sh"}) || !reflect.DeepEqual(s.env, []string{"PWD=" + s.dir}) {
			t.Errorf("%s: %q in %q with %q", name, s.argv, s.dir, s.env)
		}
		if text, err := os.ReadFile(s.dir + "/Load_run.sh"); err != nil || strings.Contains(string(text), "\r") {
			t.Errorf("%s: the script is %q, %v", name, text, err)
		}
	}
}

func TestAPackageThatIsNotWhatItShouldBeIsNotStarted(t *testing.T) {
	if _, err := unpacked(t, t.TempDir(), map[string]string{"../evil": "x"}, task.Archive{}); !errors.Is(err, fault.Invalid) {
		t.Errorf("a name that leads out: %v", err)
	}
	if _, err := unpacked(t, t.TempDir(), map[string]string{"data": "x"}, task.Archive{}); !errors.Is(err, fault.Invalid) {
		t.Errorf("nothing that starts it: %v", err)
	}
	path := filepath.Join(t.TempDir(), "package")
	if err := os.WriteFile(path, []byte("PK\x03\x04 and nothing more"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := unpackTo(t.Context(), path, t.TempDir(), nil); !errors.Is(err, fault.Invalid) {
		t.Errorf("a damaged file: %v", err)
	}
}
