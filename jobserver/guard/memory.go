package guard

import (
	"bufio"
	"bytes"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// giveMemoryBack makes an idle process small: what is free goes back to the host, and the program's own code and
// constants are unmapped, of which starting alone touches most. They stay in the page cache, shared by guard and keepers,
// and what is needed again is mapped again by itself.
func giveMemoryBack() {
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return
	}
	exe, err := os.Readlink(selfPath)
	if err != nil {
		return
	}
	for _, m := range cleanMappings(text, exe) {
		// Where it is refused the process stays as large as it is.
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, m.start, m.size, unix.MADV_DONTNEED)
	}
}

// mapping is a part of the address space.
type mapping struct{ start, size uintptr }

// cleanMappings returns the read-only mappings of a file that have no page of their own: nothing was written to them, not
// even by the loader, so that all of them can be read from the file again.
func cleanMappings(smaps []byte, file string) []mapping {
	var all []mapping
	var m mapping
	candidate := false
	lines := bufio.NewScanner(bytes.NewReader(smaps))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) >= 6 && strings.Contains(fields[0], "-"):
			m, candidate = parseMapping(fields[0])
			candidate = candidate && !strings.Contains(fields[1], "w") && fields[5] == file
		case candidate && len(fields) == 3 && fields[0] == "Anonymous:":
			if fields[1] == "0" {
				all = append(all, m)
			}
			candidate = false
		}
	}
	return all
}

func parseMapping(text string) (mapping, bool) {
	from, to, ok := strings.Cut(text, "-")
	start, err1 := strconv.ParseUint(from, 16, 64)
	end, err2 := strconv.ParseUint(to, 16, 64)
	if !ok || err1 != nil || err2 != nil || end < start {
		return mapping{}, false
	}
	return mapping{uintptr(start), uintptr(end - start)}, true
}
