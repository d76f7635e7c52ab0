package watch

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/segno-jobs/segno/jobserver"
)

// A journal is what is kept on disk of one watch: a file of lines of JSON, to which each look that has learnt something
// adds a few. It is written anew where most of its lines have been overtaken. Of a line that a crash has cut off the
// beginning is passed over: what it told is found again by the next look, and the events of it have the same ids again.
type journal struct {
	path string
	file *os.File
	// lines are in the file; broken is true once a write has failed, until all was written anew.
	lines  int
	broken bool
}

// line is one line of a journal; exactly one of its fields is set.
type line struct {
	Watch   *jobserver.Watch     `json:"watch,omitempty"`
	Begun   bool                 `json:"begun,omitempty"`
	File    *fileLine            `json:"file,omitempty"`
	Forget  string               `json:"forget,omitempty"`
	Event   *jobserver.FileEvent `json:"event,omitempty"`
	Dropped string               `json:"dropped,omitempty"`
}

// fileLine is a [Known] in few bytes. Instants are nanoseconds since 1970.
type fileLine struct {
	Path    string `json:"p"`
	Size    int64  `json:"s"`
	ModTime int64  `json:"m"`
	Changed int64  `json:"c"`
	Inode   uint64 `json:"i"`
	Born    int64  `json:"b,omitempty"`
	Gone    uint64 `json:"g,omitempty"`
}

func lineOf(k Known) line {
	l := &fileLine{Path: k.Path, Size: k.Size, ModTime: k.ModTime.UnixNano(), Changed: k.Changed.UnixNano(), Inode: k.Inode, Gone: k.Gone}
	if !k.Born.IsZero() {
		l.Born = k.Born.UnixNano()
	}
	return line{File: l}
}

func (l fileLine) known() Known {
	k := Known{File: File{
		Path: l.Path, Size: l.Size, ModTime: time.Unix(0, l.ModTime).UTC(), Changed: time.Unix(0, l.Changed).UTC(), Inode: l.Inode,
	}, Gone: l.Gone}
	if l.Born != 0 {
		k.Born = time.Unix(0, l.Born).UTC()
	}
	return k
}

// state is what a journal holds.
type state struct {
	watch  jobserver.Watch
	begun  bool
	known  map[string]Known
	events []jobserver.FileEvent
}

const journalEnding = ".watch"

// journalPath is where the journal of a watch is. Names of tasks and triggers would do for a file's name, but not both together.
func journalPath(folder, name string) string {
	sum := sha256.Sum256([]byte(name))
	return filepath.Join(folder, hex.EncodeToString(sum[:12])+journalEnding)
}

// readJournals returns what the journals of a folder hold, by the names of their watches. One that cannot be read is
// passed over, and told of in err.
func readJournals(folder string) (map[string]*state, error) {
	found := map[string]*state{}
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	if err != nil {
		return found, fmt.Errorf("read what is known of watched files: %w", err)
	}
	var troubles []error
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), journalEnding) {
			continue
		}
		s, err := readJournal(filepath.Join(folder, e.Name()))
		if err != nil {
			troubles = append(troubles, fmt.Errorf("read what is known of watched files: %w", err))
			continue
		}
		found[s.watch.Name()] = s
	}
	return found, errors.Join(troubles...)
}

func readJournal(path string) (*state, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s := &state{known: map[string]Known{}}
	r := bufio.NewReaderSize(f, 64<<10)
	for first := true; ; first = false {
		text, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) && !first {
			return s, nil // what follows the last line's end was cut off
		}
		var l line
		if err == nil {
			err = json.Unmarshal(text, &l)
		}
		if err == nil && first && l.Watch == nil {
			err = errors.New("it does not begin with a watch")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		s.take(l)
	}
}

func (s *state) take(l line) {
	switch {
	case l.Watch != nil:
		s.watch = *l.Watch
	case l.Begun:
		s.begun = true
	case l.File != nil:
		s.known[l.File.Path] = l.File.known()
	case l.Forget != "":
		delete(s.known, l.Forget)
	case l.Event != nil:
		s.events = append(s.events, *l.Event)
	case l.Dropped != "":
		s.events = without(s.events, map[string]bool{l.Dropped: true})
	}
}

// without returns the events whose ids are not among ids.
func without(events []jobserver.FileEvent, ids map[string]bool) []jobserver.FileEvent {
	kept := events[:0]
	for _, e := range events {
		if !ids[e.ID] {
			kept = append(kept, e)
		}
	}
	return kept
}

// newJournal returns the journal of a watch. Nothing is in the file until [journal.rewrite].
func newJournal(folder string, w jobserver.Watch) *journal {
	return &journal{path: journalPath(folder, w.Name()), broken: true}
}

// add appends lines, durably. Once it has failed, nothing is added until all was written anew.
func (j *journal) add(lines []line) error {
	text, err := encode(lines)
	if err != nil {
		return err
	}
	_, err = j.file.Write(text)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		j.broken = true
		return fmt.Errorf("keep what is known of watched files: %w", err)
	}
	j.lines += len(lines)
	return nil
}

// rewrite writes all of it, in one piece. After an error what was there before is still there.
func (j *journal) rewrite(lines []line) error {
	text, err := encode(lines)
	if err != nil {
		return err
	}
	temporary := j.path + ".new"
	f, err := os.OpenFile(temporary, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("keep what is known of watched files: %w", err)
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(temporary, j.path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("keep what is known of watched files: %w", err), f.Close(), os.Remove(temporary))
	}
	j.close()
	j.file, j.lines, j.broken = f, len(lines), false
	return syncFolder(filepath.Dir(j.path))
}

// remove forgets the watch.
func (j *journal) remove() error {
	j.close()
	if err := os.Remove(j.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget what was known of watched files: %w", err)
	}
	return nil
}

func (j *journal) close() {
	if j.file != nil {
		_ = j.file.Close() // all that was written is on disk by then
		j.file = nil
	}
}

func encode(lines []line) ([]byte, error) {
	var text []byte
	for _, l := range lines {
		one, err := json.Marshal(l)
		if err != nil {
			return nil, fmt.Errorf("keep what is known of watched files: %w", err)
		}
		text = append(append(text, one...), '\n')
	}
	return text, nil
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
