package conductor

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

var etl = task.Target{VirtualServer: "etl"}

// testFleet returns a fleet of online servers with equal samples, all members of the group etl.
func testFleet(names ...string) *fleet {
	f := newFleet(newPace(jobserver.DefaultHeartbeat, DefaultHeartbeatRate))
	var servers []jobserver.Server
	for _, name := range names {
		servers = append(servers, jobserver.Server{
			Name: name, Kind: jobserver.KindJob, Mode: jobserver.Active, State: jobserver.Online, Slots: 4, Power: 1,
			Sample: &jobserver.Sample{At: start, CPUs: 4, CPUIdle: 1, MemoryTotal: 8 << 30, MemoryAvailable: 7 << 30, DiskTotal: 100 << 30, DiskFree: 90 << 30},
		})
	}
	f.setServers(servers, start)
	f.setGroups([]virtualserver.VirtualServer{{Spec: virtualserver.Spec{Name: "etl", Members: names}}})
	return f
}

func placeRun(f *fleet, ref task.Ref, now time.Time) virtualserver.Placement {
	choose := func(s virtualserver.Spec, r virtualserver.Request, c []virtualserver.Candidate, at time.Time) virtualserver.Placement {
		return virtualserver.Place(s, r, c, at, rand.New(rand.NewPCG(1, 1)))
	}
	return f.place("load", etl, virtualserver.Request{Need: virtualserver.Need{CPU: 1, Slots: 1}}, ref, now, choose)
}

func refOf(i int) task.Ref {
	return task.Ref{Run: task.RunID(rune('a' + i)), Number: 1}
}

func TestRunsPlacedTogetherSpreadOverEqualServers(t *testing.T) {
	f := testFleet("js-1", "js-2", "js-3")
	count := map[string]int{}
	for i := range 12 {
		count[placeRun(f, refOf(i), start).Chosen]++
	}
	for _, name := range []string{"js-1", "js-2", "js-3"} {
		if count[name] != 4 {
			t.Errorf("%s got %d of 12 runs, want 4", name, count[name])
		}
	}
	if p := placeRun(f, refOf(12), start); p.Chosen != "" {
		t.Errorf("a thirteenth run was placed on %s though each server has 4 slots", p.Chosen)
	}
}

func TestAPlaceThatIsGivenBackCanBeTaken(t *testing.T) {
	f := testFleet("js-1")
	for i := range 4 {
		placeRun(f, refOf(i), start)
	}
	if _, there := f.release("js-1", refOf(2)); !there {
		t.Fatal("the attempt was not there")
	}
	if _, there := f.release("js-1", refOf(2)); there {
		t.Error("an attempt was released twice")
	}
	if p := placeRun(f, refOf(4), start); p.Chosen != "js-1" {
		t.Errorf("the free slot was not taken: %s", p.Reason)
	}
	if f.mayHaveRoom(etl, start) {
		t.Error("a group without a free slot counts as having room")
	}
}

func TestAskingForARatingReservesNothing(t *testing.T) {
	f := testFleet("js-1")
	for range 20 {
		if p := placeRun(f, task.Ref{}, start); p.Chosen != "js-1" {
			t.Fatalf("not placed: %s", p.Reason)
		}
	}
	if got := f.hosts["js-1"].own; got != (virtualserver.Occupancy{}) {
		t.Errorf("got %+v, want nothing", got)
	}
}

func TestAServerIsSilentAfterItsHeartbeatsStop(t *testing.T) {
	f := testFleet("js-1", "js-2")
	f.beat(jobserver.Beat{Server: "js-2", At: start.Add(4 * time.Second), Sample: jobserver.Sample{At: start}})
	const silence = jobserver.MissedBeats * jobserver.DefaultHeartbeat
	if got := f.silent(start.Add(5 * time.Second)); len(got) != 1 || !slices.Equal(got[silence], []string{"js-1"}) {
		t.Errorf("got %v, want only js-1", got)
	}
	f.setSilent([]string{"js-1"}, jobserver.Unreachable, start.Add(time.Hour), start)
	if got := f.silent(start.Add(time.Hour)); len(got) != 1 || !slices.Equal(got[silence], []string{"js-2"}) {
		t.Errorf("got %v, want only the server that is still called online", got)
	}
	if back := f.beat(jobserver.Beat{Server: "js-1", At: start.Add(time.Hour)}); !back {
		t.Error("a heartbeat of an unreachable server did not bring it back")
	}
}

