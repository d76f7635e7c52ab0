package task

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
)

// Limits that only validation needs.
const (
	// MinTimeout and MaxTimeout bound a timeout that is set.
	MinTimeout = 100 * time.Millisecond
	MaxTimeout = 366 * 24 * time.Hour
	// MaxStopGrace bounds the time between SIGTERM and SIGKILL.
	MaxStopGrace = time.Hour
	// MinUnavailableAfter and MaxUnavailableAfter bound a period that is set.
	MinUnavailableAfter = 5 * time.Second
	MaxUnavailableAfter = 30 * 24 * time.Hour
	// MaxPriority and its negative bound the order in the queue.
	MaxPriority = 1000
	// MaxCPU is in cores; MaxMemory in bytes; MaxSlots is that of one server.
	MaxCPU    = 10000
	MaxMemory = 1 << 50
	MaxSlots  = 10000
	// MaxEnv is how many variables a job may add, MaxEnvName the length of a name.
	MaxEnv     = 256
	MaxEnvName = 255
	// MaxLabelValue is the length of one label's value.
	MaxLabelValue = 255
	// MaxTexts bounds the arguments, variables and parameters of one process together: the kernel refuses to start a
	// program with more than about 2 MiB.
	MaxTexts = 1 << 20
)

// problems collects field errors.
type problems []error

func (p *problems) add(err error) {
	if err != nil {
		*p = append(*p, err)
	}
}

func (p *problems) addf(field, reason string, args ...any) {
	p.add(fault.Field(field, reason, args...))
}

func (p problems) join() error { return errors.Join(p...) }

// Validate returns nil if the task may be stored, else all its faults: joined field errors of kind fault.Invalid,
// whose paths are those of the JSON that the user wrote. Fields left at zero are valid where they have a default.
func (s Spec) Validate() error {
	var found problems
	found.add(CheckName("name", s.Name))
	found.add(CheckText("description", s.Description, MaxDescription))
	found.add(CheckLabels("labels", s.Labels))
	found.add(CheckLabels("requires", s.Requires))
	found.add(fault.Under("target", s.Target.Validate()))
	found.add(CheckParams(s.Params))
	found.add(fault.Under("job", s.Job.Validate()))
	found.add(fault.Under("resources", s.Resources.Validate()))
	found.add(duration("timeout", s.Timeout, MinTimeout, MaxTimeout))
	found.add(duration("stop_grace", s.StopGrace, 0, MaxStopGrace))
	found.add(CheckUnavailableAfter(s.UnavailableAfter))
	if s.Priority < -MaxPriority || s.Priority > MaxPriority {
		found.addf("priority", "must be from %d to %d, not %d", -MaxPriority, MaxPriority, s.Priority)
	}
	if s.OutputLimit < 0 || s.OutputLimit > MaxOutputLimit {
		found.addf("output_limit", "must be from 0 to %s, not %s", Bytes(MaxOutputLimit), s.OutputLimit)
	}
	found.add(CheckPolicy(s.OnUnavailable, s.LeaveRunning))
	found.add(fault.Under("retries", s.Retries.Validate()))
	found.add(fault.Under("expect", s.Expect.Validate()))
	found.add(s.validLimits())
	found.add(s.validRetention())
	if len(found) == 0 {
		// The texts can be judged only with parameters and a job that are sound.
		_, err := Fill(s, nil)
		found.add(err)
	}
	return found.join()
}

// Validate checks that exactly one of the two is set, with a valid name.
func (t Target) Validate() error {
	switch {
	case t.VirtualServer == "" && t.Server == "":
		return fault.Field("", "must name a virtual_server or a server")
	case t.VirtualServer != "" && t.Server != "":
		return fault.Field("", "must name either a virtual_server or a server, not both")
	case t.Server != "":
		return CheckName("server", t.Server)
	}
	return CheckName("virtual_server", t.VirtualServer)
}

// Validate checks that no resource is negative, infinite or over its limit.
func (r Resources) Validate() error {
	var found problems
	if math.IsNaN(r.CPU) || r.CPU < 0 || r.CPU > MaxCPU {
		found.addf("cpu", "must be from 0 to %d cores, not %v", MaxCPU, r.CPU)
	}
	if r.Memory < 0 || r.Memory > MaxMemory {
		found.addf("memory", "must be from 0 to %s, not %s", Bytes(MaxMemory), r.Memory)
	}
	if r.Slots < 0 || r.Slots > MaxSlots {
		found.addf("slots", "must be from 0 to %d, not %d", MaxSlots, r.Slots)
	}
	return found.join()
}

// Validate checks the job: exactly one of command, script, steps and archive, within the limits of this package.
func (j Job) Validate() error {
	var found problems
	found.add(j.validKind())
	if j.Command != nil {
		found.add(validCommand("command", j.Command))
	}
	if j.Script != nil {
		found.add(j.Script.validate())
	}
	if j.Steps != nil {
		found.add(validSteps(j.Steps))
	}
	if j.Archive != nil {
		found.add(j.Archive.validate())
	}
	found.add(validEnv(j.Env))
	if j.RunAs != "" {
		found.add(CheckUser("run_as", j.RunAs))
	}
	return found.join()
}

