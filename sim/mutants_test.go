package sim

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var hunt = flag.String("sim.mutants", "", "which deliberate bugs to look for: a part of their names, or all")

// mutant is a deliberate bug: texts of one source file that are others instead. The programs are built with it by an
// overlay, so that nothing of it is in any source.
type mutant struct {
	name, file string
	// changes are pairs of an old text, which stands in the file exactly once, and the new one.
	changes []string
	// within is in how many seeds it must be caught.
	within uint64
}

func mutants() []mutant {
	return []mutant{
		{"deadline anchored at the reply", "sim/agent_calls.go", []string{
			"done := agent.ClaimDone{Term: 1, Sent: sent,", "done := agent.ClaimDone{Term: 1, Sent: a.boot() + 0*sent,",
			"granted := agent.LeasesGranted{Term: 1, Sent: sent}", "granted := agent.LeasesGranted{Term: 1, Sent: a.boot() + 0*sent}",
		}, 2000},
		{"deadline reset by a restart of the agent", "sim/agent.go", []string{
			"		a.link()\n		a.heartbeat()\n", `		for _, k := range listed.Kept {
			if k.Lease != nil {
				a.step(agent.LeasesGranted{Term: 1, Sent: a.boot(), Leases: []agent.Grant{{Ref: k.Ref, Length: 4 * k.Lease.Grace}}})
			}
		}
		a.link()
		a.heartbeat()
`,
		}, 2000},
		{"no term for the drift of clocks", "jobserver/lease.go", []string{
			"real := float64(conductorLease) * (1 - ClockRate) / (1 + ClockRate)", "real := float64(conductorLease)",
		}, 20000},
		{"no barrier when a conductor starts", "conductor/fleet.go", []string{"heard: now,", "heard: s.LastSeen,"}, 2000},
		{"late result accepted", "sim/memstore/deliver.go", []string{
			"if a.Server != server || r.Attempt != a.Number || !a.State.Open() || a.State == task.AttemptOffered {", "if a.Server != server {",
		}, 2000},
		{"checkpoint without fence", "sim/memstore/deliver.go", []string{
			"		answer.Fenced = true\n		return answer\n", `		answer.Fenced = true
		for _, rec := range d.Records {
			if rec.Checkpoint != nil {
				s.record(task.Event{At: now, Kind: "run.checkpoint", Subject: string(r.ID), Task: r.Task, Attempt: a.Number, From: r.State, To: r.State})
			}
		}
		return answer
`,
		}, 2000},
		{"finished attempt run again", "sim/memstore/run.go", []string{
			"if err != nil || r.Attempt != a.Number || a.Server != server || !a.State.Open() {", "if err != nil || r.Attempt != a.Number || a.Server != server {",
			"			if a.Instance != instance {", "			if false {",
		}, 2000},
		{"running set only in memory", "conductor/attempts.go", []string{
			"verdict, err := protocol.VerdictOf(err)", "_ = protocol.VerdictOf\n		_ = err\n		verdict, err := segnov1.Verdict_VERDICT_CLAIMED, error(nil)",
		}, 2000},
		{"spool deleted before the acknowledgement", "jobserver/agent/core_deliver.go", []string{
			"		case !r.Reached, r.Sent && e.Err != nil && (!refused || sent > 1):\n", `		case r.Sent && r.Exit:
			c.delivered(a)
		case !r.Reached, r.Sent && e.Err != nil && (!refused || sent > 1):
`,
		}, 2000},
		{"reset followed by a manual start too early", "conductor/continuation.go", []string{
			`c.fleet.resetting(run.Task, run.ID); other != "" {`, `c.fleet.resetting(run.Task, run.ID); other != "" && now.IsZero() {`,
		}, 2000},
		{"lease without room for the stop", "jobserver/lease.go", []string{
			"return time.Duration(real) - WakeBound - KillBound, nil", "return time.Duration(real), nil",
		}, 2000},
		{"lease renewed though the heartbeat is not stored", "conductor/heartbeat.go", []string{
			"	if err := c.heard.add(ctx, r.Beat); err != nil {\n		return Orders{}, err\n", `	if err := c.heard.add(ctx, r.Beat); err != nil {
		return Orders{Heartbeat: told, Leases: c.fleet.renewals(r.Server)}, nil
`,
		}, 2000},
		{"hold forgotten by the next conductor", "conductor/leases.go", []string{
			"return h.hold == 0 || now.Sub(h.holdSince) >= jobserver.ConductorWait(h.hold)", "return true",
		}, 2000},
		{"hold sent before it is stored", "conductor/hold.go", []string{
			"if err := c.store.Hold(ctx, names, c.options.Hold, c.now()); err != nil {", "if err := error(nil); err != nil {",
		}, 2000},
		{"keeper asks, and never kills at the deadline", "jobserver/guard/core.go", []string{
			"	return min(c.graceEnd, c.lease.Deadline)\n", "	return c.graceEnd\n",
			"task.ExitLeaseExpired, leaseRanOut, c.lease.Deadline)", "task.ExitLeaseExpired, leaseRanOut, now+30*time.Second)",
		}, 20000},
		{"wait starts again", "policy/decide.go", []string{
			"		d.Action, d.GiveUp, does = EndLost, 0, ", "		d.Action, d.GiveUp, does = StartAgain, 0, ",
		}, 2000},
		{"recovery from the checkpoint before the last", "sim/memstore/end.go", []string{
			"		if e.next.Checkpoint != 0 {\n			e.next.Checkpoint = r.lastCheckpoint()\n", "		if e.next.Checkpoint != 0 {\n			e.next.Checkpoint = max(0, r.lastCheckpoint()-1)\n",
		}, 2000},
		{"checkpoint validated before its record is stored", "jobserver/agent/core_checkpoint.go", []string{
			"	case of.delivered:\n		c.do(Validate", "	default:\n		c.do(Validate",
		}, 2000},
		{"claim forgotten whose answer was lost", "jobserver/agent/core_attempt.go", []string{
			"			a.phase = waiting\n			again = append(again, a)\n", "			c.forget(a)\n",
		}, 2000},
		{"limit of a task held one too late", "conductor/limits.go", []string{
			`task.Full("its task", l.active[name], limit.most)`, `task.Full("its task", l.active[name]-1, limit.most)`,
		}, 2000},
		{"open attempts not counted in limits after a crash", "conductor/fleet.go", []string{
			"&placed{terms: termsOf(a), need: a.Need,", "&placed{need: a.Need,",
		}, 2000},
		{"place given back whose placement may be stored", "conductor/dispatcher.go", []string{
			"			p.doubts = append(p.doubts, doubt{ref: a.Ref, server: a.Server, from: p.origins[i]})\n", "			p.c.fleet.release(a.Server, a.Ref)\n",
		}, 2000},
		{"slots taken only once an attempt is claimed", "conductor/fleet.go", []string{
			"		f.add(h, ref, &placed{terms: terms{task: of}, need: p.Need, offered: now})\n", "		_ = f.add\n",
		}, 2000},
		{"reboot stored before what it ended is settled", "conductor/heartbeat.go", []string{
			"if err := c.settleReboot(ctx, r); err != nil {", "if err := error(nil); err != nil {",
			"	if err := c.hearHold(ctx, r); err != nil {", "	if err := c.settleReboot(ctx, r); err != nil {\n		return Orders{}, err\n	}\n	if err := c.hearHold(ctx, r); err != nil {",
		}, 20000},
		{"silence that passes over a server's own period", "conductor/beats.go", []string{
			"min(jobserver.MissedBeats*h.keeps, h.server.Patience())", "min(jobserver.MissedBeats*jobserver.DefaultHeartbeat, h.server.Patience())",
		}, 2000},
		{"period stretched beyond a server's unavailable_after", "conductor/beats.go", []string{
			"	period := min(p.period, p.unhurried(h.server.Patience()))\n", "	period := p.period\n",
		}, 2000},
		{"periods forgotten by the next conductor", "conductor/beats.go", []string{
			"	stored := s.Heartbeat\n	if stored == 0 {", "	stored := p.least\n	if stored == 0 {",
		}, 2000},
		{"shorter period counted before it is heard of", "conductor/beats.go", []string{
			"	b.Heartbeat = max(b.Heartbeat, told)\n", "	b.Heartbeat = told\n",
		}, 2000},
		{"longer period taken from a stream", "jobserver/agent/rhythm.go", []string{
			"if period = bounded(period); period >= r.period {", "if period = bounded(period); period == r.period {",
		}, 2000},
		{"head start anchored at the receipt of its offer", "jobserver/agent/core_attempt.go", []string{"			return b.At, e.Claim.Made", "			return e.At, e.Claim.Made"}, 20000},
		{"head start offered once", "conductor/headstart.go", []string{"	if !there || heartbeat < p.since+2 {", "	if !there || heartbeat > 0 {"}, 2000},
		{"head start given for a claim that is not stored", "conductor/headstart.go", []string{"		a.ClaimedBy = start.instance\n", "		_ = start\n", "	if a.ClaimedBy == \"\" {\n		return offer\n", "	if a.ClaimedBy = c.fleet.headStart(a.Server, terms{}, c.now(), c.options.HeadStart).instance; a.ClaimedBy == \"\" {\n		return offer\n"}, 2000},
		{"reboot not noticed", "conductor/fleet.go", []string{"p.rebooted = p.claimed", "p.rebooted = false"}, 2000},
	}
}

