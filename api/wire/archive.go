package wire

import "github.com/segno-jobs/segno/archive"

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
	d := ArchiveDetail{Name: a.Name, Versions: make([]ArchiveVersion, len(a.Versions)), Tasks: list(a.Tasks)}
	for i, v := range a.Versions {
		d.Versions[i] = ArchiveVersionOf(v)
	}
	return d
}
