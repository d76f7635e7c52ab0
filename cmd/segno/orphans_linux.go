package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// keepOrphans makes this process the parent of every process below it whose own parent ends: guards outlive their
// agents on purpose, and the demo has to find them again.
func keepOrphans() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("become the parent of orphans: %w", err)
	}
	return nil
}

// killOrphans kills every process below this one, until none is left.
func killOrphans() error {
	const tries = 100
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range tries {
		pids, err := descendants(os.Getpid())
		if err != nil {
			return err
		}
		if len(pids) == 0 {
			return nil
		}
		for _, pid := range pids {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("kill process %d: %w", pid, err)
			}
			// Those whose parent is this process have to be collected; for the others this is an error that tells nothing.
			_, _ = syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
		}
		<-tick.C
	}
	return errors.New("processes of the demo are left that could not be killed")
}

// killTree kills a process that this one started, and all below it, as a loss of power does: they are frozen first, so that
// none of them sees another one die.
func killTree(root int) error {
	frozen := map[int]bool{}
	for pending := []int{root}; len(pending) > 0; {
		for _, pid := range pending {
			if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("freeze process %d: %w", pid, err)
			}
			frozen[pid] = true
		}
		below, err := descendants(root)
		if err != nil {
			return err
		}
		pending = slices.DeleteFunc(below, func(pid int) bool { return frozen[pid] })
	}
	for pid := range frozen {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("kill process %d: %w", pid, err)
		}
	}
	delete(frozen, root) // Whoever started it collects it.
	return collect(frozen)
}

// collect waits for the ends of processes that were killed. Orphans among them have become children of this process.
func collect(killed map[int]bool) error {
	const tries = 500
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range tries {
		for pid := range killed {
			_, _ = syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
			if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
				delete(killed, pid)
			}
		}
		if len(killed) == 0 {
			return nil
		}
		<-tick.C
	}
	return fmt.Errorf("%d processes outlive SIGKILL", len(killed))
}

// descendants returns the processes below one, those that have ended and were not collected included.
func descendants(root int) ([]int, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	children := map[int][]int{}
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue // It has ended.
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
		if err != nil {
			continue
		}
		// The name before the last parenthesis may hold anything.
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if len(fields) < 2 {
			continue
		}
		parent, err := strconv.Atoi(fields[1])
		if err != nil {
			continue
		}
		children[parent] = append(children[parent], pid)
	}
	found := children[root]
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i]]...)
	}
	return found, nil
}
