package guard

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/jobserver/spool"
	"github.com/segno-jobs/segno/task"
)

// other is the user as whom jobs of these tests run.
const other = "nobody"

// newHostFor is newHost with a guard that runs jobs as another user too, for tests that can have it.
func newHostFor(t *testing.T) (*host, *Account) {
	t.Helper()
	if why := CannotRunAs(); why != "" {
		t.Skip("this process " + why)
	}
	who, err := LookUpAccount(other)
	if err != nil {
		t.Skip(err)
	}
	try := exec.Command("/bin/true")
	try.SysProcAttr = &syscall.SysProcAttr{Credential: who.credential()}
	if err := try.Run(); err != nil {
		t.Skipf("processes cannot be run as %s here: %v", other, err)
	}
	program := publicProgram(t)
	return newHost(t, func(o *ClientOptions) {
		o.Program, o.RunAs = program, jobserver.RunAs{Users: []string{"no*", "nosuchuser"}}
	}), who
}

// publicProgram is a copy of the test binary that every user can run, as an installed one is.
func publicProgram(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "segno-guard-program-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	program := filepath.Join(dir, "jobserver")
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(exe)
	if err == nil {
		err = errors.Join(os.WriteFile(program, text, 0o755), os.Chmod(dir, 0o755))
	}
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// as returns x to be run as the other user.
func as(user string, x jobserver.Execution) jobserver.Execution {
	x.Job.RunAs = user
	return x
}

func TestAJobRunsAsTheUserThatItAsksFor(t *testing.T) {
	h, who := newHostFor(t)
	r := h.run(as(other, script(`
id -u; id -g; id -G
echo $USER $LOGNAME $HOME
stat -c %U .; stat -c %U "$TMPDIR" .segno-script; touch made && stat -c %U made
echo by name > /dev/stdout
echo by name > /dev/stderr
jobserver progress 50 half && jobserver output rows=7`)))
	groups := make([]string, len(who.Groups))
	for i, g := range who.Groups {
		groups[i] = fmt.Sprint(g)
	}
	want := fmt.Sprintf("%d\n%d\n%s\n%s %s %s\n%s%s", who.UID, who.GID, strings.Join(groups, " "), other, other, who.Home,
		strings.Repeat(other+"\n", 4), "by name\n")
	if r.stdout != want || r.stderr != "by name\n" || r.exit.Code != 0 {
		t.Errorf("got %q, %q, %+v, want %q", r.stdout, r.stderr, r.exit, want)
	}
	if len(r.progress) != 1 || r.progress[0].Percent != 50 || len(r.values) != 1 || r.values[0].Value != "7" {
		t.Errorf("its socket took %+v and %+v", r.progress, r.values)
	}
	// The keeper is its own user's again for the next one.
	if r := h.run(script(`id -u; echo ${LOGNAME-none}; stat -c %u .; jobserver progress 1`)); r.stdout != "0\nnone\n0\n" || r.exit.Code != 0 {
		t.Errorf("the next job got %q, %q", r.stdout, r.stderr)
	}
}

func TestAJobOfAnotherUserReachesNothingThatIsNotItsOwn(t *testing.T) {
	h, _ := newHostFor(t)
	for name, mode := range map[string]os.FileMode{"identity.json": 0o644, "jobserver.yaml": 0o664} {
		file := filepath.Join(h.data, name)
		if err := errors.Join(os.WriteFile(file, []byte("secret\n"), mode), os.Chmod(file, mode)); err != nil {
			t.Fatal(err)
		}
	}
	neighbour := h.startUp(script(`echo mine > private; chmod 666 private; echo up; exec sleep 1000`))
	defer h.wait(neighbour)
	defer h.stop(neighbour, task.ExitCancelled)
	tries := []string{
		"cat ../../identity.json", "cat ../../jobserver.yaml", "ls ../..", "ls ..", "ls ../../spool", "ls ../../run", "ls ../../doors",
		"cat ../" + spool.Name(neighbour) + "/private", "touch ../x", "mv . ../y", "rmdir ../" + spool.Name(neighbour),
		"kill -0 $PPID", fmt.Sprintf("kill -9 %d", h.guardPID()), "cat /proc/$PPID/environ", "ls /proc/$PPID/fd",
	}
	var text strings.Builder
	for i, try := range tries {
		fmt.Fprintf(&text, "if (%s) >&2; then echo %d succeeded; fi\n", try, i)
	}
	if r := h.run(as(other, script(text.String()))); r.stdout != "" || r.exit.Code != 0 {
		t.Errorf("of %q\n%s%s", tries, r.stdout, r.stderr)
	}
	if h.guardPID() == 0 {
		t.Error("the guard is gone")
	}
}

func TestTheSocketOfAJobIsItsUsersAloneAndEndsWithIt(t *testing.T) {
	h, who := newHostFor(t)
	ref := h.startUp(as(other, script(`echo up; echo $SEGNO_SOCKET; exec sleep 1000`)))
	path := h.place.doorSocket(h.keeperOf(ref))
	if r := h.read(ref); r.stdout != "up\n"+path+"\n" {
		t.Errorf("got %q, want the socket %s", r.stdout, path)
	}
	progress := func(uid uint32) error {
		helper := exec.Command(h.options.Program, "progress", "10")
		helper.Env = []string{"SEGNO_SOCKET=" + path}
		helper.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
		return helper.Run()
	}
	if err := progress(who.UID); err != nil {
		t.Errorf("its own user cannot use it: %v", err)
	}
	if progress(12345) == nil {
		t.Error("another user can use it")
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	h.stop(ref, task.ExitCancelled)
	h.wait(ref)
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("the socket is left: %v", err)
	}
	// Whoever has a connection left has none to the job that comes next.
	next := h.startUp(as(other, script(`echo up; exec sleep 1000`)))
	_ = conn.SetDeadline(time.Now().Add(testPatience))
	body := `{"percent": 99}`
	fmt.Fprintf(conn, "POST /progress HTTP/1.1\r\nHost: job\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	if answer, err := io.ReadAll(conn); strings.Contains(string(answer), " 204 ") {
		t.Errorf("a connection of the job before was served: %q, %v", answer, err)
	}
	h.stop(next, task.ExitCancelled)
	if r := h.wait(next); len(r.progress) != 0 {
		t.Errorf("it reports %+v", r.progress)
	}
}

func TestAJobOfAnotherUserIsStoppedAndTracedAsAnyOther(t *testing.T) {
	h, _ := newHostFor(t)
	t.Run("cancelled", func(t *testing.T) {
		h, tag := h.in(t), newTag()
		x := as(other, script("trap '' TERM\n"+daemons(tag)+"exec sleep "+tag))
		x.StopGrace = 100 * time.Millisecond
		ref := h.startUp(x)
		h.stop(ref, task.ExitCancelled)
		if r := h.wait(ref); r.exit.Kind != task.ExitCancelled || len(sleepers(tag)) != 0 {
			t.Errorf("got %+v, and %d processes are left", r.exit, len(sleepers(tag)))
		}
	})
	t.Run("timed out", func(t *testing.T) {
		h, tag := h.in(t), newTag()
		x := as(other, script(daemons(tag)+"exec sleep "+tag))
		x.Timeout, x.StopGrace = 300*time.Millisecond, 100*time.Millisecond
		if r := h.run(x); r.exit.Kind != task.ExitTimedOut || len(sleepers(tag)) != 0 {
			t.Errorf("got %+v, and %d processes are left", r.exit, len(sleepers(tag)))
		}
	})
	t.Run("at the end of its lease", func(t *testing.T) {
		h, tag := h.in(t), newTag()
		x := as(other, script("trap '' TERM\n"+daemons(tag)+"exec sleep "+tag))
		x.Lease = leaseFor(time.Second)
		if r := h.run(x); r.exit.Kind != task.ExitLeaseExpired || len(sleepers(tag)) != 0 {
			t.Errorf("got %+v, and %d processes are left", r.exit, len(sleepers(tag)))
		}
	})
	t.Run("with its keeper", func(t *testing.T) {
		h, tag := h.in(t), newTag()
		ref := h.startUp(as(other, script(daemons(tag)+"exec sleep "+tag)))
		pid := h.keeperOf(ref)
		syscall.Kill(pid, syscall.SIGKILL)
		if r := h.wait(ref); r.exit.Kind != task.ExitLost || len(sleepers(tag)) != 0 {
			t.Errorf("got %+v, and %d processes are left", r.exit, len(sleepers(tag)))
		}
		if _, err := os.Lstat(h.place.doorSocket(pid)); !os.IsNotExist(err) {
			t.Errorf("its socket is left: %v", err)
		}
	})
}

func TestCheckpointsOfAnotherUsersJobAreMadeAndTakenUpWithThatUsersRights(t *testing.T) {
	h, _ := newHostFor(t)
	goOn := filepath.Join(os.TempDir(), "segno-guard-go-on-"+newTag())
	defer os.Remove(goOn)
	first := as(other, kept(goOn))
	ref := h.start(first)
	r := h.wait(ref)
	if r.exit.Code != 7 || len(r.checkpoints) != 2 {
		t.Fatalf("got %+v, %v, %q, %q", r.exit, r.checkpoints, r.marks, r.stderr)
	}
	two := r.checkpoints[1]
	content := h.content(ref, two)
	if err := os.WriteFile(goOn, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	second := first
	second.Job.Steps[2].Command[2] += "; stat -c %U out out/a b .segno-resume"
	second.Ref.Number, second.LastCheckpoint, second.Resume, second.ResumeContent = 2, 2, &two, writeTemp(t, content)
	if r = h.run(second); r.exit.Code != 0 || r.stdout != "1\n2\nb\nout\nresumed two\n"+strings.Repeat(other+"\n", 4) {
		t.Errorf("got %q, %q, %+v", r.stdout, r.stderr, r.exit)
	}
}

func TestAFileThatTheUserMayNotReadComesIntoNoCheckpoint(t *testing.T) {
	h, _ := newHostFor(t)
	x := command(newRun())
	x.Job.Steps = []task.Step{
		{Name: "one", Command: []string{"sh", "-c", "touch ready; while [ ! -e planted ]; do sleep 0.01; done"}, Keep: []string{"planted"}},
		{Name: "two", Command: []string{"true"}},
	}
	x.Job.Command = nil
	ref := h.start(as(other, x))
	dir := filepath.Join(h.data, "work", spool.Name(ref))
	h.await("the job", func() bool { return exists(dir + "/ready") })
	// As if the job had made a hard link to it, where the kernel lets it.
	secret := filepath.Join(h.data, "secret")
	if err := errors.Join(os.WriteFile(secret, []byte("secret"), 0o600), os.Link(secret, dir+"/planted")); err != nil {
		t.Fatal(err)
	}
	r := h.wait(ref)
	if len(r.checkpoints) != 0 || !strings.Contains(r.marks, "no checkpoint after step one") || !strings.Contains(r.marks, "permission denied") {
		t.Errorf("got %+v, %q", r.checkpoints, r.marks)
	}
}

func TestWhatAnotherJobLeftInTheFolderIsGone(t *testing.T) {
	h, _ := newHostFor(t)
	x := as(other, script(`ls -A; echo done`))
	dir := filepath.Join(h.data, "work", spool.Name(x.Ref))
	if err := errors.Join(os.Mkdir(dir, 0o777), os.WriteFile(dir+"/left", nil, 0o666), os.Symlink("/etc/passwd", dir+"/.segno-script")); err != nil {
		t.Fatal(err)
	}
	if r := h.run(x); r.stdout != ".segno-script\ndone\n" || r.exit.Code != 0 {
		t.Errorf("got %q, %q, %+v", r.stdout, r.stderr, r.exit)
	}
	// And the folder of an ended job is no one else's next.
	if r := h.run(script(`stat -c %u .`)); r.stdout != "0\n" {
		t.Errorf("got %q", r.stdout)
	}
}

func TestAJobIsNotStartedAsAUserWhoIsNotPermitted(t *testing.T) {
	h := newHost(t)
	err := h.Start(t.Context(), as(other, script(`id`)))
	if fields := fault.Fields(err); len(fields) != 1 || fields[0].Field != "job.run_as" ||
		fields[0].Reason != "is refused: this job server does not permit jobs to run as "+other {
		t.Errorf("got %v", err)
	}
	h.Client.options.RunAs = jobserver.RunAs{Users: []string{"*"}}
	h.Client.runsAs = false
	if err := h.Start(t.Context(), as(other, script(`id`))); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "older than its agent") {
		t.Errorf("with an older guard: %v", err)
	}
	h.Client.runsAs = true
	if err := h.Start(t.Context(), as("root", script(`id`))); !errors.Is(err, fault.Invalid) {
		t.Errorf("as root: %v", err)
	}
}

func TestAJobWhoseUserCannotBeUsedIsNotStartedAndSaysWhy(t *testing.T) {
	h, _ := newHostFor(t)
	if r := h.run(as("nosuchuser", script(`id`))); r.exit.Kind != task.ExitNotStarted || !strings.HasPrefix(r.exit.Detail, "the host has no user nosuchuser") {
		t.Errorf("got %+v", r.exit)
	}
	hidden, err := os.MkdirTemp("", "segno-guard-hidden-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(hidden)
	below := newHost(t, func(o *ClientOptions) {
		o.Data, o.Program, o.RunAs = filepath.Join(hidden, "data"), h.options.Program, h.options.RunAs
	})
	defer syscall.Kill((&host{data: filepath.Join(hidden, "data")}).guardPID(), syscall.SIGKILL)
	if r := below.run(as(other, script(`id`))); r.exit.Kind != task.ExitNotStarted || !strings.Contains(r.exit.Detail, "cannot reach its working folder") {
		t.Errorf("got %+v", r.exit)
	}
}

func TestNoAccountIsRootUnderAnotherName(t *testing.T) {
	if _, err := accountOf("toor", &user.User{Uid: "0", Gid: "0", Username: "toor"}, []string{"0"}); !errors.Is(err, fault.Forbidden) {
		t.Errorf("got %v", err)
	}
	for _, id := range []string{"", "-1", "4294967295", "4294967296", "x"} {
		if _, err := accountOf("odd", &user.User{Uid: id, Gid: "1"}, nil); err == nil {
			t.Errorf("the uid %q was taken", id)
		}
	}
	a, err := accountOf("etl", &user.User{Uid: "1001", Gid: "1002", HomeDir: "/home/etl"}, []string{"1002", "27"})
	if err != nil || a.UID != 1001 || a.GID != 1002 || len(a.Groups) != 2 || a.Groups[1] != 27 || a.Home != "/home/etl" {
		t.Errorf("got %+v, %v", a, err)
	}
}

func TestRightsAreTakenByOneThreadAlone(t *testing.T) {
	_, who := newHostFor(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	read := func() error { return unix.Stat(secret, new(unix.Stat_t)) }
	for range 20 {
		if err := who.act(read); !errors.Is(err, unix.EACCES) {
			t.Fatalf("as %s: %v", other, err)
		}
		if err := read(); err != nil {
			t.Fatalf("afterwards: %v", err)
		}
	}
}
