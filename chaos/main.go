package chaos

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/segno-jobs/segno/internal/systemtest"
)

// Main runs the tests, or what the test program was started as: the first process of a host, or a probe.
func Main(m *testing.M) {
	if len(os.Args) > 2 {
		switch os.Args[1] {
		case hostCommand:
			if err := inside(os.Args[2:]); err != nil {
				fmt.Fprintln(os.Stderr, "host:", err)
				os.Exit(1)
			}
			os.Exit(0)
		case probeCommand:
			os.Exit(live(os.Args[2]))
		}
	}
	code := m.Run()
	systemtest.Clean()
	os.Exit(code)
}

func ignoreTerm() { signal.Ignore(syscall.SIGTERM) }
