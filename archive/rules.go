package archive

import (
	"fmt"
	"path"
	"strings"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// Kind is what an entry is.
type Kind uint8

// The kinds of entries that are unpacked. All others are refused.
const (
	File Kind = iota + 1
	Folder
	Link
)

// Limits of the names in any archive that is unpacked.
const (
	maxName  = 1024
	maxDepth = 64
)

// Rules say what may be unpacked.
type Rules struct {
	// Of names what is unpacked, such as "a checkpoint".
	Of string
	// Entries and Size are the most entries, and the most bytes of all files together.
	Entries int
	Size    int64
}

// Checker looks at the entries of one archive in their order, and refuses what could lead out of the folder into which they
// are unpacked: absolute names, names with "..", links that lead out or through which others are reached, and names that
// stand twice. Its errors are of kind fault.Invalid, or fault.TooLarge.
type Checker struct {
	rules Rules
	// seen holds the names so far, true for links.
	seen map[string]bool
	size int64
}

// NewChecker returns a checker that has seen nothing yet.
func NewChecker(rules Rules) *Checker { return &Checker{rules: rules, seen: map[string]bool{}} }

// Check returns the name of the next entry, made clean, if it may be unpacked. target is that of a link; size counts for
// files, and is what they are announced with.
func (c *Checker) Check(name string, kind Kind, target string, size int64) (string, error) {
	name = strings.TrimSuffix(name, "/")
	switch {
	case len(c.seen) >= c.rules.Entries:
		return "", fmt.Errorf("%s may have at most %d files: %w", c.rules.Of, c.rules.Entries, fault.TooLarge)
	case name == "" || len(name) > maxName || strings.ContainsRune(name, 0):
		return "", fault.Field("file", "must have a name of 1 to %d bytes: %.40q", maxName, name)
	case !local(name):
		return "", fault.Field("file", "must lie below the working directory: %.200q", name)
	case strings.Count(name, "/") >= maxDepth:
		return "", fault.Field("file", "must lie at most %d folders deep: %.200q", maxDepth, name)
	}
	name = path.Clean(name)
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if c.seen[dir] {
			return "", fault.Field("file", "must not be reached through a link: %.200q", name)
		}
	}
	if link, twice := c.seen[name]; twice && (link || kind != Folder) {
		return "", fault.Field("file", "stands twice: %.200q", name)
	}
	c.seen[name] = kind == Link
	if c.size += max(0, size); c.size > c.rules.Size {
		return "", c.TooLarge()
	}
	switch kind {
	case File, Folder:
		return name, nil
	case Link:
		return name, CheckLink(name, target)
	}
	return "", fault.Field("file", "is neither a file, nor a folder, nor a symbolic link: %.200q", name)
}

// TooLarge is the error for an archive that is over its size.
func (c *Checker) TooLarge() error {
	return fmt.Errorf("%s may have at most %s: %w", c.rules.Of, task.Bytes(c.rules.Size), fault.TooLarge)
}

// CheckLink refuses a symbolic link that leads out of the folder.
func CheckLink(name, target string) error {
	if target == "" || path.IsAbs(target) || strings.ContainsRune(target, 0) || !stays(path.Join(path.Dir(name), target)) {
		return fault.Field("file", "is a link that leads out of the working directory: %.200q", name)
	}
	return nil
}

// local reports whether a name is relative and has no element that leads up.
func local(name string) bool {
	if path.IsAbs(name) {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return false
		}
	}
	return path.Clean(name) != "."
}

// stays reports whether a clean path ends within the folder.
func stays(clean string) bool { return clean != ".." && !strings.HasPrefix(clean, "../") }
