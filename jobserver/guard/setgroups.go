//go:build !386 && !arm

package guard

import "golang.org/x/sys/unix"

// sysSetgroups takes groups of 32 bits.
const sysSetgroups = unix.SYS_SETGROUPS
