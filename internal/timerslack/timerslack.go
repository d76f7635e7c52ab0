// Package timerslack says how much later than it asked for the kernel may wake a thread that sleeps.
//
// The runtime of Go has a thread, its monitor, that looks at its own process every 20 µs while that has work. In a program
// that works in many short spells, as Segno's do, that is up to a tenth of all that it costs: each look interrupts what the
// processor was doing. A larger slack has the monitor look more seldom. A thread inherits the slack of the thread that
// starts it, so that of the monitor, which is started before any code of the program, is that of the process's first thread.
package timerslack

import "time"

// Relaxed is a slack for programs that wait for nothing which must be exact to a millisecond.
const Relaxed = 300 * time.Microsecond
