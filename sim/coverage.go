package sim

import (
	"fmt"
	"io"
	"maps"
	"slices"
)

// MustCover lists what a set of seeds must have hit, or it has proved little.
func MustCover() []string {
	must := []string{
		"message lost", "message delayed", "message doubled", "call timed out", "answer after the caller gave up, or twice",
		"commit failed before", "answer of a commit lost", "crash before a commit", "crash after a commit",
		"commit failed: disk full", "conductor held up at a commit", "hold received",
		"agent: agent.Claim", "agent: agent.Start", "agent: agent.Stop", "agent: agent.Deliver", "agent: agent.Drop",
		"agent: agent.Renew", "agent: agent.Expire", "agent: agent.Upload", "agent: agent.Review", "agent: agent.Validate",
		"agent: agent.Fetch", "agent: agent.Look",
		"agent ended an attempt past its lease", "keeper began too late for its lease",
		"period of heartbeats made longer", "period of heartbeats made shorter", "longer period that was out of date",
		"shorter period came by itself", "heartbeat at once for a short lease", "unreachable while its agent was at work",
		"lease shortened at the end of a hold", "spool lost with its host",
		"spool that no keeper took removed", "attempt handed to another keeper",
		"agent killed before it handed an attempt over", "job told to end", "job killed", "process that cannot be killed", "unkillable job noticed",
		"exit exited", "exit timed_out", "exit cancelled", "exit lease_expired", "exit fenced", "resumed from a checkpoint",
		"ground ", "ground exit reported", "ground stop confirmed", "ground host rebooted", "ground lease expired",
		"ground operator's statement", "operator met no conductor", "overlap outside of the assumptions",
		"event server.unreachable", "event server.unavailable", "event server.online", "event server.held",
		"event server.released", "event server.quarantined", "event server.unquarantined", "event server.declared_dead",
		"run queued to starting", "run queued to cancelled", "run queued to reset", "run starting to queued",
		"run starting to running", "run starting to cancelled", "run running to unknown", "run running to stopping",
		"run running to queued", "run running to succeeded", "run running to failed", "run running to timed_out",
		"run running to lost", "run running to reset", "run unknown to running", "run unknown to stopping",
		"run unknown to queued", "run unknown to lost", "run unknown to reset", "run stopping to unknown",
		"run stopping to queued", "run stopping to cancelled", "run stopping to reset", "run failed to queued",
		"run queued to failed", "replaced a run", "limit reached: its task", "limit reached: a group",
		"run cancelled to queued", "run reset to queued", "run lost to queued",
	}
	for _, m := range faults {
		must = append(must, "fault: "+m.name)
	}
	for _, act := range []string{"start", "cancel", "reset", "restart", "recover"} {
		must = append(must, "operator: "+act, "operator failed: "+act)
	}
	for _, act := range []string{"start", "cancel", "reset", "restart", "recover"} {
		must = append(must, "operator refused: "+act)
	}
	for _, act := range []string{"declare dead", "set mode", "edit policy", "edit patience", "edit limit", "look what if"} {
		must = append(must, "operator: "+act)
	}
	return must
}

// rare is what one in thousands of seeds hits, and enough is how many seeds must hit that, too.
var rare = []string{"guard killed a keeper past its lease"}

const enough = 20000

// Missed returns what a number of seeds should have hit and has not.
func Missed(covered map[string]int, seeds uint64) []string {
	must := MustCover()
	if seeds >= enough {
		must = append(must, rare...)
	}
	return slices.DeleteFunc(must, func(what string) bool { return covered[what] > 0 })
}

// PrintCoverage writes what was hit, and how often.
func PrintCoverage(out io.Writer, covered map[string]int) {
	for _, what := range slices.Sorted(maps.Keys(covered)) {
		fmt.Fprintf(out, "%10d  %s\n", covered[what], what)
	}
}
