package sim

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// The simulator has a store, a network and processes of its own. What it cannot see, because it is in the parts that do
// input and output, the tests of these parts must catch.

// programMutant is a deliberate bug that tests of a package are to catch.
type programMutant struct {
	mutant
	// pkg is the folder of the package, tests choose among its tests.
	pkg, tests string
}

func programMutants() []programMutant {
	return []programMutant{
		{mutant{name: "deadline anchored at the reply, in the agent's heartbeat", file: "jobserver/agent/heartbeat.go", changes: []string{
			"a.step(LeasesGranted{Term: res.Msg.GetTerm(), Sent: sent,", "a.step(LeasesGranted{Term: res.Msg.GetTerm(), Sent: a.boot() + 0*sent,",
		}}, "jobserver/agent", "Leases"},
		{mutant{name: "deadline anchored at the reply, in the agent's claim", file: "jobserver/agent/calls.go", changes: []string{
			"Verdicts: verdicts, Sent: sent,", "Verdicts: verdicts, Sent: a.boot() + 0*sent,",
		}}, "jobserver/agent", "Leases"},
		{mutant{name: "deadline forgotten by a restarted agent", file: "jobserver/guard/client_lease.go", changes: []string{
			"	if earlier && !before.Held || lease.Deadline <= 0 {\n		return nil\n	}\n", "",
			"	l, err := c.folder.ReadLease(ref, c.boot)\n	if err != nil {\n		return nil\n	}\n	return &l\n", "	return nil\n",
		}}, "jobserver/guard", "Lease"},
		{mutant{name: "lease renewed in memory only", file: "jobserver/guard/client_lease.go", changes: []string{
			"	if err := c.folder.WriteLease(ref, c.boot, lease); err != nil {\n		c.noteWrite(err)\n", "	if err := error(nil); err != nil {\n		c.noteWrite(err)\n",
		}}, "jobserver/guard", "Lease|Renewals"},
		{mutant{name: "job begun although its lease has run out", file: "jobserver/guard/core.go", changes: []string{
			"	c.Step(now, Woken{})\n	return c.kind == \"\"\n", "	return true\n",
		}}, "jobserver/guard", "TestNothing|TestCore|Lease"},
		{mutant{name: "late heartbeat of a dead agent counts", file: "jobserver/instance.go", changes: []string{
			"return !known || !too || before < after", "return known || too || before < after",
		}}, "jobserver", "."},
		{mutant{name: "keeper does not look at its lease", file: "jobserver/guard/lease.go", changes: []string{
			"	k.carryOut(a.core.Step(now, Renewed{Lease: l}), now)\n", "	_ = l\n",
		}}, "jobserver/guard", "Lease|Renewals"},
		{mutant{name: "period stretched beyond a quarter of a lease", file: "conductor/beats.go", changes: []string{
			"period = min(period, a.agentLease()/4)", "_ = a",
		}}, "conductor", "ShortLease"},
		{mutant{name: "answer taken that is older than a shorter period", file: "jobserver/agent/rhythm.go", changes: []string{
			"	if sent != r.hurries {\n", "	if sent > r.hurries {\n",
		}}, "jobserver/agent", "AnAnswer"},
		{mutant{name: "lease renewed as seldom as the fleet's period says", file: "jobserver/agent/rhythm.go", changes: []string{
			"		period = min(period, max(quarter, minHeartbeat))\n", "		_ = quarter\n",
		}}, "jobserver/agent", "ALease|OneHeartbeat"},
		{mutant{name: "spool taken a second time", file: "jobserver/spool/writer.go", changes: []string{
			"	if file != int64(size) {\n", "	if file < int64(size) {\n",
		}}, "jobserver/spool", "Once"},
		{mutant{name: "keeper forgets what a killed agent handed over", file: "jobserver/guard/keeper.go", changes: []string{
			"	k.hearOut()\n	closeFD(&k.client)\n", "	closeFD(&k.client)\n",
		}}, "jobserver/guard", "HandedOverIsBegun"},
		{mutant{name: "what a dead keeper had taken counts as never begun", file: "jobserver/guard/connect.go", changes: []string{
			"	if len(abandoned) > 0 {\n", "	if false {\n",
		}}, "jobserver/guard", "DeadKeeper"},
		{mutant{name: "late records accepted by the store", file: "store/run_deliver.go", changes: []string{
			"return p.server != server || p.newest != p.ref.Number || !p.state.Open() || p.state == task.AttemptOffered", "return p.server != server",
		}}, "store", "TestDeliverIsFenced"},
		{mutant{name: "claim of any server accepted by the store", file: "store/run_claim.go", changes: []string{
			"WHERE id = ? AND state = 'starting' AND attempt = ? AND server = ?`", "WHERE id = ? AND state = 'starting' AND attempt = ? AND server <> ? || 'x'`",
			"WHERE run = ? AND number = ? AND server = ? AND state = 'offered'`", "WHERE run = ? AND number = ? AND server <> ? || 'x' AND state = 'offered'`",
		}}, "store", "TestClaimAttempts"},
		{mutant{name: "event of a refused change kept", file: "store/writer.go", changes: []string{
			"			t.pending = t.pending[:events]\n", "			_ = events\n",
		}}, "store", "TestEventsOfARefused"},
		{mutant{name: "answered before it is committed", file: "store/writer.go", changes: []string{
			"	_, err := t.session.exec(t.ctx, \"COMMIT\")\n", "	_, err := t.session.exec(t.ctx, \"ROLLBACK\")\n",
		}}, "store", "TestWhatWasAcknowledged|TestRunFromRequest"},
	}
}

// TestEachDeliberateBugOfTheProgramsIsCaught takes minutes: make mutants.
func TestEachDeliberateBugOfTheProgramsIsCaught(t *testing.T) {
	if *hunt == "" || *hunt == "hunt" {
		t.Skip("takes minutes; make mutants runs it")
	}
	for _, m := range programMutants() {
		if *hunt != "all" && !strings.Contains(m.name, *hunt) {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			by := m.caughtBy(t)
			if by == "" {
				t.Fatalf("no test of %s whose name has %s caught it", m.pkg, m.tests)
			}
			fmt.Printf("| %s | `%s` | %s | |\n", m.name, m.file, by)
		})
	}
}

var failedTest = regexp.MustCompile(`(?m)^\s*--- FAIL: (Test\w+)`)

// caughtBy returns the first test that fails where the bug is, or "". The test must pass without it.
func (m programMutant) caughtBy(t *testing.T) string {
	args := []string{"test", "-count=1", "-timeout", "5m", "-run", m.tests, "./" + m.pkg}
	if out, err := inRoot(args...); err != nil {
		t.Fatalf("they fail without the bug, too: %v\n%s", err, out)
	}
	args = append([]string{args[0], "-overlay", m.overlay(t, t.TempDir())}, args[1:]...)
	out, err := inRoot(args...)
	if err == nil {
		return ""
	}
	var exit *exec.ExitError
	found := failedTest.FindSubmatch(out)
	if !errors.As(err, &exit) || found == nil {
		t.Fatalf("run: %v\n%s", err, out)
	}
	return string(found[1])
}

func inRoot(args ...string) ([]byte, error) {
	run := exec.Command("go", args...)
	run.Dir = root
	run.Env = append(os.Environ(), "GOWORK=off")
	return run.CombinedOutput()
}

// TestTheMutantsOfTheProgramsFitTheSource fails as soon as the text that a mutant changes is another one.
func TestTheMutantsOfTheProgramsFitTheSource(t *testing.T) {
	for _, m := range programMutants() {
		m.overlay(t, t.TempDir())
	}
}
