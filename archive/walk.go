package archive

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// Entry is one file, folder or link of a package.
type Entry struct {
	// Name is clean, relative and written with slashes.
	Name string
	Kind Kind
	// Target is that of a link.
	Target string
	// Mode has the permission bits.
	Mode    uint32
	ModTime time.Time
}

// Visitor is called for each entry in order, with the content of a file, which it need not read.
type Visitor func(e Entry, content io.Reader) error

const (
	// maxDirectory bounds what is read of a zip before its first file: its list of files.
	maxDirectory = 16 << 20
	maxTarget    = 4096
	// zipSymlink is the bit of a symbolic link in the mode of a zip's entry, and zipEncrypted that of its flags.
	zipSymlink   = 1 << 27
	zipEncrypted = 1
)

// Recognise returns the format of a package by its first bytes, of which 512 serve. Anything else is refused with
// fault.Invalid.
func Recognise(head []byte) (Format, error) {
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return Zip, nil
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return TarGz, nil
	case len(head) >= 262 && string(head[257:262]) == "ustar":
		return "", fault.Field("content", "is a plain tar; compress it with gzip")
	}
	return "", fault.Field("content", "is neither a zip nor a tar.gz")
}

// Walk goes through a package of that many bytes. It reads every file to its end, if the visitor did not, so that one that
// is damaged or larger than it says is refused wherever it stands. Errors about the content are of kind fault.Invalid, or
// fault.TooLarge beyond the limits; those of the visitor are returned as they are.
func Walk(r io.ReaderAt, size int64, visit Visitor) (Format, error) {
	head := make([]byte, min(size, 512))
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	format, err := Recognise(head)
	if err != nil {
		return "", err
	}
	in := &source{r: r}
	w := walker{
		in: in, checker: NewChecker(Rules{Of: "an archive", Entries: MaxEntries, Size: MaxUnpacked}),
		visit: visit, left: unpackedOf(size),
	}
	if format == Zip {
		return format, w.zip(in, size)
	}
	return format, w.tarGz(io.NewSectionReader(in, 0, size))
}

// unpackedOf is how many bytes the files of a package of that size may have together.
func unpackedOf(size int64) int64 { return min(max(size*MaxRatio, freeUnpacked), MaxUnpacked) }

type walker struct {
	in      *source
	checker *Checker
	visit   Visitor
	// left is how many bytes the files that follow may have.
	left int64
}

func (w *walker) tarGz(r io.Reader) error {
	unzipped, err := gzip.NewReader(bufio.NewReader(r))
	if err != nil {
		return w.in.damaged(fmt.Errorf("gzip: %w", err))
	}
	// What is no file counts as well: headers can be many, or have long values.
	all := &bounded{r: unzipped, in: w.in, left: 2*w.left + MaxEntries*1024, over: w.checker.TooLarge}
	t := tar.NewReader(all)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			_, err := io.Copy(io.Discard, all) // The checksum stands at the very end.
			return err
		}
		if err != nil {
			return w.in.damaged(err)
		}
		if h.Typeflag == tar.TypeXGlobalHeader || h.Typeflag == tar.TypeDir && strings.Trim(h.Name, "./") == "" {
			continue
		}
		e := Entry{Name: h.Name, Mode: uint32(h.Mode & 0o777), ModTime: h.ModTime}
		switch h.Typeflag {
		case tar.TypeReg:
			e.Kind = File
		case tar.TypeDir:
			e.Kind = Folder
		case tar.TypeSymlink:
			e.Kind, e.Target = Link, h.Linkname
		}
		if err := w.entry(e, h.Size, t); err != nil {
			return err
		}
	}
}

