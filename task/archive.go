package task

import (
	"fmt"
	"strings"

	"github.com/segno-jobs/segno/internal/fault"
)

// Archive names a package that a job runs. See package archive.
type Archive struct {
	Name string `json:"name" doc:"Name of the archive."`
	// Version is that of a stored version, or LatestVersion, which an empty one stands for. In a run it is never LatestVersion.
	Version string `json:"version,omitempty" doc:"Version of the archive; latest, the default, is the one that was uploaded last when a run is requested."`
	// Command is the entry point and its arguments; empty leaves it to the archive.
	Command []string `json:"command,omitempty" doc:"Entry point and arguments: a file of the archive or a program; by default what the archive names."`
	// Args come after what the archive itself names. With Command they stand there.
	Args []string `json:"args,omitempty" doc:"Arguments after the entry point that the archive itself names."`
	// Context is that of a Talend job.
	Context string `json:"context,omitempty" doc:"Talend: the context; by default the one that the archive names."`
	// Package is settled when a run is requested and nil in a task.
	Package *Package `json:"package,omitempty" doc:"In a run: the content of the version that it runs. No task has it."`
}

// Package is the content of an archive's version.
type Package struct {
	// SHA256 (in hexadecimal) and Size are of the file as it was uploaded.
	SHA256 string `json:"sha256" doc:"SHA-256 of the archive's file."`
	Size   int64  `json:"size" doc:"Size of the archive's file, in bytes."`
}

// LatestVersion stands for the version that was uploaded last.
const LatestVersion = "latest"

// Latest reports whether the version is still to be settled.
func (a Archive) Latest() bool { return a.Version == "" || a.Version == LatestVersion }

// CheckArchiveVersion returns nil if text may name a version: 1 to MaxName letters, digits and - _ . + and not "." or "..".
func CheckArchiveVersion(field, text string) error {
	odd := strings.ContainsFunc(text, func(r rune) bool {
		return !isLetter(r) && !isDigit(r) && !strings.ContainsRune("-_.+", r)
	})
	if text == "" || len(text) > MaxName || odd || text == "." || text == ".." {
		return fault.Field(field, "must be 1 to %d letters, digits and - _ . +, such as 1.4.2, not %.80q", MaxName, text)
	}
	return nil
}

// CheckCommand returns nil if args may be the arguments of a program, the first of which names it.
func CheckCommand(field string, args []string) error { return validCommand(field, args) }

func (a Archive) validate() error {
	var found problems
	found.add(CheckName("archive.name", a.Name))
	if a.Version != "" {
		found.add(CheckArchiveVersion("archive.version", a.Version))
	}
	if a.Command != nil {
		found.add(validCommand("archive.command", a.Command))
	}
	if len(a.Args) > MaxArguments {
		found.addf("archive.args", "must have at most %d elements, not %d", MaxArguments, len(a.Args))
	}
	for i, arg := range a.Args {
		found.add(CheckText(fmt.Sprintf("archive.args[%d]", i), arg, MaxArgument-1))
	}
	if a.Command != nil && len(a.Args) > 0 {
		found.addf("archive.args", "must be left out where there is a command: it has its arguments")
	}
	found.add(checkLine("archive.context", a.Context, MaxName))
	if a.Package != nil {
		found.addf("archive.package", "must be left out: it is settled when a run is requested")
	}
	return found.join()
}
