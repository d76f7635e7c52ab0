package jobserver

import (
	"fmt"
	"strconv"
	"strings"
)

// InstanceName names a start of the agent on a server. The count grows with each start, so that the names tell in which
// order the starts were; the mark tells apart starts that have one count.
func InstanceName(count uint64, mark string) string { return fmt.Sprintf("%016x-%s", count, mark) }

// StartedBefore reports whether agent process a was started before b, as far as their names tell: a message of a, however
// late it comes, knows nothing of what b has done. Names without a count have no order; of two such that differ, a counts
// as the earlier one.
func StartedBefore(a, b string) bool {
	if a == b {
		return false
	}
	before, known := startCount(a)
	after, too := startCount(b)
	return !known || !too || before < after
}

func startCount(name string) (uint64, bool) {
	digits, _, found := strings.Cut(name, "-")
	if !found || len(digits) != 16 {
		return 0, false
	}
	count, err := strconv.ParseUint(digits, 16, 64)
	return count, err == nil
}
