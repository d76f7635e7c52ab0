package task_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

// sound is a task that nothing is wrong with.
func sound() task.Spec {
	return task.Spec{
		Name:   "load-orders",
		Target: task.Target{VirtualServer: "etl"},
		Job:    task.Job{Command: []string{"sh", "load.sh", "${{ params.date }}"}, Env: map[string]string{"REGION": "EU"}},
		Params: map[string]string{"date": "2026-01-01"},
	}
}

// keeping gives the task a step that keeps files.
func keeping(patterns ...string) func(s *task.Spec) {
	return func(s *task.Spec) {
		s.Job = task.Job{Steps: []task.Step{{Name: "load", Command: []string{"a"}, Keep: patterns}}}
	}
}

func TestAcceptsSoundTasks(t *testing.T) {
	for name, change := range map[string]func(s *task.Spec){
		"as it is":          func(*task.Spec) {},
		"with its defaults": func(s *task.Spec) { *s = s.WithDefaults() },
		"bound to a server": func(s *task.Spec) { s.Target = task.Target{Server: "js-1"} },
		"a script":          func(s *task.Spec) { s.Job = task.Job{Script: &task.Script{Text: "echo ${{ not.filled }}"}} },
		"steps": func(s *task.Spec) {
			s.Job = task.Job{Steps: []task.Step{{Name: "Load it", Command: []string{"a"}}, {Name: "b", Command: []string{"b"}}}}
		},
		"an empty argument":          func(s *task.Spec) { s.Job.Command = []string{"echo", ""} },
		"the shortest period":        func(s *task.Spec) { s.UnavailableAfter = task.Duration(5 * time.Second) },
		"the largest limits":         func(s *task.Spec) { s.OutputLimit, s.Priority = task.MaxOutputLimit, -1000 },
		"the longest argument":       func(s *task.Spec) { s.Job.Command = []string{"a", strings.Repeat("x", task.MaxArgument-1)} },
		"half a core":                func(s *task.Spec) { s.Resources = task.Resources{CPU: 0.5, Memory: 1 << 30, Slots: 2} },
		"labels":                     func(s *task.Spec) { s.Requires = map[string]string{"zone/a": "eu", "gpu": ""} },
		"a plain dollar-brace":       func(s *task.Spec) { s.Job.Command = []string{"echo", "$${{ params.nosuch }}", "${HOME}"} },
		"kept files":                 keeping("state/*.json", "..data", "a[bc]?"),
		"retries":                    func(s *task.Spec) { s.Retries = task.Retries{Max: task.MaxRetries, From: task.RetryFromCheckpoint} },
		"a reset that leaves it":     func(s *task.Spec) { s.OnUnavailable, s.LeaveRunning = word(policy.Reset), true },
		"every kind of policy":       func(s *task.Spec) { recover := policy.Word(policy.Recover); s.OnUnavailable = &recover },
		"a name close to SEGNO":      func(s *task.Spec) { s.Job.Env = map[string]string{"SEGNOX": "1", "_": ""} },
		"a timeout of a half second": func(s *task.Spec) { s.Timeout = task.Duration(time.Second / 2) },
	} {
		t.Run(name, func(t *testing.T) {
			s := sound()
			change(&s)
			if err := s.Validate(); err != nil {
				t.Errorf("got %v, want no error", err)
			}
		})
	}
}

