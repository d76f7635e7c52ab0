package main

import (
	"context"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/segno-jobs/segno/internal/systemtest"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// nobody is the user as whom jobs of these tests run. Its processes can reach the programs and the folders of s.
func nobody(t *testing.T, s *systemtest.System) *syscall.Credential {
	t.Helper()
	u, err := user.Lookup("nobody")
	if err != nil || os.Geteuid() != 0 {
		t.Skipf("only root can run jobs as another user, such as nobody (%v)", err)
	}
	uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
	if uidErr != nil || gidErr != nil {
		t.Fatal(uidErr, gidErr)
	}
	as := &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	try := exec.Command("/bin/true")
	try.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	if err := try.Run(); err != nil {
		t.Skipf("processes cannot be run as nobody here: %v", err)
	}
	for _, dir := range []string{filepath.Dir(s.Dir), s.Dir, systemtest.Programs(t)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return as
}

func TestAJobRunsAsItsUserWhereThatIsPermittedAndNowhereElse(t *testing.T) {
	s := systemtest.Start(t, "js-closed")
	as := nobody(t, s)
	open, weak := s.JoinServer("js-open"), s.JoinServer("js-weak")
	s.Group("etl", "js-closed", "js-open", "js-weak")
	s.Task("whoami", "etl", systemtest.Shell("id -un"), func(spec *task.Spec) { spec.Job.RunAs = "nobody" })

	// An agent that is not root could not become anyone else.
	if out, err := exec.Command("chown", "-R", "nobody", weak.Data).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	agent := exec.Command(filepath.Join(systemtest.Programs(t), "jobserver"), "run", "--data", weak.Data, "--run-as", "nobody")
	agent.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = agent.Process.Kill()
		_ = agent.Wait()
	})
	weak.WaitOnline()

	id := s.StartRun("whoami")
	s.Eventually("the run says what it waits for", func(context.Context) (bool, error) {
		reason := s.GetRun(id).Reason
		return strings.Contains(reason, "js-closed does not permit jobs to run as nobody") &&
			strings.Contains(reason, "js-weak cannot run jobs as other users: its agent runs with the uid"), nil
	})
	rating, err := s.Client.Rating(t.Context(), "etl", "whoami")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range rating.Candidates {
		if (v.Server == "js-closed" || v.Server == "js-weak") && v.Refused != virtualserver.RefusedUser {
			t.Errorf("%s: refused for %q", v.Server, v.Refused)
		}
	}

	open.Start("--run-as", "daemon,nob*")
	open.WaitOnline()
	if run := s.AwaitRun(id, task.Succeeded); run.Server == nil || *run.Server != "js-open" || s.Log(id) != "nobody\n" {
		t.Errorf("it ran on %+v and printed %q", run.Attempts, s.Log(id))
	}
	server, err := s.Client.Server(t.Context(), "js-open")
	if err != nil || strings.Join(server.RunAs, " ") != "daemon nob*" || server.RunAsProblem != "" {
		t.Errorf("the server says that it permits %q, %q (%v)", server.RunAs, server.RunAsProblem, err)
	}
}

func TestARecoveredRunKeepsItsUserWhateverWasEditedMeanwhile(t *testing.T) {
	s := systemtest.Start(t)
	nobody(t, s)
	for _, name := range []string{"js-1", "js-2"} {
		v := s.JoinServer(name)
		v.Start("--run-as", "nobody")
		v.WaitOnline()
	}
	s.Group("etl", "js-1", "js-2")
	s.Task("load", "etl", systemtest.Shell(`
id -un
if [ "$SEGNO_RESUME_FROM" ]; then find "$SEGNO_RESUME_DIR" -name part -user nobody | sed s,.*/,,; exit 0; fi
echo 1 > part; jobserver checkpoint half part || exit 9
exit 1`), func(spec *task.Spec) { spec.Job.RunAs = "nobody" })
	id := s.StartRun("load")
	s.AwaitRun(id, task.Failed)

	edited := map[string]any{"job": map[string]any{"run_as": nil}}
	if stored, err := s.Client.PatchTask(t.Context(), "load", 0, edited); err != nil || stored.Job.RunAs != "" {
		t.Fatalf("%q, %v", stored.Job.RunAs, err)
	}
	if _, err := s.Client.RecoverRun(t.Context(), id, 0); err != nil {
		t.Fatal(err)
	}
	if run := s.AwaitRun(id, task.Succeeded); len(run.Attempts) != 2 {
		t.Errorf("got %d attempts, want two", len(run.Attempts))
	}
	if got := s.Log(id); got != "nobody\npart\n" {
		t.Errorf("the second attempt printed %q, want it and its files to be nobody's", got)
	}
}
