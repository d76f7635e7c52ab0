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
	// talendFile is that of Talend; ownFile is Segno's, {"command": ["bin/load", "--all"]}.
	talendFile = "jobInfo.properties"
	ownFile    = "segno.json"
	// maxOwn bounds either of them.
	maxOwn = 64 << 10
	// maxContexts is how many contexts are listed.
	maxContexts = 100
)

// Inspect reads what a package of that many bytes says of itself, and reads all of it on the way: what Inspect returns can
// be unpacked. Errors are as those of [Walk]; a package that is incomplete is refused with fault.Invalid.
func Inspect(r io.ReaderAt, size int64) (Manifest, error) {
	m := Manifest{Layout: Plain, Command: []string{}, Contexts: []string{}}
	var own, talend []byte
	var contexts []string
	scripts := map[string]bool{}
	format, err := Walk(r, size, func(e Entry, content io.Reader) (err error) {
		if e.Kind != File {
			return nil
		}
		m.Files++
		switch name := path.Base(e.Name); {
		case e.Name == ownFile:
			own, err = readOwn(content, e.Name)
		case e.Name == talendFile:
			talend, err = readOwn(content, e.Name)
		case strings.HasSuffix(name, "_run.sh") && strings.Count(e.Name, "/") == 1:
			scripts[e.Name] = true
		case path.Base(path.Dir(e.Name)) == "contexts" && strings.HasSuffix(name, ".properties") && len(contexts) < maxContexts:
			contexts = append(contexts, strings.TrimSuffix(name, ".properties"))
		}
		if err != nil {
			return err
		}
		count := counter{r: content}
		_, err = io.Copy(io.Discard, &count)
		m.Unpacked += count.n
		return err
	})
	if err != nil {
		return Manifest{}, err
	}
	m.Format = format
	m.Unpacked += int64(len(own) + len(talend))
	switch {
	case m.Files == 0:
		return Manifest{}, fault.Field("", "the archive has no files")
	case talend != nil:
		return m, m.talend(talend, scripts, contexts)
	case own != nil:
		return m, m.own(own)
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

func readOwn(content io.Reader, name string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(content, maxOwn+1))
	if err == nil && len(data) > maxOwn {
		err = fault.Field("file", "must have at most %s: %q", task.Bytes(maxOwn), name)
	}
	return data, err
}

// own takes over what segno.json says.
func (m *Manifest) own(text []byte) error {
	var said struct {
		Command []string `json:"command"`
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&said); err != nil {
		return fault.Field("file", `%s must be JSON such as {"command": ["bin/load", "--all"]}: %v`, ownFile, err)
	}
	if err := task.CheckCommand("command", said.Command); err != nil {
		return fmt.Errorf("%s: %w", ownFile, err)
	}
	m.Command = said.Command
	return nil
}

// talend takes over what jobInfo.properties says.
func (m *Manifest) talend(text []byte, scripts map[string]bool, contexts []string) error {
	said := properties(string(text))
	m.Job = said["job"]
	script := m.Job + "/" + m.Job + "_run.sh"
	switch {
	case m.Job == "":
		return fault.Field("file", "%s does not name the job", talendFile)
	case !scripts[script]:
		return fault.Field("file", "%.200q is missing, which starts the job that %s names; export it with its Unix launcher", script, talendFile)
	}
	m.Layout, m.Command = Talend, []string{script}
	m.JobVersion, m.Context = said["jobVersion"], said["contextName"]
	m.Contexts = append(m.Contexts, sorted(contexts)...)
	return nil
}
