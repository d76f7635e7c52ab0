package archive

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// Launch says how an unpacked package is started.
type Launch struct {
	// Folder is the working directory, below that into which the package was unpacked; empty is the latter itself.
	Folder string
	// Script is a file of the package that is started, seen from Folder, or empty where a program of the host is. It may
	// lack its bit for execution, and have the ends of lines of Windows.
	Script string
	// Argv is the command. Its first element stands for the script where there is one.
	Argv []string
	// Shell is true where a shell is to run the script, whatever the script says.
	Shell bool
}

// Start returns how a package is started for a run: m says what the package is, a what the task wants, and params are the
// run's. has tells which files the package has. Errors are of kind fault.Invalid.
//
// A Talend job works in its own folder, as it reads ../jobInfo.properties, and has its context and the parameters of the run
// as arguments.
func Start(m Manifest, a task.Archive, params map[string]string, has func(name string) bool) (Launch, error) {
	if m.Layout == Talend && len(a.Command) == 0 {
		l := Launch{Folder: m.Job, Script: path.Base(m.Command[0]), Shell: true}
		l.Argv = append([]string{l.Script}, talendArguments(a, params)...)
		return l, nil
	}
	argv := a.Command
	if len(argv) == 0 {
		argv = slices.Concat(m.Command, a.Args)
	}
	if len(argv) == 0 {
		return Launch{}, fault.Field("archive.command", "must be given: the archive does not say what starts it")
	}
	l := Launch{Argv: argv}
	if name := argv[0]; local(name) && has(path.Clean(name)) {
		l.Script = path.Clean(name)
	}
	return l, nil
}

// talendArguments are the arguments of a Talend job: its context, its parameters by name, and what the task says besides.
func talendArguments(a task.Archive, params map[string]string) []string {
	var args []string
	if a.Context != "" {
		args = append(args, "--context="+a.Context)
	}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		// A job decodes backslashes in what it is given so.
		args = append(args, "--context_param", name+"="+strings.ReplaceAll(params[name], `\`, `\\`))
	}
	return append(args, a.Args...)
}
