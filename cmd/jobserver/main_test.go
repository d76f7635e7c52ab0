package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// execute runs the program with arguments.
func execute(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := newCommand()
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(context.Background())
	return out.String(), err
}

func TestVersionIsOneLine(t *testing.T) {
	out, err := execute(t, "--version")
	if err != nil || !strings.HasPrefix(out, "jobserver ") || strings.Count(out, "\n") != 1 {
		t.Errorf("got %q, %v, want jobserver and its version", out, err)
	}
}

func TestJoinRefusesBadValuesWithTheNameOfTheirFlag(t *testing.T) {
	for name, tt := range map[string]struct {
		change []string
		want   string
	}{
		"no conductor":    {[]string{"--conductor", ""}, "--conductor must be given"},
		"a strange URL":   {[]string{"--conductor", "ftp://x"}, "flag --conductor"},
		"a second URL":    {[]string{"--conductor", "http://a,b"}, "flag --conductor"},
		"no token":        {[]string{"--token", ""}, "--token must be given"},
		"no name":         {[]string{"--name", ""}, "--name must be given"},
		"a slash":         {[]string{"--name", "a/b"}, "flag --name"},
		"no slots":        {[]string{"--slots", "0"}, "flag --slots"},
		"too many slots":  {[]string{"--slots", "10001"}, "flag --slots"},
		"half a slot":     {[]string{"--slots", "0.5"}, "--slots"},
		"an unknown kind": {[]string{"--kind", "cloud"}, "flag --kind"},
		"no power":        {[]string{"--power", "0"}, "flag --power"},
		"negative power":  {[]string{"--power", "-1"}, "flag --power"},
		"NaN power":       {[]string{"--power", "NaN"}, "flag --power"},
		"a bare label":    {[]string{"--label", "zone"}, "--label"},
		"no folder":       {[]string{"--data", ""}, "--data"},
		"no such level":   {nil, "SEGNO_JOBSERVER_LOG_LEVEL"},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.change == nil {
				t.Setenv("SEGNO_JOBSERVER_LOG_LEVEL", "loud")
			}
			data := filepath.Join(t.TempDir(), "data")
			args := append([]string{"join", "--token", "t", "--name", "js-1", "--data", data}, tt.change...)
			if !slices.Contains(args, "--conductor") {
				args = append(args, "--conductor", "http://127.0.0.1:1")
			}
			if _, err := execute(t, args...); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in the refusal", err, tt.want)
			}
			if _, err := os.Stat(data); err == nil {
				t.Error("the data folder was made although nothing was to be done")
			}
		})
	}
}

func TestRunAsksToJoinFirst(t *testing.T) {
	_, err := execute(t, "run", "--data", t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "jobserver join") {
		t.Errorf("got %v, want to be told to join first", err)
	}
}

func TestRunRefusesUsersThatNoJobMayRunAs(t *testing.T) {
	for _, users := range []string{"root", "etl,root", "etl,a b", "[a-z]*"} {
		_, err := execute(t, "run", "--data", t.TempDir(), "--run-as", users)
		if err == nil || !strings.Contains(err.Error(), "run_as") && !strings.Contains(err.Error(), "--run-as") {
			t.Errorf("%s: got %v, want the setting refused", users, err)
		}
	}
}

func TestTheFileInTheDataFolderIsRead(t *testing.T) {
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, fileName), []byte("log_format: xml\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dataBy := range []string{"flag", "environment"} {
		args := []string{"run"}
		if dataBy == "flag" {
			args = append(args, "--data", data)
		} else {
			t.Setenv("SEGNO_JOBSERVER_DATA", data)
		}
		if _, err := execute(t, args...); err == nil || !strings.Contains(err.Error(), "log_format (file ") {
			t.Errorf("data by %s: got %v, want the file's setting refused", dataBy, err)
		}
		if _, err := execute(t, append(args, "--log-format", "json")...); err == nil || strings.Contains(err.Error(), "log_format") {
			t.Errorf("data by %s: got %v, want the flag to win over the file", dataBy, err)
		}
	}
}

func TestTwoAgentsDoNotWorkOnOneFolder(t *testing.T) {
	data := t.TempDir()
	unlock, err := lock(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock(data); err == nil || !strings.Contains(err.Error(), "another agent") {
		t.Errorf("got %v, want the second refused", err)
	}
	unlock()
	again, err := lock(data)
	if err != nil {
		t.Fatalf("after the first has gone: %v", err)
	}
	again()
}

func TestAServerHasTheNameOfItsHostUnlessAnotherIsGiven(t *testing.T) {
	for host, want := range map[string]string{
		"js-7":              "js-7",
		"Warehouse.example": "warehouse",
		"":                  "",
		"two words":         "",
	} {
		if got := nameOfHost(host); got != want {
			t.Errorf("%q: got %q, want %q", host, got, want)
		}
	}
	host, err := os.Hostname()
	if err != nil || nameOfHost(host) == "" {
		t.Skip("this host's name cannot name a job server")
	}
	args := []string{"join", "--token", "t", "--data", t.TempDir(), "--conductor", "http://127.0.0.1:1"}
	if _, err := execute(t, args...); err == nil || strings.Contains(err.Error(), "--name") {
		t.Errorf("got %v, want nobody to be asked for a name", err)
	}
}
