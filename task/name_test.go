package task_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/segno-jobs/segno/task"
)

func TestValidName(t *testing.T) {
	for name, want := range map[string]bool{
		"load-orders": true, "a": true, "0": true, "etl_2.b": true, "...": true, strings.Repeat("a", 63): true,
		"": false, ".": false, "..": false, "a/b": false, "A": false, "a b": false, "é": false, "a\x00": false, "a\n": false,
		strings.Repeat("a", 64): false,
	} {
		if got := task.ValidName(name); got != want {
			t.Errorf("ValidName(%q): got %v, want %v", name, got, want)
		}
	}
}

// A valid name is one element of a path and of a URL as it stands.
func TestAValidNameNeedsNoEscaping(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z0-9._-]{0,70}`)).Draw(t, "name")
		if !task.ValidName(name) {
			return
		}
		if name == "." || name == ".." || len(name) > task.MaxName || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
			t.Fatalf("accepted %q", name)
		}
	})
}
