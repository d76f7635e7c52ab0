package guard

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
)

// Account is a user of the host as whom a job runs. A nil Account is the user of the keeper itself.
type Account struct {
	Name     string
	UID, GID uint32
	// Groups are all groups of the user.
	Groups []uint32
	Home   string
}

// LookUpAccount finds a user in the host's files. The error is fault.NotFound where there is none of that name, and
// fault.Forbidden where it is root under another one.
func LookUpAccount(name string) (*Account, error) {
	u, err := user.Lookup(name)
	if unknown := user.UnknownUserError(""); errors.As(err, &unknown) {
		return nil, fmt.Errorf("the host has no user %s: %w", name, fault.NotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("look up user %s: %w", name, err)
	}
	groups, err := u.GroupIds()
	if err != nil {
		return nil, fmt.Errorf("look up the groups of user %s: %w", name, err)
	}
	return accountOf(name, u, groups)
}

// accountOf returns the account of a user with its groups.
func accountOf(name string, u *user.User, groups []string) (*Account, error) {
	ids := make([]uint32, 2+len(groups))
	for i, text := range append([]string{u.Uid, u.Gid}, groups...) {
		id, err := parseID(text)
		if err != nil {
			return nil, fmt.Errorf("look up user %s: %w", name, err)
		}
		ids[i] = id
	}
	a := &Account{Name: name, UID: ids[0], GID: ids[1], Groups: ids[2:], Home: u.HomeDir}
	if a.UID == 0 {
		return nil, fmt.Errorf("user %s has the uid 0, and no job is run as root on request: %w", name, fault.Forbidden)
	}
	return a, nil
}

// parseID reads the number of a user or a group. The highest one stands for none.
func parseID(text string) (uint32, error) {
	id, err := strconv.ParseUint(text, 10, 32)
	if err == nil && id == 1<<32-1 {
		err = strconv.ErrRange
	}
	if err != nil {
		return 0, fmt.Errorf("id %q: %w", text, err)
	}
	return uint32(id), nil
}

// CannotRunAs completes the sentence "js-1 …" with why this process cannot run jobs as other users, or is empty.
func CannotRunAs() string {
	if os.Geteuid() != 0 {
		return fmt.Sprintf("cannot run jobs as other users: its agent runs with the uid %d, and that takes root", os.Geteuid())
	}
	return ""
}

// mayRunAs returns nil if an attempt may be started that is to run as the user: permitted by the settings of this host,
// and with a guard that knows how. Else the error is of kind Invalid.
func (c *Client) mayRunAs(name string) error {
	if name == "" {
		return nil
	}
	if why := c.options.RunAs.Refuses(name); why != "" {
		return fault.Field("job.run_as", "is refused: this job server %s", why)
	}
	if !c.runsAs {
		return fault.Field("job.run_as", "is refused: the guard of this job server is older than its agent and runs jobs as its own "+
			"user alone; it leaves once its jobs have ended and the agent was stopped for a minute")
	}
	return nil
}

// credential is what a process of the account is started with, nil for the keeper's own.
func (a *Account) credential() *syscall.Credential {
	if a == nil {
		return nil
	}
	return &syscall.Credential{Uid: a.UID, Gid: a.GID, Groups: a.Groups}
}

// words are to follow what is done as the account.
func (a *Account) words() string {
	if a == nil {
		return ""
	}
	return " as user " + a.Name
}

// act does something with the rights that the account has on files, so that nothing that a job has put into its folder
// leads to files which it has no right to. do must not leave its goroutine.
func (a *Account) act(do func() error) error {
	if a == nil {
		return do()
	}
	done := make(chan error, 1)
	go func() {
		// It is never unlocked: the thread ends with the goroutine, and its rights with it.
		runtime.LockOSThread()
		err := a.takeRights()
		if err == nil {
			err = do()
		}
		done <- err
	}()
	return <-done
}

// takeRights gives the calling thread, and no other, the rights of the account on files.
func (a *Account) takeRights() error {
	groups := a.Groups
	if len(groups) == 0 {
		groups = []uint32{a.GID}
	}
	if _, _, errno := unix.RawSyscall(sysSetgroups, uintptr(len(groups)), uintptr(unsafe.Pointer(&groups[0])), 0); errno != 0 {
		return fmt.Errorf("take the groups of user %s: %w", a.Name, errno)
	}
	// These calls report no failure, but tell what was set before.
	if _, err := unix.SetfsgidRetGid(int(a.GID)); err != nil {
		return fmt.Errorf("take the group of user %s: %w", a.Name, err)
	}
	if _, err := unix.SetfsuidRetUid(int(a.UID)); err != nil {
		return fmt.Errorf("take the rights of user %s: %w", a.Name, err)
	}
	gid, gidErr := unix.SetfsgidRetGid(-1)
	uid, uidErr := unix.SetfsuidRetUid(-1)
	if err := errors.Join(gidErr, uidErr); err != nil || uint32(gid) != a.GID || uint32(uid) != a.UID {
		return fmt.Errorf("take the rights of user %s: %w", a.Name, errors.Join(fault.Forbidden, err))
	}
	return nil
}

// reach returns nil if the account can work in the folder, which is its own.
func (a *Account) reach(dir string) error {
	err := a.act(func() error { return retry(func() error { return unix.Stat(dir+"/.", new(unix.Stat_t)) }) })
	if errors.Is(err, unix.EACCES) {
		return fmt.Errorf("user %s cannot reach its working folder %s: each folder above it must let everyone pass (chmod o+x)", a.Name, dir)
	}
	return err
}
