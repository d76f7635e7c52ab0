package chaos

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
)

// hostCommand is the first argument with which a test program becomes the first process of a host instead.
const hostCommand = "segno-chaos-host"

// order is what the first process of a host is told to do. The answer is an answer.
type order struct {
	// Do is "run", "forward" or "mount".
	Do string
	// Args, Env and Log are of a program to run: its path and arguments, its environment, and the file of its output.
	Args, Env []string
	Log       string
	// From and To are of connections to be passed on: addresses such as "unix:/tmp/x" and "tcp:127.0.0.1:7700".
	From, To string
	// Path and Size are of a small file system to be mounted.
	Path, Size string
}

type answer struct{ Error string }

// inside is the first process of a host: it gives it its boot id, does what it is told line by line, and sees to
// processes whose parents have ended. When nobody can tell it anything any more, it ends, and the host with it.
func inside(args []string) error {
	if err := syscall.Mount(args[0], "/proc/sys/kernel/random/boot_id", "", syscall.MS_BIND, ""); err != nil {
		return fmt.Errorf("give the host its boot id: %w", err)
	}
	go reap()
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(answer{}); err != nil {
		return err
	}
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return nil // the test is over
		}
		var o order
		if err = json.Unmarshal(line, &o); err == nil {
			err = o.follow()
		}
		var a answer
		if err != nil {
			a.Error = err.Error()
		}
		if err := out.Encode(a); err != nil {
			return err
		}
	}
}

// reap waits for every child of the host's first process, as that has to.
func reap() {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	for range ended {
		for {
			var status syscall.WaitStatus
			pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
			if pid <= 0 && !errors.Is(err, syscall.EINTR) {
				break
			}
		}
	}
}

func (o order) follow() error {
	switch o.Do {
	case "run":
		return o.run()
	case "forward":
		return forward(o.From, o.To)
	case "mount":
		return syscall.Mount("tmpfs", o.Path, "tmpfs", 0, "size="+o.Size)
	}
	return fmt.Errorf("%q is no order", o.Do)
}

func (o order) run() error {
	log, err := os.OpenFile(o.Log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer func() { _ = null.Close() }()
	_, err = syscall.ForkExec(o.Args[0], o.Args, &syscall.ProcAttr{
		Env: o.Env, Files: []uintptr{null.Fd(), log.Fd(), log.Fd()}, Sys: &syscall.SysProcAttr{Setsid: true},
	})
	return err
}

// forward passes connections to one address on to another, which may be in another host where it is a Unix socket.
func forward(from, to string) error {
	listener, err := listen(from)
	if err != nil {
		return err
	}
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go pass(c, to)
		}
	}()
	return nil
}

func listen(address string) (net.Listener, error) {
	network, at, _ := strings.Cut(address, ":")
	return net.Listen(network, at)
}

func dial(address string) (net.Conn, error) {
	network, at, _ := strings.Cut(address, ":")
	return net.Dial(network, at)
}

// pass copies both ways until both directions have ended.
func pass(c net.Conn, to string) {
	defer func() { _ = c.Close() }()
	other, err := dial(to)
	if err != nil {
		return
	}
	defer func() { _ = other.Close() }()
	var both sync.WaitGroup
	copyAll := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		if half, ok := to.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
	}
	both.Go(func() { copyAll(other, c) })
	both.Go(func() { copyAll(c, other) })
	both.Wait()
}
