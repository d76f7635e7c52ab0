package chaos

import "testing"

func TestMain(m *testing.M) { Main(m) }

// onlyInFull leaves a test to make chaos.
func onlyInFull(t *testing.T) {
	t.Helper()
	if !*full {
		t.Skip("make chaos runs it")
	}
}