func TestRefusesWithTheFieldAsTheUserWroteIt(t *testing.T) {
	many := func(n int) map[string]string {
		m := map[string]string{}
		for i := range n {
			m[fmt.Sprintf("k%d", i)] = ""
		}
		return m
	}
	for _, c := range []struct {
		field  string
		change func(s *task.Spec)
	}{
		{"name", func(s *task.Spec) { s.Name = "" }},
		{"name", func(s *task.Spec) { s.Name = "a/b" }},
		{"name", func(s *task.Spec) { s.Name = ".." }},
		{"name", func(s *task.Spec) { s.Name = strings.Repeat("a", 64) }},
		{"description", func(s *task.Spec) { s.Description = strings.Repeat("a", task.MaxDescription+1) }},
		{"description", func(s *task.Spec) { s.Description = "a\x00b" }},
		{"description", func(s *task.Spec) { s.Description = "\xff" }},
		{"target", func(s *task.Spec) { s.Target = task.Target{} }},
		{"target", func(s *task.Spec) { s.Target.Server = "js-1" }},
		{"target.virtual_server", func(s *task.Spec) { s.Target.VirtualServer = "a/b" }},
		{"target.server", func(s *task.Spec) { s.Target = task.Target{Server: "A"} }},
		{"job", func(s *task.Spec) { s.Job = task.Job{} }},
		{"job", func(s *task.Spec) { s.Job.Script = &task.Script{Text: "x"} }},
		{"job", func(s *task.Spec) { s.Job.Steps = []task.Step{{Name: "a", Command: []string{"a"}}} }},
		{"job.command", func(s *task.Spec) { s.Job.Command = []string{} }},
		{"job.command", func(s *task.Spec) { s.Job.Command = []string{""} }},
		{"job.command", func(s *task.Spec) { s.Job.Command = make([]string, task.MaxArguments+1); s.Job.Command[0] = "a" }},
		{"job.command[1]", func(s *task.Spec) { s.Job.Command = []string{"a", "b\x00"} }},
		{"job.command[1]", func(s *task.Spec) { s.Job.Command = []string{"a", strings.Repeat("x", task.MaxArgument)} }},
		{"job.command[1]", func(s *task.Spec) { s.Job.Command = []string{"a", "${{ params.nosuch }}"} }},
		{"job.command[1]", func(s *task.Spec) { s.Job.Command = []string{"a", "${{ env.HOME }}"} }},
		{"job.command[1]", func(s *task.Spec) { s.Job.Command = []string{"a", "${{ params.date"} }},
		{"job.script.text", func(s *task.Spec) { s.Job = task.Job{Script: &task.Script{Text: " \n"}} }},
		{"job.script.text", func(s *task.Spec) {
			s.Job = task.Job{Script: &task.Script{Text: strings.Repeat("x", task.MaxScript+1)}}
		}},
		{"job.script.interpreter", func(s *task.Spec) { s.Job = task.Job{Script: &task.Script{Text: "x", Interpreter: []string{""}}} }},
		{"job.steps", func(s *task.Spec) { s.Job = task.Job{Steps: []task.Step{}} }},
		{"job.steps", func(s *task.Spec) { s.Job = task.Job{Steps: make([]task.Step, task.MaxSteps+1)} }},
		{"job.steps[0].name", func(s *task.Spec) { s.Job = task.Job{Steps: []task.Step{{Name: "a/b", Command: []string{"a"}}}} }},
		{"job.steps[0].name", func(s *task.Spec) { s.Job = task.Job{Steps: []task.Step{{Name: "..", Command: []string{"a"}}}} }},
		{"job.steps[1].name", func(s *task.Spec) {
			s.Job = task.Job{Steps: []task.Step{{Name: "a", Command: []string{"a"}}, {Name: "a", Command: []string{"b"}}}}
		}},
		{"job.steps[0].command", func(s *task.Spec) { s.Job = task.Job{Steps: []task.Step{{Name: "a", Command: nil}}} }},
		{"job.steps[0].command[1]", func(s *task.Spec) {
			s.Job = task.Job{Steps: []task.Step{{Name: "a", Command: []string{"a", "${{ params.x }}"}}}}
		}},
		{"job.run_as", func(s *task.Spec) { s.Job.RunAs = "root" }},
		{"job.run_as", func(s *task.Spec) { s.Job.RunAs = "etl user" }},
		{"job.run_as", func(s *task.Spec) { s.Job.RunAs = "-etl" }},
		{"job.run_as", func(s *task.Spec) { s.Job.RunAs = "../etl" }},
		{"job.run_as", func(s *task.Spec) { s.Job.RunAs = "0" }},
		{"job.run_as", func(s *task.Spec) { s.Job.RunAs = strings.Repeat("a", task.MaxUser+1) }},
		{"job.env.2X", func(s *task.Spec) { s.Job.Env = map[string]string{"2X": ""} }},
		{"job.env.A=B", func(s *task.Spec) { s.Job.Env = map[string]string{"A=B": ""} }},
		{"job.env.", func(s *task.Spec) { s.Job.Env = map[string]string{"": ""} }},
		{"job.env.SEGNO_RUN_ID", func(s *task.Spec) { s.Job.Env = map[string]string{"SEGNO_RUN_ID": ""} }},
		{"job.env.A", func(s *task.Spec) { s.Job.Env = map[string]string{"A": "\x00"} }},
		{"job.env.A", func(s *task.Spec) { s.Job.Env = map[string]string{"A": "${{ params.x }}"} }},
		{"job.env", func(s *task.Spec) { s.Job.Env = many(task.MaxEnv + 1) }},
		{"params.2x", func(s *task.Spec) { s.Params["2x"] = "" }},
		{"params.a-b", func(s *task.Spec) { s.Params["a-b"] = "" }},
		{"params.date", func(s *task.Spec) { s.Params["DATE"] = "" }},
		{"params.date", func(s *task.Spec) { s.Params["date"] = "\x00" }},
		{"params.date", func(s *task.Spec) { s.Params["date"] = strings.Repeat("x", task.MaxParamValue+1) }},
		{"params", func(s *task.Spec) { s.Params = many(task.MaxParams + 1) }},
		{"job", func(s *task.Spec) {
			s.Params = map[string]string{"date": ""}
			for i := range 20 {
				s.Params[fmt.Sprintf("p%d", i)] = strings.Repeat("x", task.MaxParamValue)
			}
		}},
		{"requires.a b", func(s *task.Spec) { s.Requires = map[string]string{"a b": ""} }},
		{"labels.a", func(s *task.Spec) { s.Labels = map[string]string{"a": "x\ny"} }},
		{"labels.a", func(s *task.Spec) { s.Labels = map[string]string{"a": strings.Repeat("x", task.MaxLabelValue+1)} }},
		{"labels", func(s *task.Spec) { s.Labels = many(task.MaxLabels + 1) }},
		{"resources.cpu", func(s *task.Spec) { s.Resources.CPU = -1 }},
		{"resources.cpu", func(s *task.Spec) { s.Resources.CPU = math.NaN() }},
		{"resources.cpu", func(s *task.Spec) { s.Resources.CPU = math.Inf(1) }},
		{"resources.memory", func(s *task.Spec) { s.Resources.Memory = -1 }},
		{"resources.slots", func(s *task.Spec) { s.Resources.Slots = -1 }},
		{"resources.slots", func(s *task.Spec) { s.Resources.Slots = task.MaxSlots + 1 }},
		{"timeout", func(s *task.Spec) { s.Timeout = task.Duration(-time.Second) }},
		{"timeout", func(s *task.Spec) { s.Timeout = task.Duration(time.Millisecond) }},
		{"timeout", func(s *task.Spec) { s.Timeout = math.MaxInt64 }},
		{"stop_grace", func(s *task.Spec) { s.StopGrace = -1 }},
		{"stop_grace", func(s *task.Spec) { s.StopGrace = task.Duration(2 * time.Hour) }},
		{"unavailable_after", func(s *task.Spec) { s.UnavailableAfter = task.Duration(4999 * time.Millisecond) }},
		{"unavailable_after", func(s *task.Spec) { s.UnavailableAfter = -1 }},
		{"priority", func(s *task.Spec) { s.Priority = 1001 }},
		{"priority", func(s *task.Spec) { s.Priority = -1001 }},
		{"output_limit", func(s *task.Spec) { s.OutputLimit = -1 }},
		{"output_limit", func(s *task.Spec) { s.OutputLimit = task.MaxOutputLimit + 1 }},
		{"on_unavailable[1].after", func(s *task.Spec) {
			s.OnUnavailable = &policy.Policy{Steps: []policy.Step{{After: time.Minute, Do: policy.Wait}, {After: time.Second, Do: policy.Reset}}}
		}},
		{"leave_running", func(s *task.Spec) { s.OnUnavailable, s.LeaveRunning = word(policy.Recover), true }},
		{"retries.max", func(s *task.Spec) { s.Retries.Max = -1 }},
		{"retries.max", func(s *task.Spec) { s.Retries.Max = task.MaxRetries + 1 }},
		{"retries.backoff", func(s *task.Spec) { s.Retries.Backoff = task.Duration(time.Millisecond) }},
		{"retries.backoff", func(s *task.Spec) { s.Retries.Backoff = task.Duration(time.Hour + 1) }},
		{"retries.from", func(s *task.Spec) { s.Retries.From = "end" }},
		{"job.steps[0].keep[1]", keeping("a/*", "/etc/passwd")},
		{"job.steps[0].keep[0]", keeping("a/../../b")},
		{"job.steps[0].keep[0]", keeping("..")},
		{"job.steps[0].keep[0]", keeping("")},
		{"job.steps[0].keep[0]", keeping("a[")},
		{"job.steps[0].keep[0]", keeping("a\n")},
		{"job.steps[0].keep[0]", keeping(strings.Repeat("x", task.MaxKeepPattern+1))},
		{"job.steps[0].keep", keeping(make([]string, task.MaxKeep+1)...)},
		{"on_unavailable", func(s *task.Spec) { wrong := policy.Word("Wait"); s.OnUnavailable = &wrong }},
	} {
		s := sound()
		c.change(&s)
		err := s.Validate()
		if !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v, want an error of kind Invalid", c.field, err)
			continue
		}
		fields := fault.Fields(err)
		if len(fields) != 1 || fields[0].Field != c.field {
			t.Errorf("got %+v, want one fault of %s", fields, c.field)
		}
	}
}

