package guard

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// The values of the setting cgroup, besides the path of a folder that was delegated to the job server.
const (
	CgroupAuto = "auto"
	CgroupOff  = "off"
)

// openCgroups returns the folder below which keepers may make control groups of version 2, or "" where they may not.
// The setting auto uses the guard's own group, if it can be written to; a path that cannot be used is an error.
func openCgroups(setting, name string) (string, error) {
	switch setting {
	case CgroupOff:
		return "", nil
	case CgroupAuto, "":
		parent, err := ownCgroup()
		if err != nil || parent == "" {
			return "", nil //nolint:nilerr // Without control groups jobs run all the same.
		}
		dir := filepath.Join(parent, name)
		if makeCgroups(parent, dir) != nil {
			return "", nil
		}
		return dir, nil
	}
	dir := filepath.Join(setting, name)
	if err := makeCgroups(setting, dir); err != nil {
		return "", fmt.Errorf("cgroup %s: %w", setting, err)
	}
	return dir, nil
}

// makeCgroups makes dir below parent, kills what an earlier guard left in it, and passes on the memory controller
// where the host lets it.
func makeCgroups(parent, dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	if !exists(dir + "/cgroup.kill") {
		os.Remove(dir)
		return errors.New("it is no folder of control groups of version 2 with cgroup.kill")
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range left {
		if e.IsDir() {
			removeCgroup(filepath.Join(dir, e.Name()))
		}
	}
	for _, folder := range []string{parent, dir} {
		// Refused where the parent has processes of its own; then there is no limit of memory, and killing works.
		_ = os.WriteFile(folder+"/cgroup.subtree_control", []byte("+memory"), 0)
	}
	return nil
}

// removeCgroup kills the processes of a group, waits until they are gone, and removes it.
func removeCgroup(dir string) {
	for wait := time.Millisecond; wait < time.Second; wait *= 2 {
		_ = os.WriteFile(dir+"/cgroup.kill", []byte("1"), 0)
		if err := os.Remove(dir); !errors.Is(err, unix.EBUSY) {
			return
		}
		time.Sleep(wait)
	}
}

// ownCgroup returns the folder of the group of version 2 in which this process is, or "" where the host has none. The
// root group is left alone where systemd manages it.
func ownCgroup() (string, error) {
	mount, err := cgroupMount()
	if err != nil || mount == "" {
		return "", err
	}
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::")
		if !ok {
			continue
		}
		if path == "/" && exists("/run/systemd/system") {
			return "", nil
		}
		return filepath.Join(mount, path), nil
	}
	return "", nil
}

func cgroupMount() (string, error) {
	f, err := os.Open("/proc/self/mounts")
	if err != nil {
		return "", err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) > 2 && fields[2] == "cgroup2" {
			return fields[1], nil
		}
	}
	return "", lines.Err()
}

// cgroupName is the name of a data folder's control group, cgroupDir the folder of a keeper's below it.
func cgroupName(p place) string             { return "segno-" + p.hash() }
func cgroupDir(base string, pid int) string { return filepath.Join(base, "keeper-"+strconv.Itoa(pid)) }

// cgroup is the control group of a keeper: the processes of its attempt are started in it. A keeper keeps one attempt
// at a time and ends only when the group is empty, so the group is made once and serves all of them.
type cgroup struct {
	dir string
	fd  int
	// limit is the present memory.max, 0 for none; oom the number of kills that were seen.
	limit   int64
	limited bool
	oom     int64
	// used is true once kill was called.
	used bool
}

// newCgroup makes the group of a keeper below dir. Without dir it returns nil, of which all methods do nothing.
func newCgroup(dir string, pid int) *cgroup {
	if dir == "" {
		return nil
	}
	g := &cgroup{dir: cgroupDir(dir, pid), fd: -1}
	if g.make() != nil {
		return nil
	}
	return g
}

// make makes the group anew.
func (g *cgroup) make() error {
	closeFD(&g.fd)
	removeCgroup(g.dir)
	if err := os.Mkdir(g.dir, 0o755); err != nil {
		return err
	}
	fd, err := unix.Open(g.dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	g.fd, g.limited, g.used, g.limit = fd, exists(g.dir+"/memory.max"), false, 0
	g.oom = g.oomKills()
	return nil
}

// renew makes the group anew if it was killed: Linux kills what is started into a group that ever was
// (cgroup_css_set_fork compares the count of kills with that of the parent's group).
func (g *cgroup) renew() error {
	if g == nil || !g.used {
		return nil
	}
	if err := g.make(); err != nil {
		return fmt.Errorf("make control group: %w", err)
	}
	return nil
}

// limitMemory sets the bytes that the group may use, 0 for no limit. It reports whether the limit holds.
func (g *cgroup) limitMemory(limit int64) bool {
	if g == nil || !g.limited {
		return false
	}
	if g.limit == limit {
		return true
	}
	value := "max"
	if limit > 0 {
		value = strconv.FormatInt(limit, 10)
	}
	if os.WriteFile(g.dir+"/memory.max", []byte(value), 0) != nil {
		return false
	}
	g.limit = limit
	return true
}

// kill kills every process in the group.
func (g *cgroup) kill() {
	if g != nil {
		g.used = true
		_ = os.WriteFile(g.dir+"/cgroup.kill", []byte("1"), 0)
	}
}

// tellsOfOOM reports whether the group counts the processes that the kernel killed in it for want of memory.
func (g *cgroup) tellsOfOOM() bool { return g != nil && g.limited }

// oomKilled reports whether the kernel killed a process of the group for want of memory since it was last asked. The
// second result is false where the group cannot tell.
func (g *cgroup) oomKilled() (killed, known bool) {
	if !g.tellsOfOOM() {
		return false, false
	}
	before := g.oom
	g.oom = g.oomKills()
	return g.oom > before, true
}

func (g *cgroup) oomKills() int64 { return counter(g.dir+"/memory.events", "oom_kill") }

func (g *cgroup) remove() {
	if g != nil {
		closeFD(&g.fd)
		removeCgroup(g.dir)
	}
}

// counter returns the number after name in a file of names and numbers that the kernel makes, or 0. It reads with plain calls,
// and no more than it needs: the kernel counts all numbers anew for each read.
func counter(file, name string) int64 {
	fd, err := unix.Open(file, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	defer unix.Close(fd)
	key := []byte("\n" + name + " ")
	text := make([]byte, 1, 16<<10)
	text[0] = '\n'
	for {
		var n int
		err := retry(func() (err error) { n, err = unix.Read(fd, text[len(text):cap(text)]); return err })
		if err != nil || n == 0 {
			return 0
		}
		text = text[:len(text)+n]
		if _, rest, found := bytes.Cut(text, key); found {
			if digits, _, whole := bytes.Cut(rest, []byte("\n")); whole {
				number, _ := strconv.ParseInt(string(digits), 10, 64)
				return number
			}
		}
	}
}