// root is the folder of the module.
const root = ".."

// TestEachDeliberateBugIsCaught builds the simulator once for each mutant, so it takes minutes: make mutants.
func TestEachDeliberateBugIsCaught(t *testing.T) {
	if *hunt == "" {
		t.Skip("takes minutes; make mutants runs it")
	}
	for _, m := range mutants() {
		if len(m.changes) == 0 || *hunt != "all" && !strings.Contains(m.name, *hunt) {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			caught, words := m.hunt(t)
			if caught == "" {
				t.Fatalf("%d seeds did not catch it", m.within)
			}
			fmt.Printf("| %s | `%s` | %s | %s |\n", m.name, m.file, caught, words)
		})
	}
}

var caughtAt = regexp.MustCompile(`caught by seed (\d+): (.*)`)

// hunt builds the simulator with the bug, and returns the first seed that catches it and what was broken.
func (m mutant) hunt(t *testing.T) (seed, words string) {
	folder := t.TempDir()
	binary := filepath.Join(folder, "sim.test")
	build := exec.Command("go", "test", "-c", "-overlay", m.overlay(t, folder), "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	run := exec.Command(binary, "-test.run", "TestHunt", "-test.v", "-sim.seeds", fmt.Sprint(m.within), "-sim.mutants", "hunt")
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("run: %v\n%s", err, out)
	}
	if found := caughtAt.FindSubmatch(out); found != nil {
		return string(found[1]), mask(string(found[2]))
	}
	return "", ""
}