func (j Job) validKind() error {
	var kinds []string
	if j.Command != nil {
		kinds = append(kinds, "command")
	}
	if j.Script != nil {
		kinds = append(kinds, "script")
	}
	if j.Steps != nil {
		kinds = append(kinds, "steps")
	}
	if j.Archive != nil {
		kinds = append(kinds, "archive")
	}
	switch len(kinds) {
	case 1:
		return nil
	case 0:
		return fault.Field("", "must have one of command, script, steps and archive")
	}
	return fault.Field("", "must have only one of command, script, steps and archive, not %s", strings.Join(kinds, " and "))
}

func (s Script) validate() error {
	var found problems
	found.add(CheckText("script.text", s.Text, MaxScript))
	if strings.TrimSpace(s.Text) == "" {
		found.addf("script.text", "must not be empty")
	}
	if len(s.Interpreter) > 0 {
		found.add(validCommand("script.interpreter", s.Interpreter))
	}
	return found.join()
}

func validCommand(field string, args []string) error {
	if len(args) == 0 || args[0] == "" {
		return fault.Field(field, "must begin with the name of a program")
	}
	if len(args) > MaxArguments {
		return fault.Field(field, "must have at most %d elements, not %d", MaxArguments, len(args))
	}
	var found problems
	for i, arg := range args {
		// The kernel counts the NUL byte at the end, too.
		found.add(CheckText(fmt.Sprintf("%s[%d]", field, i), arg, MaxArgument-1))
	}
	return found.join()
}

func validSteps(steps []Step) error {
	switch {
	case len(steps) == 0:
		return fault.Field("steps", "must not be empty")
	case len(steps) > MaxSteps:
		return fault.Field("steps", "must be at most %d, not %d", MaxSteps, len(steps))
	}
	var found problems
	first := make(map[string]int, len(steps))
	for i, s := range steps {
		path := fmt.Sprintf("steps[%d]", i)
		if !validStepName(s.Name) {
			found.addf(path+".name", `must be 1 to %d letters, digits, spaces and - _ . and not "." or ".."`, MaxName)
		} else if before, taken := first[s.Name]; taken {
			found.addf(path+".name", "must differ from that of steps[%d]", before)
		} else {
			first[s.Name] = i
		}
		found.add(validCommand(path+".command", s.Command))
		found.add(validKeep(path+".keep", s.Keep))
	}
	return found.join()
}

func validStepName(name string) bool {
	if name == "" || len(name) > MaxName || name == "." || name == ".." || strings.TrimSpace(name) != name {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return !isLetter(r) && !isDigit(r) && !strings.ContainsRune(" -_.", r)
	})
}

func validEnv(env map[string]string) error {
	if len(env) > MaxEnv {
		return fault.Field("env", "must be at most %d variables, not %d", MaxEnv, len(env))
	}
	var found problems
	for _, name := range sortedKeys(env) {
		path := "env." + clip(name)
		switch {
		case !validIdentifier(name, MaxEnvName):
			found.addf(path, "must have a name of letters, digits and _, not beginning with a digit")
		case strings.HasPrefix(strings.ToUpper(name), "SEGNO_"):
			found.addf(path, "must not begin with SEGNO_: such names are Segno's own")
		}
		found.add(CheckText(path, env[name], MaxArgument-len(name)-2))
	}
	return found.join()
}

// CheckParams returns the field errors of declared parameters: at most MaxParams, identifiers of at most MaxName bytes that
// differ in more than case, with values of at most MaxParamValue bytes. Paths are params.<name>.
func CheckParams(params map[string]string) error {
	if len(params) > MaxParams {
		return fault.Field("params", "must be at most %d, not %d", MaxParams, len(params))
	}
	var found problems
	variables := make(map[string]string, len(params))
	for _, name := range sortedKeys(params) {
		path := "params." + clip(name)
		if !validIdentifier(name, MaxName) {
			found.addf(path, "must have a name of at most %d letters, digits and _, not beginning with a digit", MaxName)
		} else if other, taken := variables[strings.ToUpper(name)]; taken {
			found.addf(path, "must not differ from params.%s in case only: both would be SEGNO_PARAM_%s", other, strings.ToUpper(name))
		} else {
			variables[strings.ToUpper(name)] = name
		}
		found.add(CheckText(path, params[name], MaxParamValue))
	}
	return found.join()
}

// CheckUnavailableAfter returns a field error unless d is 0 or long enough for a lease, and not beyond all measure.
func CheckUnavailableAfter(d Duration) error {
	if d > 0 && time.Duration(d) < MinUnavailableAfter {
		return fault.Field("unavailable_after", "must be at least %s, which leaves time for a lease, not %s", MinUnavailableAfter, d)
	}
	return duration("unavailable_after", d, MinUnavailableAfter, MaxUnavailableAfter)
}

// duration checks a duration of which 0 means "not set".
func duration(field string, d Duration, least, most time.Duration) error {
	v := time.Duration(d)
	switch {
	case v == 0:
		return nil
	case v < 0:
		return fault.Field(field, "must not be negative")
	case v < least || v > most:
		return fault.Field(field, "must be from %s to %s, not %s", least, most, v)
	}
	return nil
}