func TestAConductorThatWasPausedGivesServersTheirWholeTime(t *testing.T) {
	f := testFleet("js-1")
	later := start.Add(time.Hour)
	f.postpone(later)
	if got := f.silent(later); len(got) != 0 {
		t.Errorf("%v count as silent though nobody listened", got)
	}
}

func TestOffersAreStaleWhenUnclaimedOrTheServerIsGone(t *testing.T) {
	f := testFleet("js-1", "js-2")
	placeRun(f, refOf(0), start)
	placeRun(f, refOf(1), start)
	f.claim("js-1", "agent", refOf(0), start)
	if got := f.staleOffers(start); len(got) != 0 {
		t.Errorf("got stale offers %v at once", got)
	}
	if got := f.staleOffers(start.Add(time.Second)); len(got["js-2"]) != 1 || len(got["js-1"]) != 0 {
		t.Errorf("got %v, want the unclaimed offer to js-2", got)
	}
	f.setSilent([]string{"js-1", "js-2"}, jobserver.Unreachable, start.Add(time.Hour), start)
	if got := f.staleOffers(start); len(got["js-2"]) != 1 || len(got["js-1"]) != 0 {
		t.Errorf("got %v, want the unclaimed offer of the unreachable js-2", got)
	}
}

func TestARebootIsSeenInTheAttemptsThatWereClaimedBefore(t *testing.T) {
	f := testFleet("js-1")
	placeRun(f, refOf(0), start)
	f.claim("js-1", "old", refOf(0), start)
	if f.noteReboot("js-1", "boot-1") || f.attempts("js-1")[0].rebooted {
		t.Error("the first boot id counts as a reboot")
	}
	f.beat(jobserver.Beat{Server: "js-1", BootID: "boot-1", Instance: "old", At: start})
	if f.noteReboot("js-1", "boot-1") {
		t.Error("the same boot id counts as a reboot")
	}
	if !f.noteReboot("js-1", "boot-2") || !f.attempts("js-1")[0].rebooted {
		t.Error("a new boot id does not count as a reboot")
	}
}

func TestAServerThatHoldsTheArchiveIsPreferredAsMuchAsItsGroupSays(t *testing.T) {
	f := testFleet("js-1", "js-2")
	holding := jobserver.Beat{Server: "js-2", At: start, Archives: []string{"other", "sum"}}
	holding.Sample = *f.hosts["js-2"].server.Sample
	holding.Sample.CPUIdle = 0.4 // It is rated less without its archive.
	f.beat(holding)
	place := func(points float64, archive string) virtualserver.Placement {
		f.setGroups([]virtualserver.VirtualServer{{Spec: virtualserver.Spec{Name: "etl", Members: []string{"js-1", "js-2"}, PreferArchive: points}}})
		req := virtualserver.Request{Need: virtualserver.Need{CPU: 1, Slots: 1}, Archive: archive}
		return f.place("load", etl, req, task.Ref{}, start, func(s virtualserver.Spec, r virtualserver.Request, c []virtualserver.Candidate, at time.Time) virtualserver.Placement {
			return virtualserver.Place(s, r, c, at, nil)
		})
	}
	for _, c := range []struct {
		points  float64
		archive string
		want    string
	}{{0, "sum", "js-1"}, {50, "sum", "js-2"}, {50, "", "js-1"}, {50, "third", "js-1"}} {
		if p := place(c.points, c.archive); p.Chosen != c.want {
			t.Errorf("with %v points for the archive %q it is %s (%s), want %s", c.points, c.archive, p.Chosen, p.Reason, c.want)
		}
	}
	if names := f.holding("sum"); len(names) != 1 || names[0] != "js-2" || f.holding("third") != nil {
		t.Errorf("the archive is on %v", names)
	}
	if p := place(50, "sum"); p.Candidates[0].Bonus != 50 {
		t.Errorf("the points are not shown: %+v", p.Candidates[0])
	}
}
