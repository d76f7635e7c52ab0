package manifest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/segno-jobs/segno/demo"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

func TestParseReadsWhatTheAPICallsTheSame(t *testing.T) {
	docs, err := Parse("x.yaml", strings.NewReader(`
kind: task
name: load-orders
target: {virtual_server: etl}
labels: &common {team: data}
requires: *common
job:
  script:
    interpreter: [/bin/bash, -e]
    text: |
      echo one
      echo two
  env: {REGION: EU, DEBUG: true}
params: {date: 2026-01-01, pace: 0.5, empty: "", none: }
resources: {cpu: 2, memory: 1GiB}
timeout: 90m
priority: -5
output_limit: 1048576
---
# A comment alone is no document.
---
kind: virtual-server
name: etl
members: [js-1, js-2]
weights: {js-1: 2}
rating:
  indicators:
    - {name: cpu_idle, min: 0.1, max: 1, weight: 4}
inactive: true
---
kind: virtual-server
name: plain
rating: plain
`))
	if err != nil {
		t.Fatal(err)
	}
	wantTask := &task.Spec{
		Name: "load-orders", Target: task.Target{VirtualServer: "etl"}, Labels: map[string]string{"team": "data"}, Requires: map[string]string{"team": "data"},
		Job: task.Job{
			Script: &task.Script{Interpreter: []string{"/bin/bash", "-e"}, Text: "echo one\necho two\n"},
			Env:    map[string]string{"REGION": "EU", "DEBUG": "true"},
		},
		Params:    map[string]string{"date": "2026-01-01", "pace": "0.5", "empty": "", "none": ""},
		Resources: task.Resources{CPU: 2, Memory: 1 << 30},
		Timeout:   task.Duration(90 * time.Minute), Priority: -5, OutputLimit: 1 << 20,
	}
	if diff := cmp.Diff(wantTask, docs[0].Task); diff != "" {
		t.Errorf("task (-want +got):\n%s", diff)
	}
	wantGroup := &virtualserver.Spec{
		Name: "etl", Members: []string{"js-1", "js-2"}, Weights: map[string]float64{"js-1": 2}, Inactive: true,
		Rating: virtualserver.Rating{Indicators: []virtualserver.Indicator{{Name: "cpu_idle", Min: 0.1, Max: 1, Weight: 4}}},
	}
	if diff := cmp.Diff(wantGroup, docs[1].VirtualServer); diff != "" {
		t.Errorf("virtual server (-want +got):\n%s", diff)
	}
	if docs[2].VirtualServer.Rating.Preset != "plain" {
		t.Errorf("rating: got %+v", docs[2].VirtualServer.Rating)
	}
}

func TestAServerDocumentTellsWhatItSetsFromWhatItLeaves(t *testing.T) {
	docs, err := Parse("x.yaml", strings.NewReader("kind: server\nname: js-1\nslots: 4\nlabels: {}\n"))
	if err != nil {
		t.Fatal(err)
	}
	s := docs[0].Server
	if s.Slots == nil || *s.Slots != 4 || s.Labels == nil || s.Power != nil || s.Description != nil || s.UnavailableAfter != nil {
		t.Errorf("got %+v", s)
	}
}

