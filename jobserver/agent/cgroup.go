package agent

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// groupFiles is where the kernel tells of control groups.
type groupFiles struct {
	// own is the file that names the groups of this process, root the folder of all groups.
	own, root string
}

var hostGroupFiles = groupFiles{own: "/proc/self/cgroup", root: "/sys/fs/cgroup"}

// limits are what the control groups of this process allow. 0 is no limit.
type limits struct {
	cpus       float64
	memory     int64
	memoryUsed int64
}

// limits reads the limits of the process's group and of all groups above it; the tightest holds. Both versions of
// control groups are read. Where the path of the group is not visible, as inside a container, the root is.
func (g groupFiles) limits() limits {
	var l limits
	own, err := os.ReadFile(g.own)
	if err != nil {
		return l
	}
	for line := range strings.Lines(string(own)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		if fields[1] == "" {
			l.climb(g.root, fields[2], l.readV2)
			continue
		}
		for controller := range strings.SplitSeq(fields[1], ",") {
			switch controller {
			case "cpu":
				l.climb(filepath.Join(g.root, "cpu"), fields[2], l.readCPUV1)
			case "memory":
				l.climb(filepath.Join(g.root, "memory"), fields[2], l.readMemoryV1)
			}
		}
	}
	return l
}

// climb reads the group at path below root and the groups above it.
func (l *limits) climb(root, path string, read func(dir string)) {
	for path = filepath.Clean("/" + path); ; path = filepath.Dir(path) {
		read(filepath.Join(root, path))
		if path == "/" {
			return
		}
	}
}

func (l *limits) readV2(dir string) {
	if quota, period, ok := strings.Cut(text(dir, "cpu.max"), " "); ok {
		l.limitCPU(quota, period)
	}
	l.limitMemory(text(dir, "memory.max"), text(dir, "memory.current"), stat(dir, "inactive_file"))
}

func (l *limits) readCPUV1(dir string) {
	l.limitCPU(text(dir, "cpu.cfs_quota_us"), text(dir, "cpu.cfs_period_us"))
}

func (l *limits) readMemoryV1(dir string) {
	l.limitMemory(text(dir, "memory.limit_in_bytes"), text(dir, "memory.usage_in_bytes"), stat(dir, "total_inactive_file"))
}

// limitCPU takes in a quota of time per period; "max" and negative quotas are none.
func (l *limits) limitCPU(quota, period string) {
	q, err1 := strconv.ParseFloat(quota, 64)
	p, err2 := strconv.ParseFloat(period, 64)
	if err1 != nil || err2 != nil || q <= 0 || p <= 0 {
		return
	}
	if l.cpus == 0 || q/p < l.cpus {
		l.cpus = q / p
	}
}

// unlimited is what version 1 says where there is no limit, or nearly.
const unlimited = 1 << 60

// limitMemory takes in a limit and what is used under it. Pages of files that nobody uses count as free.
func (l *limits) limitMemory(limit, used string, reclaimable int64) {
	most, err := strconv.ParseInt(limit, 10, 64)
	if err != nil || most <= 0 || most > unlimited || l.memory != 0 && l.memory <= most {
		return
	}
	now, _ := strconv.ParseInt(used, 10, 64)
	l.memory, l.memoryUsed = most, max(0, now-reclaimable)
}

func text(dir, name string) string {
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// stat returns one figure of memory.stat.
func stat(dir, key string) int64 {
	for line := range strings.Lines(text(dir, "memory.stat")) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name == key {
			n, _ := strconv.ParseInt(value, 10, 64)
			return n
		}
	}
	return 0
}
