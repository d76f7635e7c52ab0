package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	// stopTime is how long a program may take to end after SIGTERM.
	stopTime = 5 * time.Second
	// tailLines is how much of a log is shown when something went wrong.
	tailLines = 15
)

// program is a process of the demo.
type program struct {
	what string
	log  string
	cmd  *exec.Cmd
	// done is closed once the process has ended; err is how.
	done chan struct{}
	err  error
}

// programs are the processes that the demo started and did not see the end of.
type programs struct{ all []*program }

// launch starts a process whose output goes to a file in dir.
func launch(what, dir, path string, args ...string) (*program, error) {
	name := strings.ReplaceAll(strings.TrimPrefix(what, "the "), " ", "-") + ".log"
	log, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", what, err)
	}
	defer func() { _ = log.Close() }()
	p := &program{what: what, log: log.Name(), cmd: exec.Command(path, args...), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Dir = log, log, dir
	p.cmd.Env = plainEnvironment()
	// Ctrl-C in the terminal reaches the demo alone, which stops its processes in order.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", what, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// plainEnvironment is this process's without settings of Segno, which are meant for other conductors and agents.
func plainEnvironment() []string {
	var env []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "SEGNO_") {
			env = append(env, entry)
		}
	}
	return env
}

// start starts a process that is to run until stop.
func (ps *programs) start(what, dir, path string, args ...string) error {
	p, err := launch(what, dir, path, args...)
	if err != nil {
		return err
	}
	ps.all = append(ps.all, p)
	return nil
}

// finish runs a process to its end.
func (ps *programs) finish(ctx context.Context, what, dir, path string, args ...string) error {
	p, err := launch(what, dir, path, args...)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, demoPatience)
	defer cancel()
	select {
	case <-p.done:
	case <-ctx.Done():
		_ = p.cmd.Process.Kill()
		<-p.done
		return fmt.Errorf("%s: %w%s", what, ctx.Err(), p.tail())
	}
	if p.err != nil {
		return fmt.Errorf("%s: %w%s", what, p.err, p.tail())
	}
	return nil
}

// until waits for a condition, as long as every process runs and not for longer than demoPatience.
func (ps *programs) until(ctx context.Context, claim string, holds func() bool) error {
	deadline, cancel := context.WithTimeout(ctx, demoPatience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("it did not come true within %s that %s%s", demoPatience, claim, ps.tails())
		}
		if err := ps.ended(); err != nil {
			return err
		}
	}
	return nil
}

// wait waits until ctx ends, which is well, or a process does, which is an error.
func (ps *programs) wait(ctx context.Context) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := ps.ended(); err != nil {
				return err
			}
		}
	}
}

// ended returns an error if one of the processes has ended.
func (ps *programs) ended() error {
	for _, p := range ps.all {
		select {
		case <-p.done:
			return fmt.Errorf("%s has ended (%s)%s", p.what, p.cmd.ProcessState, p.tail())
		default:
		}
	}
	return nil
}

// unplug kills a process and all below it at once, as a loss of power does. It is waited for no more.
func (ps *programs) unplug(what string) error {
	i := slices.IndexFunc(ps.all, func(p *program) bool { return p.what == what })
	if i < 0 {
		return fmt.Errorf("%s does not run", what)
	}
	p := ps.all[i]
	if err := killTree(p.cmd.Process.Pid); err != nil {
		return fmt.Errorf("pull the plug of %s: %w", what, err)
	}
	<-p.done
	ps.all = slices.Delete(ps.all, i, i+1)
	return nil
}

// tail returns the end of the process's log, to be put after an error.
func (p *program) tail() string {
	text, err := os.ReadFile(p.log)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	switch {
	case err != nil:
		return ""
	case len(text) == 0:
		return "; it wrote nothing"
	case len(lines) > tailLines:
		lines = lines[len(lines)-tailLines:]
	}
	return "; the end of its log:\n  " + strings.Join(lines, "\n  ")
}

func (ps *programs) tails() string {
	var b strings.Builder
	for _, p := range ps.all {
		b.WriteString("\n" + p.what + p.tail())
	}
	return b.String()
}

// stop ends all processes and what they started: guards, keepers and jobs. They get SIGTERM, the last started first,
// and what is left after stopTime is killed.
func (ps *programs) stop() error {
	// A second Ctrl-C must not leave half of it running.
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	for _, v := range slices.Backward(ps.all) {
		if err := v.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stop %s: %w", v.what, err)
		}
	}
	timeout := time.NewTimer(stopTime)
	defer timeout.Stop()
	for _, p := range ps.all {
		select {
		case <-p.done:
		case <-timeout.C:
			_ = p.cmd.Process.Kill()
			<-p.done
			timeout.Reset(0)
		}
	}
	ps.all = nil
	return killOrphans()
}
