package main

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/systemtest"
	"github.com/segno-jobs/segno/task"
)

// postgres returns the URL of a new database on the server that the tests use.
func postgres(t *testing.T) string {
	t.Helper()
	server := os.Getenv("TEST_POSTGRES_URL")
	if server == "" {
		if os.Getenv("REQUIRE_POSTGRES") == "1" {
			t.Fatal("TEST_POSTGRES_URL is not set")
		}
		t.Skip("TEST_POSTGRES_URL names no PostgreSQL; make test starts one")
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("system_%d", time.Now().UnixNano())
	psql := func(command string) {
		if out, err := exec.Command("psql", "-qX", "-d", server, "-c", command).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
	}
	psql("CREATE DATABASE " + name)
	t.Cleanup(func() { psql("DROP DATABASE " + name + " WITH (FORCE)") })
	u.Path = "/" + name
	return u.String()
}

func TestAKilledConductorOnPostgreSQLGoesOn(t *testing.T) {
	s := systemtest.New(t, "--heartbeat", "300ms", "--database", postgres(t))
	s.StartConductor()
	s.StartServer("js-1")
	s.Group("etl", "js-1")
	s.Task("work", "etl", systemtest.Shell(`echo begun; sleep 1; echo done; exit 9`))
	id := s.StartRun("work")
	s.AwaitOutput(id)
	s.Conductor.Kill()
	s.StartConductor()
	run := s.AwaitRun(id, task.Failed)
	if run.ExitCode == nil || *run.ExitCode != 9 || run.Attempt != 1 {
		t.Errorf("got exit code %v in attempt %d, want 9 in attempt 1", run.ExitCode, run.Attempt)
	}
	if got := s.Log(id); !strings.HasSuffix(got, "done\n") {
		t.Errorf("the log is %q, want all of it", got)
	}
}
