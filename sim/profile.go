package sim

import (
	"slices"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// profile is what a seed is fond of. A seed that has only few kinds of fault, but those often, finds more than one that
// has all of them.
type profile struct {
	hosts int
	// patience is the servers' unavailable_after.
	patience    []time.Duration
	longestWait time.Duration
	heartbeat   time.Duration
	// rate is how many heartbeats a second the agents may send: seldom enough that so few servers are told longer periods.
	rate float64
	// headStart is how old the last word of a server may be for its attempts to be claimed as they are placed; oldAgents do not
	// take that.
	headStart time.Duration
	oldAgents bool
	// weights are how often each fault comes, by its place in faults; pace is the mean time between faults.
	weights []float64
	pace    time.Duration
	// commits is how likely a commit goes wrong, stalls how likely a conductor is held up in one.
	commits, stalls float64
	unkillable      float64
	// handovers is how likely a kill hits while an attempt changes hands.
	handovers float64
	// hold is what a planned stop gives.
	hold time.Duration
	// demand is the mean time between two requests for a run, meddling that between an operator's acts.
	demand, meddling time.Duration
}

func newProfile(r chance) profile {
	p := profile{hosts: 2 + r.IntN(3), heartbeat: jobserver.DefaultHeartbeat}
	for range p.hosts {
		p.patience = append(p.patience, pick(r, 5*time.Second, 6*time.Second, 8*time.Second, 12*time.Second, 25*time.Second))
	}
	p.longestWait = 30 * time.Second
	if r.in(0.5) {
		p.rate = 0.2 + r.Float64()
	}
	p.headStart = pick(r, 0, time.Second, 20*time.Second, time.Hour)
	p.oldAgents = r.in(0.1)
	p.weights = make([]float64, len(faults))
	for i := range p.weights {
		if r.in(0.4) {
			p.weights[i] = 0.2 + r.Float64()
		}
	}
	p.pace = r.between(500*time.Millisecond, 8*time.Second)
	if r.in(0.4) {
		p.commits = r.Float64() * 0.05
	}
	if r.in(0.3) {
		p.stalls = r.Float64() * 0.02
	}
	if r.in(0.1) {
		p.unkillable = 0.3
	}
	if r.in(0.3) {
		p.handovers = r.Float64() * 0.1
	}
	p.hold = pick(r, 0, 20*time.Second, 2*time.Minute)
	p.demand = r.between(time.Second, 10*time.Second)
	p.meddling = r.between(2*time.Second, 20*time.Second)
	return p
}

// seldomest is the longest period of heartbeats that any server is told.
func (p profile) seldomest() time.Duration {
	if p.rate == 0 {
		return p.heartbeat
	}
	return slices.Max(p.patience) / 4
}

// setUp joins the hosts, makes the groups and tasks, and starts everything.
func (w *World) setUp() {
	w.conductor = newConductor(w)
	var members []string
	for i := range w.profile.hosts {
		name := "js-" + string(rune('a'+i))
		members = append(members, name)
		w.join(name, w.profile.patience[i])
	}
	groupPolicy := policy.Word(pick(w.rnd, policy.Kinds()...))
	group := virtualserver.Spec{Name: "pool", Members: members, OnUnavailable: &groupPolicy}
	_, err := w.store.CreateVirtualServer(w.ctx, group, epoch)
	w.must(err)
	_, err = w.store.CreateConcurrencyGroup(w.ctx, task.ConcurrencyGroupSpec{Name: "db", MaxConcurrent: 1 + w.rnd.IntN(3)}, epoch)
	w.must(err)
	for i, s := range w.tasks(members) {
		s = s.WithDefaults()
		w.must(s.Validate())
		_, err := w.store.CreateTask(w.ctx, s, epoch)
		w.must(err)
		w.plans[s.Name] = w.planFor(i)
	}
	w.conductor.begin()
	for _, name := range members {
		w.hosts = append(w.hosts, newHost(w, name))
	}
}

// join stores a server with the credential that its agent has.
func (w *World) join(name string, patience time.Duration) {
	w.must(w.store.CreateJoinToken(w.ctx, jobserver.JoinToken{ID: name, Hash: "token " + name, ExpiresAt: epoch.Add(time.Hour)}))
	s := jobserver.Server{Name: name, Slots: 2 + w.rnd.IntN(4), UnavailableAfter: patience}.WithDefaults()
	_, err := w.store.JoinServer(w.ctx, "token "+name, "credential "+name, s, epoch)
	w.must(err)
	w.slots[name] = s.Slots
}

// must is for what cannot go wrong before the faults have begun.
func (w *World) must(err error) {
	if err != nil {
		panic("the simulated world cannot be set up: " + err.Error())
	}
}

// tasks returns a task for each way in which a run can go on.
func (w *World) tasks(members []string) []task.Spec {
	pool := task.Target{VirtualServer: "pool"}
	word := func(k policy.Kind) *policy.Policy { p := policy.Word(k); return &p }
	ladder := &policy.Policy{Steps: []policy.Step{
		{After: 5 * time.Second, Do: policy.Wait},
		{After: time.Duration(6+w.rnd.IntN(8)) * time.Second, Do: policy.Recover},
		{After: 20 * time.Second, Do: policy.Reset},
	}}
	after := task.Duration(pick(w.rnd, 0, 0, 5*time.Second, 9*time.Second))
	job := task.Job{Command: []string{"work"}}
	return []task.Spec{
		{Name: "waits", Target: pool, Job: job, OnUnavailable: word(policy.Wait)},
		{Name: "resets", Target: pool, Job: job, OnUnavailable: word(policy.Reset), UnavailableAfter: after},
		{Name: "restarts", Target: pool, Job: job, OnUnavailable: word(policy.Restart), UnavailableAfter: after},
		{Name: "recovers", Target: pool, Job: job, OnUnavailable: word(policy.Recover)},
		{Name: "bound", Target: task.Target{Server: pick(w.rnd, members...)}, Job: job, OnUnavailable: word(policy.Recover)},
		{Name: "leaves", Target: pool, Job: job, OnUnavailable: word(policy.Reset), LeaveRunning: true},
		{Name: "climbs", Target: pool, Job: job, OnUnavailable: ladder},
		{Name: "inherits", Target: pool, Job: job},
		{
			Name: "retries", Target: pool, Job: job, OnUnavailable: word(policy.Recover), Resources: task.Resources{Slots: 2},
			Retries: task.Retries{Max: 3, Backoff: task.Duration(time.Second), From: pick(w.rnd, task.RetryFromStart, task.RetryFromCheckpoint)},
		},
		{
			Name: "single", Target: pool, Job: job, MaxConcurrent: 1, WhenBusy: pick(w.rnd, task.BusyQueue, task.BusySkip, task.BusyReplace),
			MaxQueueTime: task.Duration(pick(w.rnd, 0, 15*time.Second)), ConcurrencyGroups: []string{"db"},
		},
		{
			Name: "pair", Target: pool, Job: job, OnUnavailable: word(policy.Restart), MaxConcurrent: 2, WhenBusy: pick(w.rnd, task.BusyQueue, task.BusyReplace),
			MaxQueued: 3, ConcurrencyGroups: []string{"db"},
		},
		{Name: "hurries", Target: pool, Job: job, OnUnavailable: word(policy.Restart), Timeout: task.Duration(4 * time.Second), StopGrace: task.Duration(time.Second)},
	}
}

func (w *World) planFor(i int) plan {
	r := w.rnd
	p := plan{work: 1 + r.IntN(12), step: r.wide(200*time.Millisecond, 4*time.Second), saves: r.in(0.6)}
	if r.in(0.3) {
		p.fails = 0.3
	}
	if i < 4 && r.in(0.4) {
		p.work = 0
	}
	return p
}
