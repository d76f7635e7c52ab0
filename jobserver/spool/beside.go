package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// Beside the spool of an attempt lie, where it has them, its lease, the contents of the checkpoints that it makes, until
// the conductor has them, and the content of the one that it goes on from and of the archive that it runs, until they are
// unpacked. Their names begin with that of the attempt and a full stop, which no name of an attempt has.
const (
	leaseSuffix   = ".lease"
	contentSuffix = ".checkpoint"
	resumeSuffix  = ".resume"
	packageSuffix = ".package"
	draftSuffix   = ".draft"
)

// Content is the path of the content of a checkpoint that an attempt made.
func (f *Folder) Content(ref task.Ref, sequence int) string {
	return f.path + "/" + Name(ref) + "." + strconv.Itoa(sequence) + contentSuffix
}

// Draft is the path at which the content of a checkpoint is gathered, before it has a sequence. The number tells drafts of
// one attempt apart.
func (f *Folder) Draft(ref task.Ref, number int) string {
	return f.path + "/" + Name(ref) + "." + strconv.Itoa(number) + draftSuffix
}

// Resume is the path of the content of the checkpoint that an attempt goes on from.
func (f *Folder) Resume(ref task.Ref) string { return f.path + "/" + Name(ref) + resumeSuffix }

// Package is the path of the content of the archive that an attempt runs.
func (f *Folder) Package(ref task.Ref) string { return f.path + "/" + Name(ref) + packageSuffix }

// OpenContent opens the content of a checkpoint. Where there is none the error is fault.NotFound.
func (f *Folder) OpenContent(ref task.Ref, sequence int) (*os.File, error) {
	file, err := os.Open(f.Content(ref, sequence))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("checkpoint %d of %s: %w", sequence, Name(ref), fault.NotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("open checkpoint %d of %s: %w", sequence, Name(ref), err)
	}
	return file, nil
}

// RemoveContent removes the content of a checkpoint. It is no error where there is none.
func (f *Folder) RemoveContent(ref task.Ref, sequence int) error {
	if err := os.Remove(f.Content(ref, sequence)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove checkpoint %d of %s: %w", sequence, Name(ref), err)
	}
	return nil
}

// RemoveBeside removes all that lies beside the spool of an attempt.
func (f *Folder) RemoveBeside(ref task.Ref) error {
	entries, err := os.ReadDir(f.path)
	if err != nil {
		return fmt.Errorf("list what lies beside the spool of %s: %w", Name(ref), err)
	}
	var found []error
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), Name(ref)+".") && !strings.HasSuffix(e.Name(), suffix) {
			found = append(found, os.Remove(f.path+"/"+e.Name()))
		}
	}
	if err := errors.Join(found...); err != nil {
		return fmt.Errorf("remove what lies beside the spool of %s: %w", Name(ref), err)
	}
	return nil
}
