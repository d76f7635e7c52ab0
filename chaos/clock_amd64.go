package chaos

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// setClock sets the wall clock of a Go process ahead or back by a length in seconds, from what the machine's is. Its other
// clocks stay. The kernel has one wall clock for all hosts, so it is done in the process itself: the function that reads
// clocks without a system call is replaced by one that adds the length.
func setClock(pid int, ahead time.Duration) error {
	offset, err := clockFunction()
	if err != nil {
		return fmt.Errorf("find the function that reads clocks: %w", err)
	}
	from, to, err := vdso(pid)
	if err != nil {
		return err
	}
	resume, err := pauseOutside(pid, from, to)
	if err != nil {
		return err
	}
	defer resume()
	memory, err := os.OpenFile(filepath.Join("/proc", strconv.Itoa(pid), "mem"), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { _ = memory.Close() }()
	_, err = memory.WriteAt(clockCode(int32(ahead/time.Second)), int64(from+offset))
	return err
}

// clockCode is clock_gettime(clock, at) that adds so many seconds to the wall clock.
func clockCode(seconds int32) []byte {
	code := []byte{
		0xb8, 0xe4, 0x00, 0x00, 0x00, // mov eax, SYS_clock_gettime
		0x0f, 0x05, // syscall
		0x85, 0xff, // test edi, edi: 0 is the wall clock
		0x75, 0x07, // jnz past the next one
		0x48, 0x81, 0x06, // add qword [rsi], seconds
	}
	code = binary.LittleEndian.AppendUint32(code, uint32(seconds))
	return append(code, 0xc3) // ret
}

// clockFunction returns where the kernel's clock_gettime stands in the page that it gives to every process.
func clockFunction() (uint64, error) {
	from, to, err := vdso(os.Getpid())
	if err != nil {
		return 0, err
	}
	memory, err := os.Open("/proc/self/mem")
	if err != nil {
		return 0, err
	}
	defer func() { _ = memory.Close() }()
	image := make([]byte, to-from)
	if _, err := memory.ReadAt(image, int64(from)); err != nil {
		return 0, err
	}
	file, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return 0, err
	}
	symbols, err := file.DynamicSymbols()
	if err != nil {
		return 0, err
	}
	for _, s := range symbols {
		if s.Name == "__vdso_clock_gettime" {
			return s.Value, nil
		}
	}
	return 0, errors.New("it is not there")
}

// vdso returns where that page is in a process.
func vdso(pid int) (from, to uint64, err error) {
	maps, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "maps"))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(maps)) {
		if strings.HasSuffix(line, "[vdso]\n") {
			_, err := fmt.Sscanf(line, "%x-%x", &from, &to)
			return from, to, err
		}
	}
	return 0, 0, fmt.Errorf("process %d has no such page", pid)
}

// pauseOutside stops a process at a moment at which none of its threads is between two addresses.
func pauseOutside(pid int, from, to uint64) (resume func(), err error) {
	resume = func() { _ = syscall.Kill(pid, syscall.SIGCONT) }
	for range 1000 {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			return nil, err
		}
		if outside(pid, from, to) {
			return resume, nil
		}
		resume()
		time.Sleep(time.Millisecond)
	}
	return nil, fmt.Errorf("process %d could not be stopped outside of the function", pid)
}

// outside reports whether all threads of a process are stopped, and none of them between the addresses.
func outside(pid int, from, to uint64) bool {
	threads, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "syscall"))
	if err != nil || len(threads) == 0 {
		return false
	}
	for _, name := range threads {
		text, err := os.ReadFile(name)
		fields := strings.Fields(string(text))
		if err != nil || len(fields) < 3 {
			return false // it runs
		}
		at, err := strconv.ParseUint(strings.TrimPrefix(fields[len(fields)-1], "0x"), 16, 64)
		if err != nil || from <= at && at < to {
			return false
		}
	}
	return true
}
