package main

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/internal/version"
)

func TestEveryCommandHasAnExampleAndAShortHelp(t *testing.T) {
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Short == "" || c.Example == "" {
			t.Errorf("%s has no help or no example", c.CommandPath())
		}
		for _, inner := range c.Commands() {
			walk(inner)
		}
	}
	walk(newRoot(&app{}))
}

func TestVersionIsThatOfAllPrograms(t *testing.T) {
	s := newShell(t)
	for _, args := range [][]string{{"version"}, {"--version"}} {
		if got := s.ok(args...); got != "segno "+version.Version+"\n" {
			t.Errorf("%v: got %q", args, got)
		}
	}
}

func TestWordingErrorsEndWithCode2(t *testing.T) {
	s := newShell(t)
	for _, args := range [][]string{
		{"nosuch"}, {"server", "nosuch"}, {"server", "show"}, {"server", "list", "--nosuch"}, {"server", "list", "-o", "xml"},
		{"run", "start"}, {"vs", "edit", "etl"}, {"server", "label", "js-1", "nonsense"}, {"task", "create", "alone"}, {"events", "--limit", "0"},
	} {
		got := s.run(args...)
		if got.code != 2 || !strings.HasPrefix(got.err, "segno: ") || !strings.Contains(got.err, "--help") || got.out != "" {
			t.Errorf("segno %s: got code %d, %q and %q", strings.Join(args, " "), got.code, got.out, got.err)
		}
	}
	if len(s.api.calls) > 0 {
		t.Errorf("something was asked for: %q", s.api.calls)
	}
}

func TestTheFlagsWinOverTheEnvironmentAndItOverTheLogin(t *testing.T) {
	s := newShell(t)
	s.api.addServer("js-1", nil)
	other := newFakeAPI(t)
	other.addServer("other", nil)
	list := func(args ...string) string {
		return s.ok(append([]string{"server", "list", "-o", "json"}, args...)...)
	}

	s.env = map[string]string{}
	s.ok("login", "--conductor", s.api.url, "--token", adminToken)
	if got := list(); !strings.Contains(got, `"js-1"`) {
		t.Errorf("the login is not used: %s", got)
	}
	s.env = map[string]string{envConductor: other.url, envToken: adminToken}
	if got := list(); !strings.Contains(got, `"other"`) {
		t.Errorf("the environment does not win: %s", got)
	}
	if got := list("--conductor", s.api.url); !strings.Contains(got, `"js-1"`) {
		t.Errorf("the flag does not win: %s", got)
	}
}

func TestASavedTokenGoesToNoOtherConductor(t *testing.T) {
	s := newShell(t)
	s.env = map[string]string{}
	s.ok("login", "--conductor", s.api.url, "--token", adminToken)
	other := newFakeAPI(t)
	got := s.run("server", "list", "--conductor", other.url)
	if got.code != 1 || !strings.Contains(got.err, "no valid token") {
		t.Errorf("got code %d and %q, want a refusal", got.code, got.err)
	}
}

func TestLoginKeepsTheTokenForThisUserAloneAndShowsItNowhere(t *testing.T) {
	s := newShell(t)
	s.env = map[string]string{}
	s.stdin = adminToken + "\n"
	got := s.run("login", "--conductor", s.api.url)
	if got.code != 0 || !strings.Contains(got.out, "Signed in to "+s.api.url+" as admin") || strings.Contains(got.out+got.err, adminToken) {
		t.Errorf("got code %d, %q and %q", got.code, got.out, got.err)
	}
	path := filepath.Join(s.config, "segno", "context.yaml")
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v and %v, want mode 0600", info, err)
	}
	s.ok("logout")
	if _, err := os.Stat(path); err == nil {
		t.Error("the login is still there")
	}
	s.ok("logout")
}

func TestLoginSavesNothingThatDoesNotWork(t *testing.T) {
	s := newShell(t)
	got := s.run("login", "--token", "wrong")
	if got.code != 1 {
		t.Errorf("a wrong token: got code %d", got.code)
	}
	_ = filepath.WalkDir(s.config, func(path string, e fs.DirEntry, _ error) error {
		if !e.IsDir() {
			t.Errorf("it left %s", path)
		}
		return nil
	})
}

func TestNoTokenMeansAHintWhereToGetOne(t *testing.T) {
	s := newShell(t)
	delete(s.env, envToken)
	got := s.run("server", "list")
	if got.code != 1 || !strings.Contains(got.err, "segno login") || !strings.Contains(got.err, "admin-token") {
		t.Errorf("got code %d and %q", got.code, got.err)
	}
}

