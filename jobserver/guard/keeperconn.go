package guard

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/task"
)

// keeperConn is the connection to one keeper.
type keeperConn struct {
	pid  int
	conn *net.UnixConn
	// pidfd is a descriptor of the process, or -1: what is sent to it reaches no other.
	killing sync.Mutex
	pidfd   int
	// Guarded by the pool: what it keeps, whether its disk is full, and since when it has no work.
	busy      *task.Ref
	full      bool
	idleSince time.Time
}

// connectKeeper connects to a keeper and takes its first word.
func (c *Client) connectKeeper(pid int) (*keeperConn, notice, error) {
	ctx, cancel := context.WithTimeout(context.Background(), readyWithin)
	defer cancel()
	conn, err := dial(ctx, c.place.controlSocket(pid))
	if err != nil {
		return nil, notice{}, err
	}
	if err := conn.SetReadDeadline(time.Now().Add(readyWithin)); err != nil {
		conn.Close()
		return nil, notice{}, err
	}
	// It is of the keeper, since that answers after it was opened.
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		pidfd = -1 // A kernel before 5.3.
	}
	n, err := hear(conn, make([]byte, maxMessage))
	if err == nil && n.Is != isHere {
		err = fmt.Errorf("it said %q", n.Is)
	}
	if err == nil {
		err = conn.SetReadDeadline(time.Time{})
	}
	if err != nil {
		conn.Close()
		closeFD(&pidfd)
		return nil, notice{}, err
	}
	return &keeperConn{pid: pid, pidfd: pidfd, conn: conn}, n, nil
}

// hear reads one notice.
func hear(conn *net.UnixConn, buf []byte) (notice, error) {
	var n notice
	size, err := conn.Read(buf)
	if err == nil && size == 0 {
		err = errClosed
	}
	if err == nil {
		err = n.read(buf[:size])
	}
	return n, err
}

// hand passes a spool to the keeper.
func (k *keeperConn) hand(ref task.Ref, fd int) error {
	text, err := (&order{Do: doStart, Run: ref.Run, Number: ref.Number}).text()
	if err != nil {
		return err
	}
	if err := k.conn.SetWriteDeadline(time.Now().Add(orderWithin)); err != nil {
		return err
	}
	_, _, err = k.conn.WriteMsgUnix(text, unix.UnixRights(fd), nil)
	return err
}

// order sends an order. A keeper that has not read for long, because it is stopped, is given up on.
func (k *keeperConn) order(o order) error {
	text, err := o.text()
	if err != nil {
		return err
	}
	if err := k.conn.SetWriteDeadline(time.Now().Add(orderWithin)); err != nil {
		return err
	}
	_, err = k.conn.Write(text)
	return err
}

// close ends the connection; the keeper stays.
func (k *keeperConn) close() {
	k.conn.Close()
	k.killing.Lock()
	defer k.killing.Unlock()
	closeFD(&k.pidfd)
}
