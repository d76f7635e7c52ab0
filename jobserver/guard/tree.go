package guard

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// children returns the processes whose parent is pid.
func children(pid int) []int {
	dir := "/proc/" + strconv.Itoa(pid) + "/task/"
	tasks, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var pids []int
	for _, t := range tasks {
		list, err := os.ReadFile(dir + t.Name() + "/children")
		if os.IsNotExist(err) && exists(dir+t.Name()) {
			return childrenByScan(pid) // A kernel without CONFIG_PROC_CHILDREN.
		}
		for field := range strings.FieldsSeq(string(list)) {
			if child, err := strconv.Atoi(field); err == nil {
				pids = append(pids, child)
			}
		}
	}
	return pids
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// childrenByScan is children for kernels that do not list them: it looks at every process of the host.
func childrenByScan(parent int) []int {
	var pids []int
	for _, pid := range processes() {
		if st, ok := readStat(pid); ok && st.parent == parent {
			pids = append(pids, pid)
		}
	}
	return pids
}

// processes lists the processes of the host.
func processes() []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// descendants returns the processes below those given, and the given ones.
func descendants(roots []int) []int {
	all := append([]int(nil), roots...)
	for i := 0; i < len(all); i++ {
		all = append(all, children(all[i])...)
	}
	return all
}

// killBelow kills all processes below self, save the children in spare and what is below them. It stops them first,
// until a look finds no new one, so that none can fork while it is at it. Who dies is reaped by its parent: when
// killBelow returns, orphans may have become children of self that a further round must see to.
func killBelow(self int, spare func(pid int) bool) {
	stopped := map[int]bool{}
	for fresh := true; fresh; {
		fresh = false
		var roots []int
		for _, pid := range children(self) {
			if spare == nil || !spare(pid) {
				roots = append(roots, pid)
			}
		}
		for _, pid := range descendants(roots) {
			if !stopped[pid] {
				stopped[pid], fresh = true, true
				unix.Kill(pid, unix.SIGSTOP)
			}
		}
	}
	for pid := range stopped {
		unix.Kill(pid, unix.SIGKILL)
	}
}

// strayRounds bounds how often killStrays looks.
const strayRounds = 100

// killStrays kills the processes that have all of the given entries in their environment, the last means to find what
// is left of an attempt whose guard and keeper both are gone. It looks until there is none.
func killStrays(entries ...string) {
	for range strayRounds {
		found := false
		for _, pid := range processes() {
			env, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
			if err == nil && hasAll(env, entries) {
				found = unix.Kill(pid, unix.SIGKILL) == nil || found
			}
		}
		if !found {
			return
		}
		time.Sleep(firstCheck)
	}
}

func hasAll(env []byte, entries []string) bool {
	for _, e := range entries {
		if !bytes.Contains(append([]byte{0}, env...), append(append([]byte{0}, e...), 0)) {
			return false
		}
	}
	return true
}

// stat is what /proc/<pid>/stat tells of a process.
type stat struct {
	parent int
	// ticks is the processor time of the process and of its children that it waited for, reaped that of the latter.
	ticks, reaped int64
	// started is in ticks after the host's boot.
	started int64
	// pages is its resident memory.
	pages int64
}

// ticksPerSecond is USER_HZ, which is 100 on every architecture that Go runs on.
const ticksPerSecond = 100

func readStat(pid int) (stat, bool) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return stat{}, false
	}
	// The second field is the name in parentheses, which may hold spaces and parentheses itself.
	end := bytes.LastIndexByte(text, ')')
	if end < 0 {
		return stat{}, false
	}
	fields := bytes.Fields(text[end+1:])
	if len(fields) < 22 {
		return stat{}, false
	}
	number := func(field int) int64 {
		n, err := strconv.ParseInt(string(fields[field-3]), 10, 64)
		if err != nil {
			return 0
		}
		return n
	}
	reaped := number(16) + number(17)
	return stat{
		parent:  int(number(4)),
		ticks:   number(14) + number(15) + reaped,
		reaped:  reaped,
		started: number(22),
		pages:   number(24),
	}, true
}
