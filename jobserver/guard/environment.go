package guard

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

const (
	defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	// reserved begins the variables that are Segno's own.
	reserved = "SEGNO_"
)

// inherited are the variables that jobs have from the host: guards and keepers are started with no others.
var inherited = []string{"PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR"}

// inheritedEnv returns what a guard is started with.
func inheritedEnv() []string {
	var env []string
	for _, name := range inherited {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// environment makes the environments of jobs.
type environment struct {
	// base holds what every job has; helper is the folder of the program that wraps the job's socket.
	base   []string
	path   string
	helper string
	socket string
}

func newEnvironment(helper, socket string) environment {
	e := environment{path: os.Getenv("PATH"), helper: helper, socket: socket}
	if e.path == "" {
		e.path = defaultPath
	}
	lang := os.Getenv("LANG")
	if lang == "" {
		lang = "C.UTF-8"
	}
	e.base = []string{"LANG=" + lang}
	for _, name := range []string{"HOME", "USER", "TZ"} {
		if v, ok := os.LookupEnv(name); ok {
			e.base = append(e.base, name+"="+v)
		}
	}
	return e
}

// of returns the environment of a job that works in dir as the user who, and its PATH.
func (e environment) of(x *jobserver.Execution, dir string, who *Account, at *door) ([]string, string) {
	path := e.path
	if own, ok := x.Job.Env["PATH"]; ok {
		path = own
	}
	if e.helper != "" {
		path = strings.TrimPrefix(path+":"+e.helper, ":")
	}
	number := strconv.Itoa(x.Ref.Number)
	env := make([]string, 0, len(e.base)+14+len(x.Job.Env)+len(x.Params))
	for _, entry := range append(e.baseOf(who), "TMPDIR="+dir) {
		name, _, _ := strings.Cut(entry, "=")
		if _, own := x.Job.Env[name]; !own {
			env = append(env, entry)
		}
	}
	for name, value := range x.Job.Env {
		if name != "PATH" {
			env = append(env, name+"="+value)
		}
	}
	env = append(env, "PATH="+path,
		"SEGNO_RUN_ID="+string(x.Ref.Run), "SEGNO_TASK="+x.Task, "SEGNO_ATTEMPT="+number, "SEGNO_FENCE="+number,
		"SEGNO_SOCKET="+e.socketOf(at))
	if !x.ScheduledFor.IsZero() {
		env = append(env, "SEGNO_SCHEDULED_FOR="+x.ScheduledFor.UTC().Format(time.RFC3339Nano))
	}
	if x.Resume != nil {
		env = append(env, "SEGNO_RESUME_FROM="+x.Resume.Name, "SEGNO_RESUME_DIR="+dir+"/"+resumeFolder)
	}
	if x.Traceparent != "" {
		env = append(env, "TRACEPARENT="+x.Traceparent)
	}
	return append(env, paramVariables(x.Params)...), path
}

// baseOf returns what every job of a user has.
func (e environment) baseOf(who *Account) []string {
	if who == nil {
		return slices.Clip(e.base)
	}
	base := make([]string, 0, len(e.base)+4)
	for _, entry := range e.base {
		if !strings.HasPrefix(entry, "HOME=") && !strings.HasPrefix(entry, "USER=") {
			base = append(base, entry)
		}
	}
	return append(base, "HOME="+who.Home, "USER="+who.Name, "LOGNAME="+who.Name)
}

func (e environment) socketOf(at *door) string {
	if at == nil {
		return e.socket
	}
	return at.path
}

// paramVariables returns SEGNO_PARAM_<NAME> for each parameter. Of names that come to the same variable, the last in
// the order of the alphabet holds.
func paramVariables(params map[string]string) []string {
	if len(params) == 0 {
		return nil
	}
	names := make([]string, 0, len(params))
	for name := range params {
		names = append(names, name)
	}
	sort.Strings(names)
	last := make(map[string]int, len(names))
	var env []string
	for _, name := range names {
		variable := "SEGNO_PARAM_" + strings.Map(func(c rune) rune {
			switch {
			case c >= 'a' && c <= 'z':
				return c - 'a' + 'A'
			case c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
				return c
			}
			return '_'
		}, name)
		if i, ok := last[variable]; ok {
			env[i] = variable + "=" + params[name]
			continue
		}
		last[variable] = len(env)
		env = append(env, variable+"="+params[name])
	}
	return env
}

// lookPath finds the file of a program as execvp would: along path where the name has no slash, else from dir.
func lookPath(name, path, dir string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	var found error = unix.ENOENT
	for folder := range strings.SplitSeq(path, ":") {
		if folder == "" {
			folder = "."
		}
		file := folder + "/" + name
		probe := file
		if !filepath.IsAbs(file) {
			probe = dir + "/" + file
		}
		switch err := executable(probe); err {
		case nil:
			return file, nil
		case unix.EACCES:
			found = unix.EACCES
		}
	}
	return "", found
}

func executable(file string) error {
	var st unix.Stat_t
	if err := retry(func() error { return unix.Stat(file, &st) }); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		return unix.ENOENT
	}
	return unix.Access(file, unix.X_OK)
}

// check returns an error of kind Invalid for an execution that no process can be made of.
func check(x *jobserver.Execution) error {
	if err := checkJob(&x.Job); err != nil {
		return err
	}
	for name, value := range x.Params {
		if strings.ContainsRune(value, 0) {
			return fault.Field("params."+name, "must not hold a NUL byte")
		}
	}
	resume := ""
	if x.Resume != nil {
		resume = x.Resume.Name
	}
	for name, value := range map[string]string{"task": x.Task, "traceparent": x.Traceparent, "resume.name": resume} {
		if strings.ContainsRune(value, 0) {
			return fault.Field(name, "must not hold a NUL byte")
		}
	}
	return nil
}

func checkJob(j *task.Job) error {
	kinds := 0
	for _, set := range []bool{len(j.Command) > 0, j.Script != nil, len(j.Steps) > 0, j.Archive != nil} {
		if set {
			kinds++
		}
	}
	if kinds != 1 {
		return fault.Field("job", "must have exactly one of command, script, steps and archive")
	}
	if err := checkArguments("job.command", j.Command); err != nil {
		return err
	}
	if j.Script != nil {
		if err := checkArguments("job.script.interpreter", j.Script.Interpreter); err != nil {
			return err
		}
	}
	for i, step := range j.Steps {
		field := "job.steps[" + strconv.Itoa(i) + "].command"
		if len(step.Command) == 0 {
			return fault.Field(field, "must not be empty")
		}
		if err := checkArguments(field, step.Command); err != nil {
			return err
		}
	}
	if a := j.Archive; a != nil {
		if err := errors.Join(checkArguments("job.archive.command", a.Command), checkTexts("job.archive.args", a.Args)); err != nil {
			return err
		}
	}
	return checkEnv(j.Env)
}

func checkTexts(field string, args []string) error {
	for i, arg := range args {
		if strings.ContainsRune(arg, 0) {
			return fault.Field(field+"["+strconv.Itoa(i)+"]", "must not hold a NUL byte")
		}
	}
	return nil
}

func checkArguments(field string, args []string) error {
	if err := checkTexts(field, args); err != nil {
		return err
	}
	if len(args) > 0 && args[0] == "" {
		return fault.Field(field+"[0]", "must not be empty")
	}
	return nil
}

func checkEnv(env map[string]string) error {
	for name, value := range env {
		field := "job.env." + name
		switch {
		case name == "" || strings.ContainsAny(name, "=\x00"):
			return fault.Field("job.env", "must not have the name %q", name)
		case strings.HasPrefix(name, reserved):
			return fault.Field(field, "must not begin with "+reserved+", which is Segno's own")
		case strings.ContainsRune(value, 0):
			return fault.Field(field, "must not hold a NUL byte")
		}
	}
	return nil
}