func TestAConductorThatIsNotThereIsNamedWithTheOriginOfItsAddress(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := "http://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := newShell(t)
	s.env[envConductor] = gone
	got := s.run("server", "list")
	if got.code != 1 || !strings.Contains(got.err, gone) || !strings.Contains(got.err, "refused") || !strings.Contains(got.err, "comes from SEGNO_CONDUCTOR") {
		t.Errorf("got code %d and %q", got.code, got.err)
	}
	if got := s.run("server", "list", "--conductor", "nonsense"); got.code != 1 || !strings.Contains(got.err, `"nonsense" is not the URL of a conductor`) {
		t.Errorf("nonsense: got code %d and %q", got.code, got.err)
	}
}

func TestARefusalNamesFieldAndReasonOnOneLine(t *testing.T) {
	s := newShell(t)
	got := s.run("vs", "create", "etl", "--members", "js-7")
	if got.code != 1 || got.err != "segno: members[0] names js-7, which is no job server\n" {
		t.Errorf("got code %d and %q", got.code, got.err)
	}
}

func TestColoursAreForTerminalsThatWantThem(t *testing.T) {
	s := newShell(t)
	s.api.addServer("js-1", nil)
	coloured := func(args ...string) bool {
		return strings.Contains(s.ok(append([]string{"server", "list"}, args...)...), "\x1b")
	}
	if coloured() {
		t.Error("there are colours away from a terminal")
	}
	s.terminal = true
	if !coloured() {
		t.Error("there are no colours on a terminal")
	}
	if coloured("--no-color") {
		t.Error("there are colours with --no-color")
	}
	s.env["NO_COLOR"] = "1"
	if coloured() {
		t.Error("there are colours with NO_COLOR")
	}
}

func TestTextsFromElsewhereCannotPlayWithTheTerminal(t *testing.T) {
	s := newShell(t)
	s.terminal = true
	s.api.addServer("js-1", map[string]string{"evil": "\x1b]0;title\x07\x1b[2J"})
	got := s.ok("server", "list", "--no-color")
	if strings.ContainsAny(got, "\x1b\x07") {
		t.Errorf("got %q", got)
	}
}

func TestCompletionOffersNamesFromTheConductor(t *testing.T) {
	s := newShell(t)
	s.api.addServer("js-1", nil)
	s.api.addServer("other", nil)
	s.api.addTask("load-orders", nil)
	s.ok("vs", "create", "etl")
	followed(s, "succeeded", new(0), "")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"server", "show", "js"}, "js-1\tonline\n"},
		{[]string{"vs", "add", "e"}, "etl\n"},
		{[]string{"vs", "add", "etl", "js-1", "o"}, "other\tonline\n"},
		{[]string{"run", "start", ""}, "load-orders\n"},
		{[]string{"logs", "01"}, runID + "\tload-orders succeeded\n"},
		{[]string{"why-not", runID, "js"}, "js-1\tonline\n"},
		{[]string{"run", "list", "--task", "lo"}, "load-orders\n"},
		{[]string{"vs", "create", "x", "--rating", ""}, "recommended\nplain\ntalend\n"},
		{[]string{"server", "list", "-o", ""}, "table\njson\nyaml\n"},
		{[]string{"server", "show", "js-1", ""}, ""},
	} {
		got := s.ok(append([]string{"__complete"}, c.args...)...)
		names, _, _ := strings.Cut(got, ":4")
		if names != c.want {
			t.Errorf("%q: got %q, want %q", c.args, got, c.want)
		}
	}
	delete(s.env, envToken)
	if got := s.ok("__complete", "server", "show", ""); !strings.HasPrefix(got, ":4") {
		t.Errorf("without a token: got %q, want no suggestion and no noise", got)
	}
	if got := s.ok("completion", "bash"); !strings.Contains(got, "__start_segno") {
		t.Error("there is no script for bash")
	}
}

func TestTheManualNamesEveryCommandAndExitCode(t *testing.T) {
	text, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	manual := string(text)
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		for _, inner := range c.Commands() {
			words := strings.Fields(inner.CommandPath())
			if !strings.Contains(manual, "`"+inner.CommandPath()) && !strings.Contains(manual, "`"+words[len(words)-1]+"`") {
				t.Errorf("docs/cli.md does not name %s", inner.CommandPath())
			}
			walk(inner)
		}
	}
	walk(newRoot(&app{}))
	for _, code := range []int{0, exitError, exitUsage, exitChanges, exitTimedOut, exitLost, exitNotStarted, exitInterrupted} {
		if !strings.Contains(manual, fmt.Sprintf("| %d |", code)) {
			t.Errorf("docs/cli.md does not tell of the exit code %d", code)
		}
	}
}
