// Package archive knows job packages: zip and tar.gz files that hold a program, among them those in the layout in which
// Talend exports jobs. It recognises them by their content, walks through their entries by rules that let nothing lead out
// of the folder into which they are unpacked, and says what starts them. It reads what it is given and writes nothing.
package archive

import (
	"slices"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// Limits of a job package.
const (
	// MaxSize is the most bytes of the file as it is uploaded.
	MaxSize = 1 << 30
	// MaxUnpacked is the most bytes of all of its files together.
	MaxUnpacked = 4 << 30
	// MaxEntries is how many files, folders and links it may have.
	MaxEntries = 100_000
	// MaxRatio is how many times larger than the package its files may be. Packages with less than freeUnpacked in them
	// are not judged by it.
	MaxRatio = 200
	// MaxVersions is how many versions of one archive are kept.
	MaxVersions = 1000
)

// freeUnpacked is how much any package may hold, whatever its ratio.
const freeUnpacked = 64 << 20

// Format says how a package is written.
type Format string

// The formats.
const (
	Zip   Format = "zip"
	TarGz Format = "tar.gz"
)

// MediaType returns the content type of a file of that format.
func (f Format) MediaType() string {
	if f == Zip {
		return "application/zip"
	}
	return "application/gzip"
}

// Layout says how the files of a package are arranged.
type Layout string

// The layouts.
const (
	// Plain packages are started as their task or their segno.json says.
	Plain Layout = "plain"
	// Talend packages have a jobInfo.properties, and a run script in the folder of their job.
	Talend Layout = "talend"
)

// Manifest is what a package says of itself.
type Manifest struct {
	Format Format `json:"format" enum:"zip,tar.gz" doc:"How the file is written."`
	Layout Layout `json:"layout" enum:"plain,talend" doc:"How its files are arranged."`
	// Command is the entry point that it names itself, with arguments; empty if it names none.
	Command []string `json:"command" nullable:"false" doc:"What it says that starts it; empty where the task has to say so."`
	// Job, JobVersion and Context are those of jobInfo.properties; Contexts are those that it holds, by name.
	Job        string   `json:"job,omitempty" doc:"Talend: the name of the job."`
	JobVersion string   `json:"job_version,omitempty" doc:"Talend: the version of the job, as it was exported."`
	Context    string   `json:"context,omitempty" doc:"Talend: the context that is used if the task names none."`
	Contexts   []string `json:"contexts" nullable:"false" doc:"Talend: the contexts that it holds."`
	// Files and Unpacked count its files and their bytes.
	Files    int   `json:"files" doc:"How many files it holds."`
	Unpacked int64 `json:"unpacked" doc:"How many bytes these have."`
}

// Starts reports whether the package names an entry point itself.
func (m Manifest) Starts() bool { return len(m.Command) > 0 }

// Version is one stored version of an archive. Its content never changes.
type Version struct {
	Archive string
	Version string
	// Number counts the versions of an archive in the order of their upload, from 1. The latest has the highest.
	Number int64
	// Size and SHA256 (in hexadecimal) are of the file as it was uploaded.
	Size       int64
	SHA256     string
	Manifest   Manifest
	UploadedAt time.Time
	UploadedBy string
}

// Summary is an archive with its newest version.
type Summary struct {
	Name     string
	Versions int
	Latest   Version
	// Tasks are the names of the tasks that run it, in any version.
	Tasks []string
}

// Archive is an archive with all of its versions, the newest first.
type Archive struct {
	Name     string
	Versions []Version
	// Tasks are the names of the tasks that run it, in any version.
	Tasks []string
	// Uses are the same tasks, each with the version that it names.
	Uses []TaskUse
}

// TaskUse is a task that runs an archive, with the version that it names: task.LatestVersion where that is settled with each
// run.
type TaskUse struct{ Task, Version string }

// Needs is what a version of an archive is needed for, and where its content is besides at the conductor.
type Needs struct {
	// Tasks are the names of those that would be without an archive if the version were deleted: that name it, or, where it
	// is the last one, the archive.
	Tasks []string
	// Open are the runs with it that have not ended. Recoverable are those that failed, timed out or were lost: they can be
	// taken up again only as long as it is there.
	Open, Recoverable Runs
	// Servers are the names of the job servers that have told that it is on their disk.
	Servers []string
}

// Runs are some runs, told by their number and the newest of them.
type Runs struct {
	Count int64
	// Newest are at most MaxNewest of them, the newest first.
	Newest []task.RunID
}

// MaxNewest is how many runs [Runs] names.
const MaxNewest = 10

// Upload is what a caller says of a package on its way.
type Upload struct {
	Archive, Version string
	// SHA256 is the hash that the content must have, or empty.
	SHA256 string
	By     string
}

// Validate returns nil if the upload may be stored under its names, else field errors of kind fault.Invalid.
func (u Upload) Validate() error {
	if err := task.CheckName("name", u.Archive); err != nil {
		return err
	}
	if err := task.CheckArchiveVersion("version", u.Version); err != nil {
		return err
	}
	if u.Version == task.LatestVersion {
		return fault.Field("version", "must not be %q, which stands for the version that was uploaded last", task.LatestVersion)
	}
	if u.SHA256 != "" && (len(u.SHA256) != 64 || strings.Trim(u.SHA256, "0123456789abcdef") != "") {
		return fault.Field("sha256", "must be 64 lower-case hexadecimal digits")
	}
	return nil
}

// sorted returns the names without repetition, in order.
func sorted(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}
