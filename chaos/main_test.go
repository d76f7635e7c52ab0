package chaos

import "testing"

func TestMain(m *testing.M) { Main(m) }

// Where a scenario belongs.
const (
	inShort = iota
	inFull
)

// scenario runs a test beside others, and leaves it to make chaos if it does not belong to the short part.
func scenario(t *testing.T, part int) {
	t.Helper()
	if part == inFull && !*full {
		t.Skip("make chaos runs it")
	}
	t.Parallel()
}
