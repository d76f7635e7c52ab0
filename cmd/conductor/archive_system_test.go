package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/systemtest"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

// plainPackage is a tar.gz with one script, without the bit for execution.
func plainPackage(t *testing.T, script string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	err := w.WriteHeader(&tar.Header{Name: "bin/job.sh", Mode: 0o644, Size: int64(len(script))})
	if err == nil {
		_, err = io.WriteString(w, script)
	}
	if err := errors.Join(err, w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// talendPackage is a zip as Talend makes it, with ends of lines of Windows, whose run script breaks on a blank in the name of
// its folder.
func talendPackage(t *testing.T, says string) []byte {
	t.Helper()
	script := strings.Join([]string{
		"#!/bin/sh", "cd `dirname $0`", "ROOT_PATH=`pwd`", "test -f $ROOT_PATH/../jobInfo.properties || exit 9",
		`for a in "$@"; do printf "arg:%s\n" "$a"; done`, "echo " + says, `if [ "$SEGNO_ATTEMPT" = 1 ] && [ "$SEGNO_PARAM_STAY" = yes ]; then sleep 600; fi`, "",
	}, "\r\n")
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range map[string]string{
		"jobInfo.properties": "#Talend\r\njob=Load\r\njobVersion=0.1\r\ncontextName=Default\r\n", "Load/Load_run.sh": script,
		"Load/shop/load_0_1/contexts/Prod.properties": "a=b", "lib/routines.jar": "jar",
	} {
		f, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(f, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pushPackage(t *testing.T, s *systemtest.System, name, version string, content []byte) {
	t.Helper()
	sum := sha256.Sum256(content)
	if _, created, err := s.Client.PutArchive(t.Context(), name, version, hex.EncodeToString(sum[:]), bytes.NewReader(content), int64(len(content))); err != nil || !created {
		t.Fatalf("push %s %s: created %v, %v", name, version, created, err)
	}
}

// loseServer kills everything that works on a server, as the loss of its host does.
func loseServer(s *systemtest.System, name string) {
	for _, pid := range systemtest.ProcessesOf(filepath.Join(s.Dir, name)) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// restarts has runs restarted soon after their server is lost.
func restarts(spec *task.Spec) {
	again := policy.Word(policy.Restart)
	spec.OnUnavailable, spec.UnavailableAfter = &again, task.Duration(5*time.Second)
}

func TestARunGoesOnElsewhereWithTheVersionThatItBeganWith(t *testing.T) {
	s := systemtest.New(t)
	s.Dir = filepath.Join(s.Dir, "a folder")
	if err := os.Mkdir(s.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s.StartConductor()
	s.StartServer("js-1")
	s.StartServer("js-2")
	s.Group("etl", "js-1", "js-2")
	pushPackage(t, s, "load", "0.1", talendPackage(t, "version one"))
	s.Task("load", "etl", task.Job{Archive: &task.Archive{Name: "load", Context: "Prod", Args: []string{"--more"}}}, restarts,
		func(spec *task.Spec) { spec.Params = map[string]string{"stay": "yes", "path": `C:\new x`} })

	id := s.StartRun("load")
	s.AwaitOutput(id)
	pushPackage(t, s, "load", "0.2", talendPackage(t, "version two"))
	first := s.GetRun(id)
	loseServer(s, *first.Server)
	run := s.AwaitRun(id, task.Succeeded)
	log := s.Log(id)
	if run.Attempt != 2 || *run.Server == *first.Server || !strings.Contains(log, "version one") || strings.Contains(log, "version two") {
		t.Errorf("attempt %d on %s after %s wrote:\n%s", run.Attempt, *run.Server, *first.Server, log)
	}
	if want := "arg:--context=Prod\narg:--context_param\narg:path=C:\\\\new x\narg:--context_param\narg:stay=yes\narg:--more\n"; !strings.HasPrefix(log, want) {
		t.Errorf("the arguments are\n%swant\n%s", log, want)
	}
	// The next run has the newest version.
	if err := s.Client.DeleteArchiveVersion(t.Context(), "load", "0.1", false); err != nil {
		t.Error(err)
	}
	next := s.StartRun("load")
	s.AwaitOutput(next)
	if log := s.Log(next); !strings.Contains(log, "version two") {
		t.Errorf("the next run wrote:\n%s", log)
	}
	if err := s.Client.DeleteArchiveVersion(t.Context(), "load", "0.2", true); err == nil {
		t.Error("a version was deleted that a task and an open run need")
	}
}

func TestAPlainPackageRunsAsTheTaskSays(t *testing.T) {
	s := systemtest.Start(t, "js-1")
	s.Group("etl", "js-1")
	pushPackage(t, s, "plain", "1", plainPackage(t, "echo $0 $1 in $(basename $(dirname $(pwd)))/; ls; test -w bin/job.sh\n"))
	s.Task("plain", "etl", task.Job{Archive: &task.Archive{Name: "plain", Version: "1", Command: []string{"bin/job.sh", "${{ params.what }}"}}},
		func(spec *task.Spec) { spec.Params = map[string]string{"what": "this"} })
	for range 2 { // The second one has it from the server's disk.
		id := s.StartRun("plain")
		s.AwaitRun(id, task.Succeeded)
		if log := s.Log(id); log != "./bin/job.sh this in work/\nbin\n" {
			t.Errorf("it wrote %q", log)
		}
	}
}
