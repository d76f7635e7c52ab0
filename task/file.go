package task

import (
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/segno-jobs/segno/internal/fault"
)

// FileTrigger starts a run for each event of a file in a folder. The agents of the named job server, or of all members
// of the virtual server, look into the folder at intervals.
type FileTrigger struct {
	Server        string `json:"server,omitempty" doc:"Name of the job server on which the folder is."`
	VirtualServer string `json:"virtual_server,omitempty" doc:"Name of a virtual server: all of its members look into the folder, and one file gives one run."`
	Path          string `json:"path" doc:"The folder, an absolute path such as /data/in."`
	Mask          string `json:"mask,omitempty" doc:"Names of files, such as *.csv; * ? and [a-z] stand for others. By default *. A leading dot must be written."`
	// Depth is how many levels of folders below Path are looked into.
	Depth int `json:"depth,omitempty" doc:"How many levels of folders below it are looked into, 0 to 16."`
	// On is what counts as an event; empty means FileCreated.
	On FileChange `json:"on,omitempty" enum:"created,modified,exists" doc:"created, modified or exists; by default created."`
	// Settle is for how long a file must stay as it is before it counts as written; 0 means DefaultSettle.
	Settle Duration `json:"settle,omitzero" doc:"For how long size and time of modification must stay the same before the file counts as written; by default 5s."`
	// Poll is the time between two looks; 0 means DefaultPoll.
	Poll Duration `json:"poll,omitzero" doc:"Time between two looks into the folder; by default 5s."`
}

// FileChange is what a file trigger waits for.
type FileChange string

// What a file trigger waits for. A version of a file is its path, size and time of modification.
const (
	// FileCreated is a file that was not there before, whatever its age: written, copied or moved there.
	FileCreated FileChange = "created"
	// FileModified is a new version of a file that was there before.
	FileModified FileChange = "modified"
	// FileExists is each version of a file that is there, also of one that was there before the trigger.
	FileExists FileChange = "exists"
)

// Defaults and limits of file triggers.
const (
	DefaultSettle = 5 * time.Second
	DefaultPoll   = 5 * time.Second
	MinSettle     = 100 * time.Millisecond
	MaxSettle     = 24 * time.Hour
	MinPoll       = time.Second
	MaxPoll       = 24 * time.Hour
	MaxFileDepth  = 16
	// MaxFilePath is the most bytes in a folder's path, MaxFileMask in a mask.
	MaxFilePath = 1024
	MaxFileMask = 255
)

// WithDefaults returns the trigger with everything filled in that was left out.
func (f FileTrigger) WithDefaults() FileTrigger {
	if f.Mask == "" {
		f.Mask = "*"
	}
	if f.On == "" {
		f.On = FileCreated
	}
	if f.Settle == 0 {
		f.Settle = Duration(DefaultSettle)
	}
	if f.Poll == 0 {
		f.Poll = Duration(DefaultPoll)
	}
	return f
}

// Validate returns nil, or joined field errors with the names of the JSON.
func (f FileTrigger) Validate() error {
	var found problems
	found.add(Target{Server: f.Server, VirtualServer: f.VirtualServer}.Validate())
	found.add(f.validPath())
	if err := CheckText("mask", f.Mask, MaxFileMask); err != nil {
		found.add(err)
	} else if _, err := path.Match(f.Mask, ""); err != nil || strings.Contains(f.Mask, "/") {
		found.addf("mask", `must be the mask of a name such as "*.csv": * and ? stand for other characters, [a-z] for one of them`)
	}
	if f.Depth < 0 || f.Depth > MaxFileDepth {
		found.addf("depth", "must be from 0 to %d, not %d", MaxFileDepth, f.Depth)
	}
	switch f.On {
	case "", FileCreated, FileModified, FileExists:
	default:
		found.addf("on", "must be %s, %s or %s, not %q", FileCreated, FileModified, FileExists, clip(string(f.On)))
	}
	found.add(duration("settle", f.Settle, MinSettle, MaxSettle))
	found.add(duration("poll", f.Poll, MinPoll, MaxPoll))
	return found.join()
}

func (f FileTrigger) validPath() error {
	if err := CheckText("path", f.Path, MaxFilePath); err != nil {
		return err
	}
	if !path.IsAbs(f.Path) || path.Clean(f.Path) != f.Path {
		return fault.Field("path", `must be the absolute path of a folder such as "/data/in", without ".", ".." and a "/" at its end`)
	}
	return nil
}

// MatchesName reports whether the mask takes a file's name. As in a shell, a name that begins with a dot is taken only by
// a mask that does: programs that copy write to such names first. A name that is no UTF-8 is never taken.
func (f FileTrigger) MatchesName(name string) bool {
	if strings.HasPrefix(name, ".") && !strings.HasPrefix(f.Mask, ".") || !utf8.ValidString(name) {
		return false
	}
	ok, err := path.Match(f.WithDefaults().Mask, name)
	return err == nil && ok
}

// Matches reports whether the trigger is about the file at an absolute path.
func (f FileTrigger) Matches(file string) bool {
	below, inside := strings.CutPrefix(file, strings.TrimSuffix(f.Path, "/")+"/")
	if !inside || path.Clean(file) != file || strings.Count(below, "/") > f.Depth {
		return false
	}
	folder, name := path.Split(below)
	for part := range strings.SplitSeq(strings.TrimSuffix(folder, "/"), "/") {
		if strings.HasPrefix(part, ".") {
			return false
		}
	}
	return f.MatchesName(name)
}

// SameScope reports whether two triggers are about the same events, so that what was seen for one holds for the other.
func (f FileTrigger) SameScope(g FileTrigger) bool {
	f, g = f.WithDefaults(), g.WithDefaults()
	return f.Path == g.Path && f.Mask == g.Mask && f.Depth == g.Depth && f.On == g.On
}

// The parameters that a run of a file trigger has, whether its task declares them or not.
const (
	ParamFolderPath = "folder_path"
	ParamFilePath   = "file_path"
	ParamFileName   = "file_name"
	// ParamFileServer is the job server whose agent has seen the file.
	ParamFileServer = "file_server"
)

// FileParams are the parameters of a run for a file on a server.
func FileParams(server, file string) map[string]string {
	return map[string]string{
		ParamFolderPath: path.Dir(file), ParamFilePath: file, ParamFileName: path.Base(file), ParamFileServer: server,
	}
}
