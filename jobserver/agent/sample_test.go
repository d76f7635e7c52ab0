package agent

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/shirou/gopsutil/v4/cpu"
)

// groups writes files of control groups and returns where they are.
func groups(t *testing.T, own string, files map[string]string) groupFiles {
	t.Helper()
	root := t.TempDir()
	g := groupFiles{own: filepath.Join(root, "own"), root: filepath.Join(root, "fs")}
	write := func(path, text string) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(g.own, own)
	for path, text := range files {
		write(filepath.Join(g.root, path), text)
	}
	return g
}

func TestTheTightestLimitOfTheControlGroupsHolds(t *testing.T) {
	for name, tt := range map[string]struct {
		own   string
		files map[string]string
		want  limits
	}{
		"none": {own: "0::/a\n", files: map[string]string{"a/cpu.max": "max 100000\n", "a/memory.max": "max\n"}},
		"version 2": {
			own: "0::/a/b\n",
			files: map[string]string{
				"a/b/cpu.max": "400000 100000\n", "a/cpu.max": "150000 100000\n",
				"a/b/memory.max": "1000\n", "a/b/memory.current": "700\n", "a/b/memory.stat": "anon 1\ninactive_file 200\n",
				"a/memory.max": "5000\n", "a/memory.current": "4000\n",
			},
			want: limits{cpus: 1.5, memory: 1000, memoryUsed: 500},
		},
		"version 2 in a container": {
			own:   "0::/not/visible/here\n",
			files: map[string]string{"cpu.max": "50000 100000\n", "memory.max": "4096\n"},
			want:  limits{cpus: 0.5, memory: 4096},
		},
		"version 1": {
			own: "12:cpu,cpuacct:/x\n7:memory:/y\n3:freezer:/\n",
			files: map[string]string{
				"cpu/x/cpu.cfs_quota_us": "200000\n", "cpu/x/cpu.cfs_period_us": "100000\n", "cpu/cpu.cfs_quota_us": "-1\n",
				"memory/y/memory.limit_in_bytes": "2048\n", "memory/y/memory.usage_in_bytes": "1024\n",
				"memory/memory.limit_in_bytes": "9223372036854771712\n",
			},
			want: limits{cpus: 2, memory: 2048, memoryUsed: 1024},
		},
		"rubbish": {own: "rubbish\n0::/a\n", files: map[string]string{"a/cpu.max": "x y\n", "a/memory.max": "-5\n"}},
	} {
		if got := groups(t, tt.own, tt.files).limits(); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", name, got, tt.want)
		}
	}
	if got := (groupFiles{own: "/nowhere"}).limits(); got != (limits{}) {
		t.Errorf("without control groups: got %+v, want none", got)
	}
}

func TestASampleKeepsToTheLimitsOfItsControlGroups(t *testing.T) {
	s := newSampler(t.TempDir())
	s.groups = groups(t, "0::/a\n", map[string]string{
		"a/cpu.max": "50000 100000", "a/memory.max": "1048576", "a/memory.current": "1000000",
	})
	got := s.sample()
	if got.CPUs != 0.5 || got.MemoryTotal != 1<<20 || got.MemoryAvailable != 48576 {
		t.Errorf("got %v cores, %d of %d bytes available", got.CPUs, got.MemoryAvailable, got.MemoryTotal)
	}
}

func TestSharesAreThoseSinceTheSampleBefore(t *testing.T) {
	before := cpu.TimesStat{User: 100, Idle: 100}
	for name, tt := range map[string]struct {
		now        cpu.TimesStat
		idle, nice float64
	}{
		"busy":            {cpu.TimesStat{User: 110, Idle: 100}, 0, 0},
		"half idle":       {cpu.TimesStat{User: 105, Idle: 105}, 0.5, 0},
		"waiting is idle": {cpu.TimesStat{User: 100, Idle: 100, Iowait: 10}, 1, 0},
		"niced":           {cpu.TimesStat{User: 100, Nice: 3, Idle: 107}, 0.7, 0.3},
		"no time passed":  {before, 1, 0},
		"a reset counter": {cpu.TimesStat{}, 1, 0},
	} {
		if idle, nice := shares(before, tt.now); idle != tt.idle || nice != tt.nice {
			t.Errorf("%s: got %v idle and %v nice, want %v and %v", name, idle, nice, tt.idle, tt.nice)
		}
	}
}
