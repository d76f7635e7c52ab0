package protocol

import (
	"encoding/hex"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
)

// ArchiveToProto maps the package that an attempt runs.
func ArchiveToProto(a task.Archive) *segnov1.Archive {
	m := &segnov1.Archive{Name: a.Name, Version: a.Version, Command: a.Command, Args: a.Args, Context: a.Context}
	if a.Package != nil {
		m.Sha256, m.Size = a.Package.SHA256, a.Package.Size
	}
	return m
}

// ArchiveFromProto is the inverse of [ArchiveToProto].
func ArchiveFromProto(m *segnov1.Archive) *task.Archive {
	return &task.Archive{
		Name: m.GetName(), Version: m.GetVersion(), Command: m.GetCommand(), Args: m.GetArgs(), Context: m.GetContext(),
		Package: &task.Package{SHA256: m.GetSha256(), Size: m.GetSize()},
	}
}

// checkPackage checks what names a content.
func checkPackage(a *task.Archive) error {
	switch sum, err := hex.DecodeString(a.Package.SHA256); {
	case err != nil || len(sum) != 32:
		return fault.Field("sha256", "must have 64 hexadecimal digits")
	case a.Package.Size < 1:
		return fault.Field("size", "must be at least 1")
	}
	return nil
}
