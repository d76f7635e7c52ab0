package task

import (
	"fmt"
	"maps"
	"strings"

	"github.com/segno-jobs/segno/internal/fault"
)

// Fill returns the task as one run will execute it. Its Params are the task's own with those of the request put over
// them, and wherever an element of a command, of a step's or an archive's, the context of an archive or a value of the environment has
//
//	${{ params.date }}
//
// the parameter's value stands instead; $${{ stands for a plain ${{. A value is put into its element as it is and is
// not looked at again: it can neither become a second argument nor refer to another parameter. The text of a script is
// never filled in, for there a value could become code: scripts read SEGNO_PARAM_DATE.
//
// A request may set only parameters that the task declares; an unknown one is refused under "params.<name>", a
// reference to an undeclared one under the field that holds it. Faults are of kind fault.Invalid. The task that was
// handed in, and all that it refers to, stays as it is.
func Fill(spec Spec, params map[string]string) (Spec, error) {
	merged, err := mergeParams(spec.Params, params)
	if err != nil {
		return Spec{}, err
	}
	f := filler{params: merged}
	spec.Params = merged
	spec.Job.Command = f.command("job.command", spec.Job.Command)
	spec.Job.Steps = f.steps(spec.Job.Steps)
	spec.Job.Archive = f.archive(spec.Job.Archive)
	spec.Job.Env = f.env(spec.Job.Env)
	if len(f.found) == 0 {
		f.found.add(fault.Under("job", spec.Job.Validate()))
		f.found.add(checkSize(spec))
	}
	if err := f.found.join(); err != nil {
		return Spec{}, err
	}
	return spec, nil
}

func mergeParams(declared, given map[string]string) (map[string]string, error) {
	var found problems
	for _, name := range sortedKeys(given) {
		path := "params." + clip(name)
		if _, known := declared[name]; !known {
			found.addf(path, "is not a parameter of the task; it has %s", listed(declared))
			continue
		}
		found.add(CheckText(path, given[name], MaxParamValue))
	}
	if err := found.join(); err != nil {
		return nil, err
	}
	if len(declared) == 0 {
		return nil, nil
	}
	merged := maps.Clone(declared)
	maps.Copy(merged, given)
	return merged, nil
}

func listed(params map[string]string) string {
	if len(params) == 0 {
		return "none"
	}
	names := sortedKeys(params)
	if len(names) > 10 {
		return strings.Join(names[:10], ", ") + fmt.Sprintf(" and %d more", len(names)-10)
	}
	return strings.Join(names, ", ")
}

// filler puts parameters into texts and collects what is wrong with them.
type filler struct {
	params map[string]string
	found  problems
}

func (f *filler) command(field string, args []string) []string {
	if args == nil {
		return nil
	}
	filled := make([]string, len(args))
	for i, arg := range args {
		filled[i] = arg
		if strings.Contains(arg, opening) {
			filled[i] = f.text(fmt.Sprintf("%s[%d]", field, i), arg)
		}
	}
	return filled
}

func (f *filler) steps(steps []Step) []Step {
	if steps == nil {
		return nil
	}
	filled := make([]Step, len(steps))
	for i, s := range steps {
		filled[i] = Step{Name: s.Name, Command: f.command(fmt.Sprintf("job.steps[%d].command", i), s.Command), Keep: s.Keep}
	}
	return filled
}

func (f *filler) archive(a *Archive) *Archive {
	if a == nil {
		return nil
	}
	filled := *a
	filled.Command = f.command("job.archive.command", a.Command)
	filled.Args = f.command("job.archive.args", a.Args)
	filled.Context = f.text("job.archive.context", a.Context)
	return &filled
}

func (f *filler) env(env map[string]string) map[string]string {
	if env == nil {
		return nil
	}
	filled := make(map[string]string, len(env))
	for _, name := range sortedKeys(env) {
		filled[name] = f.text("job.env."+clip(name), env[name])
	}
	return filled
}

// text returns s with each reference replaced. Faults are collected under field.
func (f *filler) text(field, s string) string {
	filled, err := Substitute(s, func(ref string) (string, error) {
		name, isParam := strings.CutPrefix(ref, "params.")
		value, known := f.params[name]
		switch {
		case !isParam:
			return "", fmt.Errorf(`refers to %q; only "params.<name>" can be filled in`, clip(ref))
		case !known:
			return "", fmt.Errorf("refers to params.%s, which the task does not declare; it has %s", clip(name), listed(f.params))
		}
		return value, nil
	})
	for _, e := range split(err) {
		f.found.addf(field, "%s", e)
	}
	return filled
}

// split returns the errors that were joined in err.
func split(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return nil
}

// checkSize refuses what no kernel would start.
func checkSize(spec Spec) error {
	shared := 0
	for name, value := range spec.Job.Env {
		shared += len(name) + len(value) + 2
	}
	for name, value := range spec.Params {
		shared += len("SEGNO_PARAM_") + len(name) + len(value) + 2
	}
	largest := size(spec.Job.Command)
	for _, s := range spec.Job.Steps {
		largest = max(largest, size(s.Command))
	}
	if a := spec.Job.Archive; a != nil {
		// The parameters of a Talend job are arguments, too.
		largest = max(largest, size(a.Command)+size(a.Args)+shared)
	}
	if shared+largest > MaxTexts {
		return fault.Field("job", "has %d bytes of arguments, variables and parameters; at most %d can be handed to a program",
			shared+largest, MaxTexts)
	}
	return nil
}

func size(args []string) int {
	n := 0
	for _, a := range args {
		n += len(a) + 1
	}
	return n
}
