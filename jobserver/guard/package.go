package guard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/segno-jobs/segno/archive"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/jobserver/spool"
)

// maxRewritten is the largest script whose ends of lines are looked at.
const maxRewritten = 16 << 20

// unpackPackage unpacks the archive that the attempt runs into its working directory, and goes on as any other attempt does.
func (k *keeper) unpackPackage(now time.Duration) {
	a := k.attempt
	var s step
	unpacked := func(err error) {
		os.Remove(a.PackageContent)
		now := sinceBoot()
		kind, _ := a.core.Stopped()
		switch {
		case err != nil && kind == "":
			k.notStarted(fmt.Errorf("unpack version %s of archive %q: %w", a.Job.Archive.Version, a.Job.Archive.Name, err), now)
			return
		case err == nil:
			a.steps = []step{s}
		}
		if a.Resume != nil && kind == "" {
			k.unpack(now)
			return
		}
		k.beginStep(now)
	}
	a.phase = preparing
	k.beside(func(ctx context.Context) error {
		err := unpackTo(ctx, a.PackageContent, a.dir, a.who)
		if err == nil {
			s, err = packageStep(&a.Execution, a.dir, k.place, a.who)
		}
		return noRoom(err)
	}, unpacked)
}

// unpackTo unpacks the package in the file content into a working directory, as the user who. The limits of package archive
// hold here, too: what comes from a conductor is not trusted more than what it was given.
func unpackTo(ctx context.Context, content, dir string, who *Account) error {
	f, err := os.Open(content)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return who.act(func() error {
		root, err := os.OpenRoot(dir)
		if err != nil {
			return err
		}
		defer root.Close()
		_, err = archive.Walk(f, info.Size(), func(e archive.Entry, in io.Reader) error {
			if err := unpackFile(root, e, contextReader{ctx, in}); err != nil {
				return fmt.Errorf("unpack %.200q: %w", e.Name, err)
			}
			return nil
		})
		return err
	})
}

func unpackFile(root *os.Root, e archive.Entry, in io.Reader) error {
	if e.Kind == archive.Folder {
		return root.MkdirAll(e.Name, 0o700)
	}
	if dir := path.Dir(e.Name); dir != "." {
		if err := root.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	if e.Kind == archive.Link {
		return root.Symlink(e.Target, e.Name)
	}
	f, err := root.OpenFile(e.Name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fs.FileMode(e.Mode)&0o777|0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, in)
	return errors.Join(err, f.Close())
}

// packageStep returns the one step of a package that was unpacked into dir, and makes its script ready.
func packageStep(e *jobserver.Execution, dir string, p place, who *Account) (s step, err error) {
	var l archive.Launch
	err = who.act(func() (err error) {
		root, err := os.OpenRoot(dir)
		if err != nil {
			return err
		}
		defer root.Close()
		l, err = launchOf(e, root)
		return err
	})
	if err != nil {
		return step{}, err
	}
	s = step{argv: l.Argv, dir: filepath.Join(dir, l.Folder)}
	if l.Shell {
		s.argv[0] = "./" + l.Script
		s.argv = append([]string{"/bin/sh"}, s.argv...)
	} else if l.Script != "" {
		s.argv[0] = "./" + l.Script
	}
	if l.Folder == "" {
		return s, nil
	}
	// The run scripts of Talend break on blanks in the name of their folder.
	if dir, err = p.plainName(e, dir); err != nil {
		return step{}, err
	}
	s.dir = filepath.Join(dir, l.Folder)
	s.env = []string{"PWD=" + s.dir}
	return s, nil
}

// launchOf reads what an unpacked package is, and makes its script ready: it may be executed, and its lines end as they have
// to. A script that names no interpreter is for the shell.
func launchOf(e *jobserver.Execution, root *os.Root) (l archive.Launch, err error) {
	own := map[string]string{}
	for _, name := range []string{archive.OwnFile, archive.TalendFile} {
		text, err := root.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil || len(text) > archive.MaxOwn {
			return l, errors.Join(err, fault.Field("file", "%s cannot be read", name))
		}
		own[name] = string(text)
	}
	has := func(name string) bool {
		info, err := root.Stat(name)
		return err == nil && info.Mode().IsRegular()
	}
	m, err := archive.Describe(own, has)
	if err != nil {
		return l, err
	}
	if l, err = archive.Start(m, *e.Job.Archive, e.Params, has); err != nil || l.Script == "" {
		return l, err
	}
	program, err := readyScript(root, path.Join(l.Folder, l.Script))
	l.Shell = l.Shell || !program
	return l, err
}

// readyScript makes a file of a package executable. program tells whether the kernel can start it: a file that is neither
// binary nor names an interpreter is text for a shell. In a text the carriage returns at the ends of lines are removed.
func readyScript(root *os.Root, name string) (program bool, err error) {
	info, err := root.Stat(name)
	if err != nil {
		return false, err
	}
	if info.Size() <= maxRewritten {
		text, err := root.ReadFile(name)
		if err != nil {
			return false, err
		}
		if !bytes.ContainsRune(text, 0) {
			program = bytes.HasPrefix(text, []byte("#!"))
			if plain := bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")); len(plain) != len(text) {
				if err := root.WriteFile(name, plain, 0o700); err != nil {
					return false, err
				}
			}
			return program, root.Chmod(name, info.Mode().Perm()|0o700)
		}
	}
	return true, root.Chmod(name, info.Mode().Perm()|0o700)
}

// odd are the characters in the name of a folder at which a script breaks that does not quote it.
const odd = " \t\n*?[]\\'\"`$&;|<>(){}#~!:"

// plainName returns a name of the working directory of an attempt in which nothing needs to be quoted: its own, or that of a
// link to it.
func (p place) plainName(e *jobserver.Execution, dir string) (string, error) {
	if !strings.ContainsAny(dir, odd) {
		return dir, nil
	}
	links := filepath.Join(os.TempDir(), "segno-links-"+strconv.Itoa(os.Getuid())+"-"+p.hash())
	if strings.ContainsAny(links, odd) {
		return "", fault.Field("file", "cannot be run in %q: its run script breaks on that name, and on that of %q as well", dir, os.TempDir())
	}
	// Others may pass through it, whatever the umask is: the job may run as another user.
	err := os.Mkdir(links, 0o700)
	if err == nil {
		err = os.Chmod(links, 0o711)
	}
	if err != nil && !os.IsExist(err) {
		return "", fmt.Errorf("make folder of links: %w", err)
	}
	info, err := os.Lstat(links)
	if err != nil {
		return "", fmt.Errorf("folder of links: %w", err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || info.Mode().Perm()&0o022 != 0 || !ok || int(st.Uid) != os.Getuid() {
		return "", fmt.Errorf("folder of links %s is not one that only this user may change: %w", links, fs.ErrPermission)
	}
	link := filepath.Join(links, spool.Name(e.Ref))
	if err := os.Remove(link); err != nil && !os.IsNotExist(err) {
		return "", fmt.Errorf("remove an old link: %w", err)
	}
	if err := os.Symlink(dir, link); err != nil {
		return "", fmt.Errorf("make a link to the working directory: %w", err)
	}
	return link, nil
}

// dropLink removes the link to the working directory of an attempt, if there is one.
func (p place) dropLink(a *attempt) {
	if a.Job.Archive == nil || !strings.ContainsAny(a.dir, odd) {
		return
	}
	os.Remove(filepath.Join(os.TempDir(), "segno-links-"+strconv.Itoa(os.Getuid())+"-"+p.hash(), spool.Name(a.Ref)))
}
