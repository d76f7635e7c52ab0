package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

type shared struct {
	Data string `setting:"data" help:"folder that holds all"`
}

type options struct {
	shared
	Listen string            `setting:"listen" help:"address that the API listens on"`
	After  time.Duration     `setting:"unavailable_after" help:"silence after which a server is unavailable"`
	Slots  int               `setting:"slots" help:"how many runs fit"`
	Debug  bool              `setting:"debug" help:"tell more"`
	Power  float64           `setting:"power" help:"factor of speed"`
	Labels map[string]string `setting:"labels" help:"labels of the server"`
	URLs   []string          `setting:"urls" help:"conductors"`
	Limit  task.Bytes        `setting:"log_limit" help:"bytes of output that a run may have"`
	TLS    struct {
		Cert string `setting:"cert" help:"certificate file"`
	} `setting:"tls"`
}

func (o *options) Validate() error {
	var errs []error
	if o.After < 5*time.Second {
		errs = append(errs, fault.Field("unavailable_after", "must be at least 5s"))
	}
	for i, url := range o.URLs {
		if !strings.HasPrefix(url, "http") {
			errs = append(errs, fault.Field("urls["+string(rune('0'+i))+"]", "must begin with http"))
		}
	}
	return errors.Join(errs...)
}

func defaults() options {
	return options{
		shared: shared{Data: "/var/lib/segno"}, Listen: "127.0.0.1:7700", After: 2 * time.Minute, Slots: 8, Power: 1,
		URLs: []string{"http://127.0.0.1:7700"}, Limit: 64 << 20,
	}
}

// load runs a whole program's start: flags, environment and the text of a file, which is none where it is empty.
func load(t *testing.T, file string, environ []string, args ...string) (options, *Settings, error) {
	t.Helper()
	opts := defaults()
	s := Bind("SEGNO_TEST_", &opts)
	s.environ = func() []string { return environ }
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	s.AddFlags(flags)
	if file != "" {
		args = append(args, "--config", writeFile(t, file))
	}
	if err := flags.Parse(args); err != nil {
		return opts, s, err
	}
	err := s.Load()
	return opts, s, err
}

func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFlagsWinOverEnvironmentOverFileOverDefaults(t *testing.T) {
	file := "listen: file:1\nslots: 2\nunavailable_after: 20s\n"
	environ := []string{"SEGNO_TEST_LISTEN=env:1", "SEGNO_TEST_SLOTS=3"}
	opts, s, err := load(t, file, environ, "--listen", "flag:1")
	if err != nil {
		t.Fatal(err)
	}
	want := defaults()
	want.Listen, want.Slots, want.After = "flag:1", 3, 20*time.Second
	if diff := cmp.Diff(want, opts, cmp.AllowUnexported(options{}, shared{})); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
	for name, origin := range map[string]string{
		"listen": "flag --listen", "slots": "environment variable SEGNO_TEST_SLOTS", "data": "default",
	} {
		if got := s.Origin(name); got != origin {
			t.Errorf("origin of %s: got %q, want %q", name, got, origin)
		}
	}
}

func TestFlagsThatAreNotGivenOverrideNothing(t *testing.T) {
	opts, _, err := load(t, "slots: 2\ndebug: true\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	if opts.Slots != 2 || !opts.Debug {
		t.Errorf("got slots %d and debug %t, want 2 and true", opts.Slots, opts.Debug)
	}
}

func TestAFlagGivenWithItsDefaultStillWins(t *testing.T) {
	opts, _, err := load(t, "slots: 2\n", nil, "--slots", "8")
	if err != nil {
		t.Fatal(err)
	}
	if opts.Slots != 8 {
		t.Errorf("got slots %d, want 8", opts.Slots)
	}
}

