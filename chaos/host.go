package chaos

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/systemtest"
)

// host is a machine of its own as far as its processes can tell.
type host struct {
	t    testing.TB
	name string
	// dir is kept over reboots: it is the host's disk.
	dir string
	// number is the host's place in the network, from 1; 0 is the router.
	number int
	// boots counts its starts.
	boots int

	holder *exec.Cmd
	orders io.WriteCloser
	told   *bufio.Reader
}

// newHost returns a host that is switched off. Its disk is a folder of the given one.
func newHost(t testing.TB, name, parent string, number int) *host {
	t.Helper()
	h := &host{t: t, name: name, dir: filepath.Join(parent, name), number: number}
	if err := os.MkdirAll(h.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.off)
	return h
}

// on switches the host on: with a new boot id, and with clocks of its own that say how long it has been on.
func (h *host) on() {
	h.t.Helper()
	h.boots++
	boot := filepath.Join(h.dir, "boot_id")
	id := fmt.Sprintf("%08x-%04x-4000-8000-%012x\n", h.number, h.boots, time.Now().UnixNano()&0xffffffffffff)
	if err := os.WriteFile(boot, []byte(id), 0o600); err != nil {
		h.t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		h.t.Fatal(err)
	}
	// A later start has been on for less long than an earlier one, as it is with real hosts.
	uptime := strconv.Itoa(1_000_000*h.number + 500_000/h.boots)
	h.holder = exec.Command("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc",
		"--time", "--boottime", uptime, "--monotonic", uptime, program, hostCommand, boot)
	h.holder.Stderr = os.Stderr
	h.holder.Env = []string{"PATH=" + os.Getenv("PATH"), "SEGNO_CHAOS_HOST=" + h.dir}
	if h.orders, err = h.holder.StdinPipe(); err != nil {
		h.t.Fatal(err)
	}
	out, err := h.holder.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.holder.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.told = bufio.NewReader(out)
	if err := h.hear(); err != nil {
		h.t.Fatalf("switch %s on: %v", h.name, err)
	}
}

// off ends everything on the host in one instant, as a cut of its power does. Its disk stays.
func (h *host) off() {
	h.t.Helper()
	if h.holder == nil {
		return
	}
	_ = h.holder.Process.Kill()
	_ = h.orders.Close()
	_ = h.holder.Wait()
	h.holder = nil
	for end := time.Now().Add(systemtest.Patience); len(h.processes()) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatalf("processes %v of %s are left though it is off", h.processes(), h.name)
		}
	}
}

// forget loses everything on the disk of a host that is off, but who it is.
func (h *host) forget() {
	h.t.Helper()
	data := filepath.Join(h.dir, "data")
	entries, err := os.ReadDir(data)
	for _, e := range entries {
		if e.Name() != "identity.json" {
			err = errors.Join(err, os.RemoveAll(filepath.Join(data, e.Name())))
		}
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) hear() error {
	line, err := h.told.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("it has ended: %w", err)
	}
	var a answer
	if err := json.Unmarshal(line, &a); err != nil {
		return err
	}
	if a.Error != "" {
		return errors.New(a.Error)
	}
	return nil
}

// tell has the host's first process do something.
func (h *host) tell(o order) {
	h.t.Helper()
	line, err := json.Marshal(o)
	if err == nil {
		_, err = h.orders.Write(append(line, '\n'))
	}
	if err == nil {
		err = h.hear()
	}
	if err != nil {
		h.t.Fatalf("%s on %s: %v", o.Do, h.name, err)
	}
}

// run starts one of Segno's programs on the host. Its output goes to a file that is shown when the test fails.
func (h *host) run(program string, args ...string) {
	h.t.Helper()
	bin := systemtest.Programs(h.t)
	h.tell(order{
		Do: "run", Args: append([]string{filepath.Join(bin, program)}, args...), Log: filepath.Join(h.dir, program+".log"),
		Env: []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + h.dir, "TMPDIR=" + os.TempDir(), "SEGNO_CHAOS_HOST=" + h.dir},
	})
}

// processes returns the ids of all processes of the host, as the test sees them.
func (h *host) processes() []int { return systemtest.ProcessesOf(h.dir) }

// find returns the ids of the host's processes of one of Segno's programs, such as "jobserver", "keeper".
func (h *host) find(program, command string) []int {
	var pids []int
	for _, pid := range h.processes() {
		cmdline, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
		args := strings.Split(string(cmdline), "\x00")
		if err == nil && len(args) > 1 && filepath.Base(args[0]) == program && args[1] == command {
			pids = append(pids, pid)
		}
	}
	return pids
}

// signal sends a signal to the host's processes of a kind and returns how many there were. One that has ended meanwhile
// counts.
func (h *host) signal(sig syscall.Signal, program, command string) int {
	pids := h.find(program, command)
	for _, pid := range pids {
		_ = syscall.Kill(pid, sig)
	}
	return len(pids)
}

// outside is how the test sees a file of the host, which may have mounted something there.
func (h *host) outside(path string) string {
	h.t.Helper()
	children, err := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", h.holder.Process.Pid))
	pids := strings.Fields(string(children))
	if err != nil || len(pids) == 0 {
		h.t.Fatalf("the first process of %s is not to be found: %v", h.name, err)
	}
	return filepath.Join("/proc", pids[0], "root", path)
}

// log returns the last of what a program of the host has printed.
func (h *host) log(program string) string {
	text, err := os.ReadFile(filepath.Join(h.dir, program+".log"))
	if err != nil {
		return ""
	}
	return string(text[max(0, len(text)-20_000):])
}

// probes returns the ids of the host's probes and of what they left.
func (h *host) probes() []int {
	return slices.DeleteFunc(h.processes(), func(pid int) bool { return !environment(pid, "SEGNO_RUN_ID=") })
}

// alive reports whether a process of the run is alive on the host.
func (h *host) alive(e *expected) bool {
	return slices.ContainsFunc(h.processes(), func(pid int) bool { return environment(pid, "SEGNO_RUN_ID="+string(e.id)) })
}

// environment reports whether a process has a variable that begins so. One that has ended has none.
func environment(pid int, begin string) bool {
	environ, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "environ"))
	return err == nil && (strings.HasPrefix(string(environ), begin) || strings.Contains(string(environ), "\x00"+begin))
}