func (w *walker) zip(r io.ReaderAt, size int64) error {
	directory := &boundedAt{r: r, left: maxDirectory}
	z, err := zip.NewReader(directory, size)
	if err != nil {
		return w.in.damaged(fmt.Errorf("zip: %w", err))
	}
	directory.left = -1
	for _, f := range z.File {
		if f.Flags&zipEncrypted != 0 {
			return fault.Field("file", "is encrypted: %.200q", f.Name)
		}
		if strings.Contains(f.Name, `\`) {
			return fault.Field("file", `must have a name that is written with / in place of \: %.200q`, f.Name)
		}
		if err := w.zipEntry(f); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) zipEntry(f *zip.File) error {
	mode := f.Mode()
	e := Entry{Name: f.Name, Mode: uint32(mode.Perm()), ModTime: f.Modified}
	if f.UncompressedSize64 > MaxUnpacked {
		return w.checker.TooLarge()
	}
	size := int64(f.UncompressedSize64)
	switch {
	case mode.IsDir():
		e.Kind, size = Folder, 0
	case uint32(mode)&zipSymlink != 0:
		e.Kind = Link
	case mode.IsRegular():
		e.Kind = File
	}
	if e.Kind == Folder {
		return w.entry(e, 0, strings.NewReader(""))
	}
	content, err := f.Open()
	if err != nil {
		return w.in.damaged(fmt.Errorf("%.200q: %w", f.Name, err))
	}
	defer content.Close()
	if e.Kind == Link {
		target, err := io.ReadAll(io.LimitReader(content, maxTarget))
		if err != nil {
			return w.in.damaged(err)
		}
		e.Target, size = string(target), 0
	}
	return w.entry(e, size, content)
}

// entry checks an entry, has it visited, and reads the rest of it.
func (w *walker) entry(e Entry, size int64, content io.Reader) (err error) {
	if e.Kind != File {
		size = 0
	}
	if e.Name, err = w.checker.Check(e.Name, e.Kind, e.Target, size); err != nil {
		return err
	}
	if e.Kind != File {
		return w.visit(e, strings.NewReader(""))
	}
	before := w.left
	in := &bounded{r: content, in: w.in, left: w.left, over: w.overRatio}
	if err := w.visit(e, in); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return err
	}
	if w.left = in.left; before-w.left != size {
		return fault.Field("file", "is not of the %d bytes that it is announced with: %.200q", size, e.Name)
	}
	return nil
}

func (w *walker) overRatio() error {
	return fmt.Errorf("the files of an archive may have at most %d times its size, and %s: %w", MaxRatio, task.Bytes(MaxUnpacked), fault.TooLarge)
}

// bounded reads up to a number of bytes, and then fails with what over says. Errors of the content have their kind.
type bounded struct {
	r    io.Reader
	in   *source
	left int64
	over func() error
}

func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	if int64(n) > b.left {
		return 0, b.over()
	}
	b.left -= int64(n)
	if errors.Is(err, io.EOF) {
		return n, io.EOF
	}
	return n, b.in.damaged(err)
}

// boundedAt reads up to a number of bytes; less than 0 is without limit.
type boundedAt struct {
	r    io.ReaderAt
	left int64
}

func (b *boundedAt) ReadAt(p []byte, at int64) (int, error) {
	if b.left >= 0 {
		if int64(len(p)) > b.left {
			return 0, fmt.Errorf("its list of files is over %s: %w", task.Bytes(maxDirectory), fault.TooLarge)
		}
		b.left -= int64(len(p))
	}
	return b.r.ReadAt(p, at)
}

// source is the file of a package. It remembers why it could not be read, which says nothing about the package.
type source struct {
	r      io.ReaderAt
	failed error
}

func (s *source) ReadAt(p []byte, at int64) (int, error) {
	if at < 0 {
		return 0, errors.New("a place before the beginning") // that the package names
	}
	n, err := s.r.ReadAt(p, at)
	if err != nil && !errors.Is(err, io.EOF) {
		s.failed = err
	}
	return n, err
}

// damaged gives an error of reading a package its kind: whatever its file did not fail with is the fault of the package.
func (s *source) damaged(err error) error {
	switch {
	case err == nil || errors.Is(err, fault.Invalid) || errors.Is(err, fault.TooLarge):
		return err
	case s.failed != nil:
		return s.failed
	}
	return fmt.Errorf("the archive is damaged: %w: %w", fault.Invalid, err)
}
