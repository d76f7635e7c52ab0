package guard

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// maxSocketPath is the longest path of a Unix socket (sun_path, with its final zero).
const maxSocketPath = 107

// place says where things are under a data folder.
type place struct{ data string }

// openPlace makes the folders of a data folder where they do not exist.
func openPlace(data string) (place, error) {
	abs, err := filepath.Abs(data)
	if err != nil {
		return place{}, fmt.Errorf("data folder %s: %w", data, err)
	}
	p := place{data: abs}
	for _, dir := range []string{p.data, p.spools(), p.work()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return p, fmt.Errorf("make data folder: %w", err)
		}
	}
	return p, p.makeSockets()
}

// admitUsers makes the working folders, and the folder of jobs' own sockets, reachable for other users: they may pass
// through the data folder, and see nothing of what lies in it. All else there is made private.
func (p place) admitUsers() error {
	entries, err := os.ReadDir(p.data)
	if err != nil {
		return fmt.Errorf("let users into the data folder: %w", err)
	}
	for _, e := range entries {
		path := filepath.Join(p.data, e.Name())
		if path == p.work() || path == p.doors() {
			continue
		}
		if err := makePrivate(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("let users into the data folder: %w", err)
		}
	}
	if err := os.Mkdir(p.doors(), 0o700); err != nil && !os.IsExist(err) {
		return fmt.Errorf("make folder of jobs' sockets: %w", err)
	}
	if err := checkOwn(p.doors()); err != nil {
		return fmt.Errorf("folder of jobs' sockets: %w", err)
	}
	for _, dir := range []string{p.data, p.work(), p.doors()} {
		if err := os.Chmod(dir, 0o711); err != nil {
			return fmt.Errorf("let users into the data folder: %w", err)
		}
	}
	return nil
}

// makePrivate takes a file from everyone but its owner. Links are left alone: what they name lies elsewhere.
func makePrivate(path string) error {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&fs.ModeSymlink != 0 || info.Mode().Perm()&0o077 == 0 {
		return err
	}
	return os.Chmod(path, info.Mode().Perm()&0o700)
}

func (p place) spools() string { return filepath.Join(p.data, "spool") }
func (p place) work() string   { return filepath.Join(p.data, "work") }
func (p place) lock() string   { return filepath.Join(p.data, "guard.lock") }
func (p place) log() string    { return filepath.Join(p.data, "guard.log") }

// sockets is the folder of the sockets: in the data folder, or under the folder for temporary files where the path of
// the former is longer than a socket's may be.
func (p place) sockets() string {
	dir := filepath.Join(p.data, "run")
	if len(dir)+len("/control-4194304") <= maxSocketPath {
		return dir
	}
	return filepath.Join(os.TempDir(), "segno-"+strconv.Itoa(os.Getuid())+"-"+p.hash())
}

// doors is the folder of the sockets of jobs that run as other users, which sockets is closed to.
func (p place) doors() string {
	dir := filepath.Join(p.data, "doors")
	if len(dir)+len("/job-4194304") <= maxSocketPath {
		return dir
	}
	return filepath.Join(os.TempDir(), "segno-doors-"+strconv.Itoa(os.Getuid())+"-"+p.hash())
}

// hash is a short name for the data folder.
func (p place) hash() string {
	sum := sha256.Sum256([]byte(p.data))
	return hex.EncodeToString(sum[:8])
}

// makeSockets makes the folder of the sockets, and refuses one that another user could have made.
func (p place) makeSockets() error {
	dir := p.sockets()
	if err := os.Mkdir(dir, 0o700); err != nil && !os.IsExist(err) {
		return fmt.Errorf("make folder of sockets: %w", err)
	}
	info, err := os.Lstat(dir)
	if err == nil && info.Mode().Perm() != 0o700 {
		err = fmt.Errorf("%s is not private: %w", dir, fs.ErrPermission)
	}
	if err := errors.Join(err, checkOwn(dir)); err != nil {
		return fmt.Errorf("folder of sockets: %w", err)
	}
	return nil
}

// checkOwn refuses what is no folder of this user's.
func checkOwn(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !ok || int(st.Uid) != os.Getuid() || info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%s is not a folder of this user alone: %w", dir, fs.ErrPermission)
	}
	return nil
}

func (p place) guardSocket() string { return filepath.Join(p.sockets(), "guard") }
func (p place) controlSocket(pid int) string {
	return filepath.Join(p.sockets(), "control-"+strconv.Itoa(pid))
}
func (p place) jobSocket(pid int) string  { return filepath.Join(p.sockets(), "job-"+strconv.Itoa(pid)) }
func (p place) doorSocket(pid int) string { return filepath.Join(p.doors(), "job-"+strconv.Itoa(pid)) }

// spareRoom is the working directory that a keeper has ready for its next attempt.
func (p place) spareRoom(pid int) string { return p.work() + "/.spare-" + strconv.Itoa(pid) }

// probe returns nil if there is room for a spool.
func (p place) probe() error {
	file := filepath.Join(p.data, ".room")
	err := os.WriteFile(file, make([]byte, 64<<10), 0o600)
	return errors.Join(err, os.Remove(file))
}
