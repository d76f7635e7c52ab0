// Package configtest checks that an example configuration file is true.
package configtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/segno-jobs/segno/internal/config"
)

// commented is a setting of an example that is commented out: "#" with the setting right behind it, as in "#slots: 8",
// or a nested line of one, as in "#  zone: eu". Explanations begin with "# ".
var commented = regexp.MustCompile(`(?m)^#((?:  )*[^ #].*)$`)

// Example fails the test unless the file loads as it stands and with every setting in it uncommented, and unless it
// names each of the settings.
func Example(t *testing.T, settings *config.Settings, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	load(t, settings, string(text))
	full := commented.ReplaceAllString(string(text), "$1")
	load(t, settings, full)
	for _, setting := range settings.All() {
		if origin := settings.Origin(setting.Name); !strings.HasPrefix(origin, "file ") {
			t.Errorf("%s does not name the setting %s (%s)", path, setting.Name, setting.Help)
		}
	}
}

func load(t *testing.T, settings *config.Settings, text string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "example.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := pflag.NewFlagSet("example", pflag.ContinueOnError)
	settings.AddFlags(flags)
	if err := flags.Parse([]string{"--config", path}); err != nil {
		t.Fatal(err)
	}
	if err := settings.Load(); err != nil {
		t.Fatalf("load:\n%s\n%v", text, err)
	}
}