func TestTellsAllFaultsAtOnce(t *testing.T) {
	s := sound()
	s.Name, s.Priority, s.Resources.CPU, s.Job.Command = "A", 5000, -1, []string{"a", "\x00", "\x00"}
	var got []string
	for _, f := range fault.Fields(s.Validate()) {
		got = append(got, f.Field)
	}
	want := []string{"name", "job.command[1]", "job.command[2]", "resources.cpu", "priority"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestEnvNamesOfSegnoAreRefusedInAnyCase(t *testing.T) {
	s := sound()
	s.Job.Env = map[string]string{"segno_fence": "7"}
	if s.Validate() == nil {
		t.Error("got no error")
	}
}

func TestDefaultsLeaveTheGivenSpecAlone(t *testing.T) {
	script := &task.Script{Text: "true"}
	s := task.Spec{Job: task.Job{Script: script}}
	d := s.WithDefaults()
	if script.Interpreter != nil || s.StopGrace != 0 {
		t.Error("WithDefaults changed what it was called on")
	}
	if got := d.Job.Script.Interpreter; !slices.Equal(got, []string{"/bin/sh"}) {
		t.Errorf("interpreter: got %v, want /bin/sh", got)
	}
	if d.StopGrace != task.Duration(10*time.Second) || d.OutputLimit != 64<<20 || d.OnUnavailable != nil || d.Resources.Slots != 1 {
		t.Errorf("got %+v, want the documented defaults", d)
	}
	if d.Retries != (task.Retries{}) {
		t.Errorf("retries: got %+v, want none", d.Retries)
	}
	s.Retries.Max = 2
	if got, want := s.WithDefaults().Retries, (task.Retries{Max: 2, Backoff: task.Duration(10 * time.Second), From: task.RetryFromStart}); got != want {
		t.Errorf("retries: got %+v, want %+v", got, want)
	}
	again := d.WithDefaults()
	if again.StopGrace != d.StopGrace || again.Job.Script != d.Job.Script {
		t.Error("defaults of a spec with defaults differ from it")
	}
}