func TestEveryKindOfValueIsReadTheSameFromEachPlace(t *testing.T) {
	want := defaults()
	want.Data, want.Debug, want.Power, want.Limit = "/srv", true, 1.5, 1<<20
	want.Labels = map[string]string{"zone": "eu", "example.com/disk": "a,b"}
	want.URLs = []string{"http://a", "http://b"}
	want.TLS.Cert = "cert.pem"

	tests := map[string]struct {
		file    string
		environ []string
		args    []string
	}{
		"file": {file: `
data: /srv
debug: true
power: 1.5
log_limit: 1MiB
labels: {zone: eu, example.com/disk: "a,b"}
urls: ["http://a", "http://b"]
tls: {cert: cert.pem}
`},
		"environment": {environ: []string{
			"SEGNO_TEST_DATA=/srv", "SEGNO_TEST_DEBUG=true", "SEGNO_TEST_POWER=1.5", "SEGNO_TEST_LOG_LIMIT=1MiB",
			`SEGNO_TEST_LABELS=zone=eu,"example.com/disk=a,b"`, "SEGNO_TEST_URLS=http://a,http://b",
			"SEGNO_TEST_TLS_CERT=cert.pem",
		}},
		"flags": {args: []string{
			"--data=/srv", "--debug", "--power=1.5", "--log-limit=1MiB", "--labels", "zone=eu",
			"--labels", `"example.com/disk=a,b"`, "--urls", "http://a,http://b", "--tls-cert", "cert.pem",
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			opts, _, err := load(t, tt.file, tt.environ, tt.args...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, opts, cmp.AllowUnexported(options{}, shared{})); diff != "" {
				t.Errorf("options (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRefusesWithTheSettingsNameItsOriginAndTheReason(t *testing.T) {
	tests := map[string]struct {
		file    string
		environ []string
		args    []string
		want    []string
	}{
		"an unknown key":               {file: "listn: x\n", want: []string{"listn is no setting", "test.yaml"}},
		"an unknown key in a group":    {file: "tls: {certt: x}\n", want: []string{"tls.certt is no setting"}},
		"every unknown key":            {file: "a: 1\nb: 2\n", want: []string{"a is no setting", "b is no setting"}},
		"a group that is a value":      {file: "tls: x\n", want: []string{"tls is no setting"}},
		"the file's own name in it":    {file: "config: x\n", want: []string{"config is no setting"}},
		"a key that stands twice":      {file: "slots: 1\nslots: 2\n", want: []string{"slots", "already defined"}},
		"broken YAML":                  {file: "slots: [1\n", want: []string{"test.yaml"}},
		"a file that is a list":        {file: "- slots\n", want: []string{"test.yaml"}},
		"a word for a number":          {file: "slots: many\n", want: []string{"slots (file ", `is "many"`}},
		"a fraction for a whole":       {file: "slots: 1.5\n", want: []string{"slots (file ", `is "1.5"`}},
		"a list for one value":         {file: "slots: [1]\n", want: []string{"slots (file ", "must be one value"}},
		"a number for a list":          {file: "urls: 7\n", want: []string{"urls (file ", "must be a list"}},
		"a map for one value":          {file: "listen: {a: b}\n", want: []string{"listen (file ", "must be a value"}},
		"a list inside a map":          {file: "labels: {a: [b]}\n", want: []string{"labels (file ", "key a"}},
		"a duration without a unit":    {file: "unavailable_after: 90\n", want: []string{"unavailable_after (file ", "missing unit"}},
		"a wrong variable":             {environ: []string{"SEGNO_TEST_SLOTS=x"}, want: []string{"slots (environment variable SEGNO_TEST_SLOTS)"}},
		"a wrong text":                 {environ: []string{"SEGNO_TEST_LOG_LIMIT=x"}, want: []string{"log_limit (environment", "not a size"}},
		"a wrong flag":                 {args: []string{"--slots", "x"}, want: []string{"--slots", `"x"`}},
		"an unknown flag":              {args: []string{"--nope"}, want: []string{"--nope"}},
		"a file that is not there":     {args: []string{"--config", "/nowhere.yaml"}, want: []string{"/nowhere.yaml does not exist"}},
		"what breaks the rules":        {environ: []string{"SEGNO_TEST_UNAVAILABLE_AFTER=1s"}, want: []string{"unavailable_after (environment variable SEGNO_TEST_UNAVAILABLE_AFTER) must be at least 5s"}},
		"one item of a list":           {args: []string{"--urls", "http://a,ftp://b"}, want: []string{"urls[1] (flag --urls) must begin with http"}},
		"several settings at once":     {file: "slots: x\npower: y\n", want: []string{"slots (file", "power (file"}},
		"several broken rules":         {args: []string{"--urls=a", "--unavailable-after=1s"}, want: []string{"urls[0] (flag", "unavailable_after (flag"}},
		"a file of more than a MiB":    {file: "# " + strings.Repeat("x", maxFileBytes), want: []string{"test.yaml", "too large"}},
		"the file named in a variable": {environ: []string{"SEGNO_TEST_CONFIG=/nowhere.yaml"}, want: []string{"/nowhere.yaml does not exist"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, _, err := load(t, tt.file, tt.environ, tt.args...)
			if err == nil {
				t.Fatal("got no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want it to contain %q", err, want)
				}
			}
		})
	}
}

func TestAWrongSettingIsOfKindInvalid(t *testing.T) {
	_, _, err := load(t, "slots: x\n", nil)
	var wrong *Error
	if !errors.Is(err, fault.Invalid) || !errors.As(err, &wrong) || wrong.Setting != "slots" {
		t.Errorf("got %v, want an *Error for slots of kind invalid", err)
	}
}

func TestPassesOverWhatSetsNothing(t *testing.T) {
	file := "# all commented\nlabels:\n"
	environ := []string{"SEGNO_TEST_LISTEN=", "SEGNO_TEST_PORT=tcp://10.0.0.1:7700", "SEGNO_TESTING=1", "broken"}
	opts, _, err := load(t, file, environ)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(defaults(), opts, cmp.AllowUnexported(options{}, shared{})); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
}

func TestHelpDescribesEachSetting(t *testing.T) {
	opts := defaults()
	s := Bind("SEGNO_TEST_", &opts)
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	s.AddFlags(flags)
	help := flags.FlagUsages()
	for _, setting := range s.All() {
		for _, part := range []string{"--" + setting.Flag, setting.Help, "[$" + setting.Env + "]"} {
			if !strings.Contains(help, part) {
				t.Errorf("help lacks %q:\n%s", part, help)
			}
		}
	}
	for _, part := range []string{"(default 2m0s)", `(default "127.0.0.1:7700")`, "--config file", "[$SEGNO_TEST_CONFIG]"} {
		if !strings.Contains(help, part) {
			t.Errorf("help lacks %q:\n%s", part, help)
		}
	}
}

func TestACommandMayShowFewFlagsAndStillReadTheWholeFile(t *testing.T) {
	opts := defaults()
	s := Bind("SEGNO_TEST_", &opts)
	s.environ = func() []string { return nil }
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	s.AddFlags(flags, "data")
	if flags.Lookup("listen") != nil {
		t.Error("got a flag --listen, want none")
	}
	if err := flags.Parse([]string{"--config", writeFile(t, "slots: 3\n")}); err != nil {
		t.Fatal(err)
	}
	if err := s.Load(); err != nil || opts.Slots != 3 {
		t.Errorf("got slots %d and %v, want 3", opts.Slots, err)
	}
}

func TestBindRefusesOptionsThatItCannotServe(t *testing.T) {
	tests := map[string]any{
		"no pointer": options{},
		"a channel": &struct {
			C chan int `setting:"c"`
		}{},
		"two of one name": &struct {
			A string `setting:"a"`
			B string `setting:"a"`
		}{},
		"the name of the file": &struct {
			A string `setting:"config"`
		}{},
	}
	for name, options := range tests {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("got no panic")
				}
			}()
			Bind("X_", options)
		})
	}
}
