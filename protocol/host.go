package protocol

import (
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
)

// JoinToProto maps the server that wants to join. Name, kind, labels, slots and power are sent, with what this program
// knows of its platform.
func JoinToProto(token, hostname string, s jobserver.Server) *segnov1.JoinRequest {
	return &segnov1.JoinRequest{
		Token:        token,
		Name:         s.Name,
		Kind:         string(s.Kind),
		Labels:       s.Labels,
		Slots:        uint32(max(0, s.Slots)),
		Power:        s.Power,
		AgentVersion: s.AgentVersion,
		Os:           runtime.GOOS,
		Arch:         runtime.GOARCH,
		Hostname:     hostname,
	}
}

// JoinFromProto is the inverse of [JoinToProto], with the defaults put in where the agent said nothing: kind job,
// DefaultSlots, power 1. It checks nothing.
func JoinFromProto(m *segnov1.JoinRequest) (token string, s jobserver.Server) {
	s = jobserver.Server{
		Name:         m.GetName(),
		Kind:         jobserver.Kind(m.GetKind()),
		Mode:         jobserver.Active,
		State:        jobserver.NeverSeen,
		Labels:       m.GetLabels(),
		Slots:        int(m.GetSlots()),
		Power:        m.GetPower(),
		AgentVersion: m.GetAgentVersion(),
	}
	if s.Kind == "" {
		s.Kind = jobserver.KindJob
	}
	if s.Slots == 0 {
		s.Slots = jobserver.DefaultSlots
	}
	if s.Power == 0 {
		s.Power = 1
	}
	return m.GetToken(), s
}

// SettingsToProto maps what a conductor tells an agent about its server.
func SettingsToProto(heartbeat time.Duration, mode jobserver.Mode) *segnov1.Settings {
	return &segnov1.Settings{Heartbeat: heartbeat.Microseconds(), Mode: string(mode)}
}

// SettingsFromProto is the inverse of [SettingsToProto]. What was left out comes as the default heartbeat and active.
func SettingsFromProto(m *segnov1.Settings) (heartbeat time.Duration, mode jobserver.Mode) {
	heartbeat, mode = span(m.GetHeartbeat()), jobserver.Mode(m.GetMode())
	if heartbeat == 0 {
		heartbeat = jobserver.DefaultHeartbeat
	}
	if mode == "" {
		mode = jobserver.Active
	}
	return heartbeat, mode
}

// SampleToProto maps a sample. Its instants and attempts are not sent with it: see [HeartbeatToProto].
func SampleToProto(s jobserver.Sample) *segnov1.Sample {
	return &segnov1.Sample{
		Cpus: s.CPUs, CpuIdle: s.CPUIdle, CpuNice: s.CPUNice, CpuTotal: s.CPUTotal,
		Load1: s.Load1, Load5: s.Load5, Load15: s.Load15,
		MemoryTotal: s.MemoryTotal, MemoryAvailable: s.MemoryAvailable,
		SwapTotal: s.SwapTotal, SwapFree: s.SwapFree,
		DiskTotal: s.DiskTotal, DiskFree: s.DiskFree,
		OwnCpu: s.OwnCPU, OwnMemory: s.OwnMemory,
		SpoolFull: s.SpoolFull,
	}
}

// SampleFromProto is the inverse of [SampleToProto]. Figures that cannot be, such as a share over 1 or NaN, are brought
// to the nearest that can.
func SampleFromProto(m *segnov1.Sample) jobserver.Sample {
	return jobserver.Sample{
		CPUs:    bounded(m.GetCpus(), 1<<20),
		CPUIdle: bounded(m.GetCpuIdle(), 1), CPUNice: bounded(m.GetCpuNice(), 1), CPUTotal: bounded(m.GetCpuTotal(), 1),
		Load1: bounded(m.GetLoad1(), 1<<20), Load5: bounded(m.GetLoad5(), 1<<20), Load15: bounded(m.GetLoad15(), 1<<20),
		MemoryTotal: max(0, m.GetMemoryTotal()), MemoryAvailable: max(0, m.GetMemoryAvailable()),
		SwapTotal: max(0, m.GetSwapTotal()), SwapFree: max(0, m.GetSwapFree()),
		DiskTotal: max(0, m.GetDiskTotal()), DiskFree: max(0, m.GetDiskFree()),
		OwnCPU: bounded(m.GetOwnCpu(), 1<<20), OwnMemory: max(0, m.GetOwnMemory()),
		SpoolFull: m.GetSpoolFull(),
	}
}

