package guard

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"

	"golang.org/x/sys/unix"
)

// door is the socket of one attempt whose job runs as another user. That user alone can open it, and it serves that
// attempt alone: whoever still has a connection when the attempt has ended has it to nothing.
type door struct {
	path   string
	server *http.Server
	served chan struct{}
}

// doorKey is that of the door in the context of a request that came through one.
type doorKey struct{}

// doorOf returns the door through which a request came, nil for the socket of the keeper's own user.
func doorOf(ctx context.Context) *door {
	d, _ := ctx.Value(doorKey{}).(*door)
	return d
}

// openDoor makes a door for an account.
func (s *jobSocket) openDoor(path string, who *Account) (*door, error) {
	if err := unix.Unlink(path); err != nil && err != unix.ENOENT {
		return nil, fmt.Errorf("remove old socket %s: %w", path, err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen for the job: %w", err)
	}
	// The keeper's umask leaves it to the keeper alone until here.
	if err := os.Lchown(path, int(who.UID), int(who.GID)); err != nil {
		l.Close()
		return nil, fmt.Errorf("give the job its socket: %w", err)
	}
	d := &door{path: path, server: s.newServer(), served: make(chan struct{})}
	d.server.BaseContext = func(net.Listener) context.Context { return context.WithValue(context.Background(), doorKey{}, d) }
	go func() {
		defer close(d.served)
		_ = d.server.Serve(l)
	}()
	return d, nil
}

// close takes the socket away and ends its connections; d may be nil.
func (d *door) close() {
	if d == nil {
		return
	}
	d.server.Close()
	<-d.served
}

// admit finds the user as whom the job of an attempt runs, and lets it reach what is its own.
func (k *keeper) admit(a *attempt) (err error) {
	if why := CannotRunAs(); why != "" {
		return fmt.Errorf("run as user %s: the job server %s", a.Job.RunAs, why)
	}
	if a.who, err = LookUpAccount(a.Job.RunAs); err != nil {
		return err
	}
	if err := k.place.admitUsers(); err != nil {
		return err
	}
	a.door, err = k.job.openDoor(k.place.doorSocket(k.pid), a.who)
	return err
}
