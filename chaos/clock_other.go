//go:build !amd64

package chaos

import (
	"fmt"
	"runtime"
	"time"
)

// setClock is there for amd64 only.
func setClock(int, time.Duration) error {
	return fmt.Errorf("wall clocks of processes cannot be set on %s", runtime.GOARCH)
}
