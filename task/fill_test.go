package task_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

func TestFillPutsParametersIntoWholeArguments(t *testing.T) {
	s := sound()
	s.Params = map[string]string{"date": "2026-01-01", "file": "a b; rm -rf /"}
	s.Job.Command = []string{"load", "--date=${{ params.date }}", "${{params.file}}", "$${{ params.date }}", "${{ params.date }}/${{ params.date }}"}
	s.Job.Env = map[string]string{"DAY": "${{ params.date }}"}
	got, err := task.Fill(s, map[string]string{"date": "2026-02-02"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"load", "--date=2026-02-02", "a b; rm -rf /", "${{ params.date }}", "2026-02-02/2026-02-02"}
	if !slices.Equal(got.Job.Command, want) {
		t.Errorf("command: got %q, want %q", got.Job.Command, want)
	}
	if got.Job.Env["DAY"] != "2026-02-02" {
		t.Errorf("env: got %q, want 2026-02-02", got.Job.Env["DAY"])
	}
	if want := map[string]string{"date": "2026-02-02", "file": "a b; rm -rf /"}; !maps.Equal(got.Params, want) {
		t.Errorf("params: got %v, want %v", got.Params, want)
	}
	if s.Params["date"] != "2026-01-01" || s.Job.Command[1] != "--date=${{ params.date }}" || s.Job.Env["DAY"] != "${{ params.date }}" {
		t.Errorf("the task itself was changed: %+v", s)
	}
}

func TestFillFillsTheCommandsOfSteps(t *testing.T) {
	s := sound()
	s.Job = task.Job{Steps: []task.Step{{Name: "load", Command: []string{"a", "${{ params.date }}"}, Keep: []string{"state/*"}}}}
	got, err := task.Fill(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.Job.Steps[0].Command[1] != "2026-01-01" || len(got.Job.Steps[0].Keep) != 1 || s.Job.Steps[0].Command[1] != "${{ params.date }}" {
		t.Errorf("got %v of %v", got.Job.Steps, s.Job.Steps)
	}
}

func TestFillNeverTouchesAScript(t *testing.T) {
	s := sound()
	s.Job = task.Job{Script: &task.Script{Text: "echo ${{ params.date }} $${{"}}
	got, err := task.Fill(s, map[string]string{"date": "$(reboot)"})
	if err != nil {
		t.Fatal(err)
	}
	if got.Job.Script.Text != s.Job.Script.Text {
		t.Errorf("got %q, want the text as it was", got.Job.Script.Text)
	}
}

func TestFillRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		command, value, param string
		field, says           string
	}{
		"a parameter that the task lacks":     {"x", "v", "dat", "params.dat", "date"},
		"a value with a NUL byte":             {"x", "\x00", "date", "params.date", "NUL"},
		"a value that is too long":            {"x", strings.Repeat("x", task.MaxParamValue+1), "date", "params.date", "at most"},
		"an undeclared reference":             {"${{ params.nosuch }}", "v", "date", "job.command[0]", "nosuch"},
		"something that is no parameter":      {"${{ secrets.x }}", "v", "date", "job.command[0]", "params.<name>"},
		"an open end":                         {"a ${{ params.date", "v", "date", "job.command[0]", "}}"},
		"a program that is empty once filled": {"${{ params.date }}", "", "date", "job.command", "program"},
		"an argument that grows too long":     {strings.Repeat("${{ params.date }}", 3), strings.Repeat("x", task.MaxParamValue), "date", "job.command[0]", "at most"},
	} {
		t.Run(name, func(t *testing.T) {
			s := sound()
			s.Job.Command = []string{c.command}
			_, err := task.Fill(s, map[string]string{c.param: c.value})
			fields := fault.Fields(err)
			if !errors.Is(err, fault.Invalid) || len(fields) != 1 || fields[0].Field != c.field || !strings.Contains(fields[0].Reason, c.says) {
				t.Errorf("got %v, want one fault of %s that says %q", err, c.field, c.says)
			}
		})
	}
}

// A value is not looked at again, so no value can reach another parameter or change the number of arguments.
func TestFillingIsDoneOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(
			rapid.SampledFrom([]string{"${{ params.b }}", "$${{", "}}", "${{", "$"}),
			rapid.StringMatching(`[a-z$\{\} .]{0,20}`),
		).Draw(t, "value")
		plain := rapid.StringMatching(`[a-z {}]{0,10}`)
		before, after := plain.Draw(t, "before"), plain.Draw(t, "after")
		s := sound()
		s.Params = map[string]string{"a": "", "b": "secret"}
		s.Job = task.Job{Command: []string{"run", before + "${{ params.a }}" + after}}
		got, err := task.Fill(s, map[string]string{"a": value})
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"run", before + value + after}; !slices.Equal(got.Job.Command, want) {
			t.Fatalf("got %q, want %q", got.Job.Command, want)
		}
	})
}

// Any text can be escaped so that it comes out as it was.
func TestEscapedTextComesOutAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([a-z]|\$|\{|\}|\$\{\{| ){0,30}`).Draw(t, "text")
		s := sound()
		s.Job = task.Job{Command: []string{"run", strings.ReplaceAll(text, "${{", "$${{")}}
		got, err := task.Fill(s, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got.Job.Command[1] != text {
			t.Fatalf("got %q, want %q", got.Job.Command[1], text)
		}
	})
}

func FuzzFill(f *testing.F) {
	f.Add("${{ params.a }}", "v")
	f.Add("$${{ params.a }} ${{params.b}}", "${{ params.a }}")
	f.Add("${{", "}}")
	f.Fuzz(func(t *testing.T, text, value string) {
		s := sound()
		s.Params = map[string]string{"a": "", "b": "2"}
		s.Job = task.Job{Command: []string{"run", text}, Env: map[string]string{"X": text}}
		got, err := task.Fill(s, map[string]string{"a": value})
		if err != nil {
			if !errors.Is(err, fault.Invalid) || len(fault.Fields(err)) == 0 {
				t.Fatalf("got %v, want field errors", err)
			}
			return
		}
		if len(got.Job.Command) != 2 || strings.Contains(got.Job.Command[1], "\x00") {
			t.Fatalf("filled in as %q", got.Job.Command)
		}
		if !strings.Contains(text, "${{") && got.Job.Command[1] != text {
			t.Fatalf("got %q, want %q as it was", got.Job.Command[1], text)
		}
		if got.Job.Env["X"] != got.Job.Command[1] {
			t.Fatalf("env %q and command %q differ", got.Job.Env["X"], got.Job.Command[1])
		}
	})
}