// mask leaves the names of runs out of a failure.
func mask(words string) string {
	return regexp.MustCompile(`\b01[0-9A-Z]{24}\b`).ReplaceAllString(words, "R")
}

// overlay writes the changed file, and what the go command needs to take it for the true one.
func (m mutant) overlay(t *testing.T, folder string) string {
	path, err := filepath.Abs(filepath.Join(root, m.file))
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(source)
	for change := range slices.Chunk(m.changes, 2) {
		if n := strings.Count(text, change[0]); n != 1 {
			t.Fatalf("%s has %d places that read %q, want one: bring the mutant up to the source", m.file, n, change[0])
		}
		text = strings.Replace(text, change[0], change[1], 1)
	}
	changed := filepath.Join(folder, "changed.go")
	if err := os.WriteFile(changed, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	table, err := json.Marshal(map[string]map[string]string{"Replace": {path: changed}})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(name, table, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestHunt is what a simulator with a deliberate bug runs: it says which seed is the first to catch it.
func TestHunt(t *testing.T) {
	if *hunt != "hunt" {
		t.Skip("is run by TestEachDeliberateBugIsCaught")
	}
	o := live(1, *seeds, func(r Result) bool { return r.Failure != "" })
	if len(o.failures) > 0 {
		fmt.Printf("caught by seed %d: %s\n", o.first+1, o.failures[o.first+1].Failure)
	}
}

// TestTheMutantsFitTheSource fails as soon as the text that a mutant changes is another one.
func TestTheMutantsFitTheSource(t *testing.T) {
	for _, m := range mutants() {
		m.overlay(t, t.TempDir())
	}
}
