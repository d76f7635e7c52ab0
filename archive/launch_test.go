package archive

import (
	"errors"
	"reflect"
	"testing"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

func TestWhatStartsAPackage(t *testing.T) {
	talend := Manifest{Layout: Talend, Job: "Load", Command: []string{"Load/Load_run.sh"}}
	own := Manifest{Layout: Plain, Command: []string{"bin/load", "--fast"}}
	params := map[string]string{"date": "2026-01-31", "path": `C:\new`}
	for name, c := range map[string]struct {
		m    Manifest
		a    task.Archive
		want Launch
	}{
		"a Talend job with its context and parameters": {
			talend, task.Archive{Context: "Prod", Args: []string{"--log4jLevel=info"}},
			Launch{Folder: "Load", Script: "Load_run.sh", Shell: true, Argv: []string{
				"Load_run.sh", "--context=Prod", "--context_param", "date=2026-01-31", "--context_param", `path=C:\\new`, "--log4jLevel=info",
			}},
		},
		"what the package says, with further arguments": {own, task.Archive{Args: []string{"x"}}, Launch{Script: "bin/load", Argv: []string{"bin/load", "--fast", "x"}}},
		"what the task says in place of it":             {own, task.Archive{Command: []string{"./bin/load", "y"}}, Launch{Script: "bin/load", Argv: []string{"./bin/load", "y"}}},
		"a program of the host":                         {own, task.Archive{Command: []string{"python3", "bin/load"}}, Launch{Argv: []string{"python3", "bin/load"}}},
		"a program of the host for a Talend package":    {talend, task.Archive{Command: []string{"java", "-jar", "x"}}, Launch{Argv: []string{"java", "-jar", "x"}}},
		"a program of the host by its path":             {own, task.Archive{Command: []string{"/bin/load"}}, Launch{Argv: []string{"/bin/load"}}},
	} {
		got, err := Start(c.m, c.a, params, func(name string) bool { return name == "bin/load" })
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := Start(Manifest{Layout: Plain}, task.Archive{}, nil, nil); !errors.Is(err, fault.Invalid) {
		t.Errorf("without any entry point: %v", err)
	}
}
