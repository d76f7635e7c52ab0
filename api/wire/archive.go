package wire

import (
	"github.com/segno-jobs/segno/archive"
	"github.com/segno-jobs/segno/task"
)

// ArchiveSummary is an archive with its newest version.
type ArchiveSummary struct {
	Name     string         `json:"name"`
	Versions int            `json:"versions" doc:"How many versions it has."`
	Latest   ArchiveVersion `json:"latest" doc:"The version that was uploaded last."`
	Tasks    []string       `json:"tasks" doc:"Names of the tasks that run it, in any version." nullable:"false"`
}

// ArchiveVersion is one version of an archive. Its content never changes.
type ArchiveVersion struct {
	Archive    string           `json:"archive" doc:"Name of the archive."`
	Version    string           `json:"version"`
	Number     int64            `json:"number" doc:"Counts the versions in the order of their upload."`
	Size       int64            `json:"size" doc:"Size of the file, in bytes."`
	SHA256     string           `json:"sha256" doc:"SHA-256 of the file, in hexadecimal."`
	Manifest   archive.Manifest `json:"manifest" doc:"What the package says of itself."`
	UploadedAt Time             `json:"uploaded_at" format:"date-time"`
	UploadedBy string           `json:"uploaded_by"`
}

// ArchiveDetail is an archive with all of its versions.
type ArchiveDetail struct {
	Name     string           `json:"name"`
	Versions []ArchiveVersion `json:"versions" doc:"The newest first." nullable:"false"`
	Tasks    []string         `json:"tasks" doc:"Names of the tasks that run it, in any version." nullable:"false"`
	Uses     []ArchiveTask    `json:"uses" doc:"The same tasks, each with the version that it names." nullable:"false"`
}

// ArchiveTask is a task that runs an archive.
type ArchiveTask struct {
	Task    string `json:"task"`
	Version string `json:"version" doc:"The version that it names; latest where that is settled with each run."`
}

// ArchiveNeeds is what a version of an archive is needed for, and where it is.
type ArchiveNeeds struct {
	Tasks           []string    `json:"tasks" doc:"Names of the tasks that would be without an archive if the version were deleted: it is refused." nullable:"false"`
	OpenRuns        ArchiveRuns `json:"open_runs" doc:"Runs with it that have not ended: it is not deleted while there are some."`
	RecoverableRuns ArchiveRuns `json:"recoverable_runs" doc:"Runs with it that failed, timed out or were lost, and can be taken up again only as long as it is there: it is deleted by force alone."`
	Servers         []string    `json:"servers" doc:"Names of the job servers that have it on disk, as far as they have told." nullable:"false"`
}

// ArchiveRuns are some runs of a version.
type ArchiveRuns struct {
	Count  int64        `json:"count"`
	Newest []task.RunID `json:"newest" doc:"Ids of at most 10 of them, the newest first." nullable:"false"`
}

// ArchiveSummaryOf returns s as it is sent.
func ArchiveSummaryOf(s archive.Summary) ArchiveSummary {
	return ArchiveSummary{Name: s.Name, Versions: s.Versions, Latest: ArchiveVersionOf(s.Latest), Tasks: list(s.Tasks)}
}

// ArchiveVersionOf returns v as it is sent.
func ArchiveVersionOf(v archive.Version) ArchiveVersion {
	m := v.Manifest
	m.Command, m.Contexts = list(m.Command), list(m.Contexts)
	return ArchiveVersion{
		Archive: v.Archive, Version: v.Version, Number: v.Number, Size: v.Size, SHA256: v.SHA256, Manifest: m,
		UploadedAt: At(v.UploadedAt), UploadedBy: v.UploadedBy,
	}
}

// ArchiveDetailOf returns a as it is sent.
func ArchiveDetailOf(a archive.Archive) ArchiveDetail {
	d := ArchiveDetail{
		Name: a.Name, Versions: make([]ArchiveVersion, len(a.Versions)), Tasks: list(a.Tasks), Uses: make([]ArchiveTask, len(a.Uses)),
	}
	for i, use := range a.Uses {
		d.Uses[i] = ArchiveTask(use)
	}
	for i, v := range a.Versions {
		d.Versions[i] = ArchiveVersionOf(v)
	}
	return d
}

// ArchiveNeedsOf returns n as it is sent.
func ArchiveNeedsOf(n archive.Needs) ArchiveNeeds {
	runs := func(r archive.Runs) ArchiveRuns { return ArchiveRuns{Count: r.Count, Newest: list(r.Newest)} }
	return ArchiveNeeds{
		Tasks: list(n.Tasks), OpenRuns: runs(n.Open), RecoverableRuns: runs(n.Recoverable), Servers: list(n.Servers),
	}
}
