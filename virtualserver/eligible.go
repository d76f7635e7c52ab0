package virtualserver

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segno-jobs/segno/jobserver"
)

// MinDiskFree is the free space in an agent's data folder below which its server takes no new runs: room for the
// output and the working files of one run. On a disk of less than 2.5 GiB it is a twentieth of the disk.
const MinDiskFree = 128 << 20

func leastDisk(s *jobserver.Sample) int64 { return min(MinDiskFree, s.DiskTotal/20) }

// refuse returns why the candidate may not take the run, or "". The words complete "js-1 …" and stay the same for as
// long as nothing of note has changed: no ages stand in them. What lasts longest is asked first. A projection is
// given for a candidate with a sample.
func refuse(c *Candidate, req *Request, p *projection) (Refusal, string) {
	s := &c.Server
	if kind, wanted := kindOf(s.Kind), kindOf(req.Kind); kind != wanted {
		return RefusedKind, fmt.Sprintf("is of kind %s, not %s", kind, wanted)
	}
	if missing := missingLabels(s.Labels, req.Requires); missing != "" {
		return RefusedLabel, missing
	}
	if words := s.RunAs.Refuses(req.RunAs); words != "" {
		return RefusedUser, words
	}
	switch {
	case s.Mode == jobserver.Disabled:
		return RefusedDisabled, "is disabled" + because(s.Reason)
	case s.State != jobserver.Online:
		return RefusedOffline, offline(s)
	case s.Quarantine != "":
		return RefusedQuarantined, "is quarantined" + because(s.Quarantine)
	case s.Mode == jobserver.Draining:
		return RefusedDraining, "is draining" + because(s.Reason)
	case p == nil:
		return RefusedNoSample, "has not reported its load yet"
	}
	if words := overBound(c, &req.Need, p); words != "" {
		return RefusedBound, words
	}
	if c.Own.Slots+req.Need.Slots > s.Slots {
		if req.Need.Slots > 1 {
			return RefusedNoSlot, fmt.Sprintf("has too few free slots (%d of %d taken, %d needed)", c.Own.Slots, s.Slots, req.Need.Slots)
		}
		return RefusedNoSlot, fmt.Sprintf("has no free slot (%d of %d taken)", c.Own.Slots, s.Slots)
	}
	if c.SlotLimit > 0 && c.Own.Slots+req.Need.Slots > c.SlotLimit {
		return RefusedReturned, fmt.Sprintf("has just returned and takes load back gradually (%d slots taken, %d needed, %d of %d open yet)",
			c.Own.Slots, req.Need.Slots, min(c.SlotLimit, s.Slots), s.Slots)
	}
	return "", ""
}

// ReturnRamp is how long it takes until a server that was silent takes as many new runs as it has slots.
const ReturnRamp = time.Minute

// ReturnLimit returns how many slots new runs may take on a server with so many slots that has been back for a while:
// at first one, and all of them after ReturnRamp, when it returns 0 for no limit. What ran there all along does not
// count, so a [Candidate.SlotLimit] is that and this.
func ReturnLimit(slots int, back time.Duration) int {
	if back >= ReturnRamp {
		return 0
	}
	return max(1, int(int64(slots)*int64(max(back, 0))/int64(ReturnRamp)))
}

func kindOf(k jobserver.Kind) jobserver.Kind {
	if k == "" {
		return jobserver.KindJob
	}
	return k
}

func offline(s *jobserver.Server) string {
	heard := ""
	if !s.LastSeen.IsZero() {
		heard = " (last heard at " + s.LastSeen.UTC().Format("2006-01-02 15:04:05") + " UTC)"
	}
	switch s.State {
	case jobserver.NeverSeen:
		return "has never connected"
	case jobserver.Unavailable:
		return "is unavailable" + heard
	}
	return "is unreachable" + heard
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}

// missingLabels names the labels that are asked for and that the server has not, or has with another value.
func missingLabels(has, required map[string]string) string {
	var lacks, differs []string
	for key, want := range required {
		switch got, there := has[key]; {
		case !there:
			lacks = append(lacks, key+"="+want)
		case got != want:
			differs = append(differs, key+"="+got+" and not "+key+"="+want)
		}
	}
	slices.Sort(lacks)
	slices.Sort(differs)
	switch {
	case len(lacks) > 0 && len(differs) > 0:
		return "lacks the label " + strings.Join(lacks, ", ") + " and has " + strings.Join(differs, ", ")
	case len(lacks) > 0:
		return "lacks the label " + strings.Join(lacks, ", ")
	case len(differs) > 0:
		return "has the label " + strings.Join(differs, ", ")
	}
	return ""
}

// overBound says which hard bound of the host the run would break, or "".
func overBound(c *Candidate, need *Need, p *projection) string {
	s := p.sample
	switch {
	case s.SpoolFull:
		return "cannot write to its data folder"
	case s.DiskFree < leastDisk(s):
		return "has an almost full disk (less than " + size(leastDisk(s)) + " free)"
	case need.Slots > c.Server.Slots:
		return fmt.Sprintf("has %d slots in all (%d needed)", c.Server.Slots, need.Slots)
	case s.MemoryTotal <= 0 || need.Memory <= 0:
		return ""
	case need.Source == Declared && need.Memory > s.MemoryTotal:
		return "has " + size(s.MemoryTotal) + " of memory in all (" + size(need.Memory) + " needed)"
	case p.usedAfter > p.memory+float64(s.SwapFree) && (need.Source == Declared || c.Own.Runs > 0):
		// What was only learnt never keeps a run from a server that has no other: it would wait for ever.
		return "has too little memory left (" + size(int64(p.usedBefore)) + " of " + size(s.MemoryTotal) + " taken, " + size(need.Memory) + " needed)"
	}
	return ""
}

// size prints bytes with one decimal of the largest binary unit, coarse enough to stay the same between samples.
func size(bytes int64) string {
	value, unit := float64(bytes), "B"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB", "PiB"} {
		if value < 1024 {
			break
		}
		value, unit = value/1024, next
	}
	return strings.TrimSuffix(strconv.FormatFloat(value, 'f', 1, 64), ".0") + " " + unit
}
