package archive

import (
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// The files at the root of a package that say what it is.
const (
	// TalendFile is that of Talend; OwnFile is Segno's, {"command": ["bin/load", "--all"]}.
	TalendFile = "jobInfo.properties"
	OwnFile    = "segno.json"
	// MaxOwn bounds either of them.
	MaxOwn = 64 << 10
	// reserved begins the names of what Segno itself puts into the working directory.
	reserved = ".segno"
	// maxContexts is how many contexts are listed.
	maxContexts = 100
)

// Inspect reads what a package of that many bytes says of itself, and reads all of it on the way: what Inspect returns can
// be unpacked. Errors are as those of [Walk]; a package that is incomplete is refused with fault.Invalid.
func Inspect(r io.ReaderAt, size int64) (Manifest, error) {
	own := map[string]string{}
	var contexts []string
	var unpacked int64
	names := map[string]bool{}
	files := 0
	format, err := Walk(r, size, func(e Entry, content io.Reader) (err error) {
		if strings.HasPrefix(e.Name, reserved) {
			return fault.Field("file", "must not begin with %s, which is Segno's own: %.200q", reserved, e.Name)
		}
		if e.Kind != File {
			return nil
		}
		files++
		count := counter{r: content}
		switch name := path.Base(e.Name); {
		case e.Name == OwnFile || e.Name == TalendFile:
			own[e.Name], err = readOwn(&count, e.Name)
		case strings.HasSuffix(name, "_run.sh") && strings.Count(e.Name, "/") == 1:
			names[e.Name] = true
		case path.Base(path.Dir(e.Name)) == "contexts" && strings.HasSuffix(name, ".properties") && len(contexts) < maxContexts:
			contexts = append(contexts, strings.TrimSuffix(name, ".properties"))
		}
		if err == nil {
			_, err = io.Copy(io.Discard, &count)
		}
		unpacked += count.n
		return err
	})
	if err != nil {
		return Manifest{}, err
	}
	if files == 0 {
		return Manifest{}, fault.Field("content", "has no files")
	}
	m, err := Describe(own, func(name string) bool { return names[name] })
	m.Format, m.Files, m.Unpacked = format, files, unpacked
	if m.Layout == Talend {
		m.Contexts = append(m.Contexts, sorted(contexts)...)
	}
	return m, err
}

// Describe returns layout, entry point and job of a package from the texts of those of OwnFile and TalendFile that it has.
// has tells which files it has besides.
func Describe(own map[string]string, has func(name string) bool) (Manifest, error) {
	m := Manifest{Layout: Plain, Command: []string{}, Contexts: []string{}}
	if text, is := own[TalendFile]; is {
		err := m.talend(text, has)
		return m, err
	}
	if text, is := own[OwnFile]; is {
		err := m.own(text)
		return m, err
	}
	return m, nil
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func readOwn(content io.Reader, name string) (string, error) {
	data, err := io.ReadAll(io.LimitReader(content, MaxOwn+1))
	if err == nil && len(data) > MaxOwn {
		err = fault.Field("file", "must have at most %s: %q", task.Bytes(MaxOwn), name)
	}
	return string(data), err
}

// own takes over what segno.json says.
func (m *Manifest) own(text string) error {
	var said struct {
		Command []string `json:"command"`
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&said); err != nil {
		return fault.Field("file", `%s must be JSON such as {"command": ["bin/load", "--all"]}: %v`, OwnFile, err)
	}
	if err := task.CheckCommand("command", said.Command); err != nil {
		return fmt.Errorf("%s: %w", OwnFile, err)
	}
	m.Command = said.Command
	return nil
}

// talend takes over what jobInfo.properties says.
func (m *Manifest) talend(text string, has func(string) bool) error {
	said := properties(text)
	m.Job = said["job"]
	script := m.Job + "/" + m.Job + "_run.sh"
	switch {
	case m.Job == "":
		return fault.Field("file", "%s does not name the job", TalendFile)
	case !has(script):
		return fault.Field("file", "%.200q is missing, which starts the job that %s names; export it with its Unix launcher", script, TalendFile)
	}
	m.Layout, m.Command = Talend, []string{script}
	m.JobVersion, m.Context = said["jobVersion"], said["contextName"]
	return nil
}
