//go:build !linux

package timerslack

import "time"

// Relax does nothing where the kernel knows no timer slack, and returns 0.
func Relax(time.Duration) time.Duration { return 0 }
