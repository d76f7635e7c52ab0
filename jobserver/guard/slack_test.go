package guard

import (
	"fmt"
	"slices"
	"testing"

	"github.com/segno-jobs/segno/internal/timerslack/slacktest"
)

func TestTheMonitorOfAKeeperMayBeLateAndItsDeadlinesMayNot(t *testing.T) {
	h := newHost(t)
	h.run(command(newRun(), "true"))
	what := fmt.Sprintf("a keeper has a thread with a slack of %s and one with %s", keeperSlack, monitorSlack)
	h.await(what, func() bool { // One that was just started has yet to come to wait.
		return slices.ContainsFunc(h.keeperPIDs(), func(keeper int) bool {
			slacks := slacktest.Threads(t, keeper)
			return slices.Contains(slacks, keeperSlack) && slices.Contains(slacks, monitorSlack)
		})
	})
}
