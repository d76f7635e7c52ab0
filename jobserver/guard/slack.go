package guard

import "time"

// Timer slacks of keepers, which work for a moment and then wait. The monitor of the runtime was a quarter of all that a
// keeper cost, and of a hundred keepers that wait for the processor together more than that: guards start keepers with
// monitorSlack, and the thread of a keeper that waits for its deadlines takes keeperSlack. Jobs are started with the slack
// of the guard.
const (
	monitorSlack = 20 * time.Millisecond
	// keeperSlack is how late the deadlines of a keeper may be. They may be late by monitorSlack where another thread than
	// the last one comes to wait.
	keeperSlack = 2 * time.Millisecond
)