// HeartbeatToProto puts a heartbeat together. Instance, boot id, version and clock are in hello; held is true while the
// deadline of a lease on the host may be that of a hold.
func HeartbeatToProto(hello *segnov1.Hello, s jobserver.Sample, kept []jobserver.Kept, held bool) *segnov1.HeartbeatRequest {
	m := &segnov1.HeartbeatRequest{
		Hello: hello, Sample: SampleToProto(s), Attempts: make([]*segnov1.KeptAttempt, len(kept)), Held: held,
	}
	for i, k := range kept {
		m.Attempts[i] = KeptToProto(k)
	}
	return m
}

// BeatFromProto maps a heartbeat of the named server that came at the instant. Sample.Attempts are the running ones.
func BeatFromProto(server string, at time.Time, m *segnov1.HeartbeatRequest) jobserver.Beat {
	s := SampleFromProto(m.GetSample())
	s.At, s.AgentClock = at, instant(m.GetHello().GetClock())
	for _, k := range m.GetAttempts() {
		if !k.GetEnded() {
			s.Attempts = append(s.Attempts, KeptFromProto(k).Usage)
		}
	}
	return jobserver.Beat{
		Server:       server,
		At:           at,
		BootID:       m.GetHello().GetBootId(),
		Instance:     m.GetHello().GetInstance(),
		AgentVersion: m.GetHello().GetAgentVersion(),
		RunAs:        RunAsFromProto(m.GetHello()),
		Archives:     archivesFromProto(m.GetArchives()),
		Heartbeat:    min(max(span(m.GetHeartbeat()), 0), MaxHeartbeat),
		Number:       m.GetNumber(),
		Sample:       s,

		ClaimedOffers: m.GetHello().GetClaimedOffers(),
	}
}

// archivesFromProto returns what may be hashes of archives. More than a heartbeat names are left out.
func archivesFromProto(sums []string) []string {
	sums = sums[:min(len(sums), jobserver.MaxBeatArchives)]
	return slices.DeleteFunc(slices.Clone(sums), func(sum string) bool { return len(sum) != 64 })
}

// RunAsFromProto returns as which users jobs may be run on the host that calls. More than may be is left out.
func RunAsFromProto(m *segnov1.Hello) jobserver.RunAs {
	r := jobserver.RunAs{Users: m.GetRunAs(), Problem: m.GetRunAsProblem()}
	if r.Validate("run_as") != nil {
		r.Users = nil
	}
	if len(r.Problem) > jobserver.MaxRunAsProblem {
		r.Problem = "cannot run jobs as other users"
	}
	return r
}

// KeptToProto maps an attempt that an agent keeps.
func KeptToProto(k jobserver.Kept) *segnov1.KeptAttempt {
	return &segnov1.KeptAttempt{
		Attempt:   RefToProto(k.Ref),
		Ended:     k.Ended,
		Cpu:       k.Usage.CPU,
		Memory:    k.Usage.Memory,
		Processes: uint32(max(0, k.Usage.Processes)),

		Unkillable: k.Unkillable,
	}
}

// KeptFromProto is the inverse of [KeptToProto].
func KeptFromProto(m *segnov1.KeptAttempt) jobserver.Kept {
	ref := RefFromProto(m.GetAttempt())
	return jobserver.Kept{Ref: ref, Ended: m.GetEnded(), Unkillable: m.GetUnkillable(), Usage: jobserver.AttemptUsage{
		Run:       string(ref.Run),
		Number:    ref.Number,
		CPU:       bounded(m.GetCpu(), 1<<20),
		Memory:    max(0, m.GetMemory()),
		Processes: int(m.GetProcesses()),
	}}
}

// KeptRefs are all attempts that a heartbeat names, running and ended.
func KeptRefs(m *segnov1.HeartbeatRequest) []task.Ref {
	refs := make([]task.Ref, len(m.GetAttempts()))
	for i, k := range m.GetAttempts() {
		refs[i] = RefFromProto(k.GetAttempt())
	}
	return refs
}

// bounded returns v, or the nearest of 0 and most; 0 for NaN.
func bounded(v, most float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return min(max(v, 0), most)
}