func TestParseNamesFileAndLineOfWhatIsWrong(t *testing.T) {
	head := "kind: task\nname: a\n"
	for name, c := range map[string]struct{ text, want string }{
		"an unknown key":                  {head + "job:\n  comand: [x]\n", "x.yaml:4: job.comand is no key here; there are: command, env, run_as, script, steps"},
		"an unknown key in a list":        {head + "job:\n  steps:\n    - {name: a, cmd: x}\n", "x.yaml:5: job.steps[0].cmd is no key here"},
		"a repeated key":                  {head + "priority: 1\npriority: 2\n", "x.yaml:4: priority stands in line 3 already"},
		"a repeated key of a map":         {head + "params:\n  a: 1\n  a: 2\n", "x.yaml:5: params.a stands in line 4 already"},
		"an unknown key of a rating":      {"kind: virtual-server\nname: a\nrating: {indicator: []}\n", "x.yaml:3: rating cannot be read"},
		"text where a list belongs":       {head + "job: {command: echo hi}\n", "x.yaml:3: job.command must be a list"},
		"a list where text belongs":       {head + "description: [a]\n", "x.yaml:3: description must be a single value"},
		"text where a mapping belongs":    {head + "job: echo\n", "x.yaml:3: job must be a mapping"},
		"no number":                       {head + "priority: high\n", `x.yaml:3: priority must be a whole number, not "high"`},
		"a fraction for a whole number":   {"kind: server\nname: a\nslots: 1.5\n", `x.yaml:3: slots must be a whole number, not "1.5"`},
		"no finite number":                {"kind: server\nname: a\npower: .inf\n", `x.yaml:3: power must be a number, not ".inf"`},
		"a duration without a unit":       {head + "timeout: 90\n", `x.yaml:3: timeout cannot be read: "90" is not a duration`},
		"a size that is none":             {head + "output_limit: big\n", `x.yaml:3: output_limit cannot be read: "big" is not a size`},
		"no boolean":                      {"kind: virtual-server\nname: a\ninactive: maybe\n", "x.yaml:3: inactive must be true or false"},
		"no kind":                         {"name: a\n", "x.yaml:1: the key kind is missing"},
		"an unknown kind":                 {"name: a\nkind: cluster\n", `x.yaml:2: kind "cluster" is unknown; it must be server, virtual-server, `},
		"no name":                         {"kind: server\nslots: 1\n", "x.yaml:1: this server has no name"},
		"a list as document":              {"- a\n", "x.yaml:1: a document must be a mapping"},
		"broken YAML":                     {"kind: [\n", "x.yaml: "},
		"an anchor that contains itself":  {"kind: virtual-server\nname: a\nrating: &r\n  indicators: *r\n", "rating cannot be read"},
		"the second document of the file": {head + "target: {server: a}\n---\nkind: server\nname: b\nslot: 1\n", "x.yaml:7: slot is no key here"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("x.yaml", strings.NewReader(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestParseTellsAllFaultsAtOnce(t *testing.T) {
	_, err := Parse("x.yaml", strings.NewReader("kind: server\nname: a\nslot: 1\npower: x\n---\nkind: nosuch\n"))
	if err == nil || strings.Count(err.Error(), "x.yaml:") != 3 {
		t.Errorf("got %v, want three faults", err)
	}
}

func TestParseRefusesALargeFile(t *testing.T) {
	_, err := Parse("x.yaml", strings.NewReader(strings.Repeat("#", MaxBytes+1)))
	if err == nil || !strings.Contains(err.Error(), "larger than 4 MiB") {
		t.Errorf("got %v", err)
	}
}

func TestLoadOrdersDocumentsAndRefusesANameThatTwoHave(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("a.yaml", "kind: task\nname: t\n---\nkind: virtual-server\nname: t\n")
	write("sub/b.yml", "kind: server\nname: t\n")
	write(".hidden/c.yaml", "kind: nonsense\n")
	write("notes.txt", "nonsense: [")
	docs, err := Load(nil, dir)
	if err != nil {
		t.Fatal(err)
	}
	var order []Kind
	for _, d := range docs {
		order = append(order, d.Kind)
	}
	if diff := cmp.Diff([]Kind{KindServer, KindVirtualServer, KindTask}, order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	write("z.yaml", "\n\nkind: server\nname: t\n")
	_, err = Load(nil, dir)
	if err == nil || !strings.Contains(err.Error(), "z.yaml:3: server t is described at "+filepath.Join(dir, "sub", "b.yml")+":1 already") {
		t.Errorf("got %v", err)
	}
}

func TestLoadSaysWhereThereIsNothing(t *testing.T) {
	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "nosuch.yaml")} {
		if _, err := Load(nil, path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v", path, err)
		}
	}
	if _, err := Load(strings.NewReader("# nothing\n"), "-"); err == nil {
		t.Error("an empty standard input was taken")
	}
}

func TestWhereFindsTheLineOfAField(t *testing.T) {
	docs, err := Parse("x.yaml", strings.NewReader("kind: task\nname: a\njob:\n  steps:\n    - name: a\n      command:\n        - sh\n        - b.sh\n"))
	if err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]string{
		"job.steps[0].command[1]": "x.yaml:8", "job.steps[0].nosuch": "x.yaml:5", "job.steps[7]": "x.yaml:5", "timeout": "x.yaml:1", "name": "x.yaml:2",
	} {
		if got := docs[0].Where(field); got != want {
			t.Errorf("%s: got %s, want %s", field, got, want)
		}
	}
}

func TestTheDemoIsAValidSetUp(t *testing.T) {
	path, err := demo.Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	docs, err := Load(nil, path)
	if err != nil {
		t.Fatal(err)
	}
	last := docs[len(docs)-1]
	if last.Name != demo.Task || last.Task.Target.VirtualServer != demo.VirtualServer {
		t.Errorf("got %+v", last)
	}
	if err := last.Task.Validate(); err != nil {
		t.Error(err)
	}
	if _, err := task.Fill(*last.Task, map[string]string{"pace": "0"}); err != nil {
		t.Error(err)
	}
}

func TestTheExamplesCanBeApplied(t *testing.T) {
	files, err := filepath.Glob("../../../docs/examples/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("found no examples: %v", err)
	}
	for _, file := range files {
		docs, err := Load(nil, file)
		if err != nil {
			t.Fatal(err)
		}
		tasks := map[string]task.Spec{}
		for _, doc := range docs {
			switch doc.Kind {
			case KindTask:
				tasks[doc.Name] = *doc.Task
				err = doc.Task.Validate()
			case KindPlan:
				err = errors.Join(doc.Plan.Validate(), doc.Plan.CheckTasks(tasks))
			}
			if err != nil {
				t.Errorf("%s:%d: %v", file, doc.Line, err)
			}
		}
	}
}
