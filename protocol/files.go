package protocol

import (
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
)

// WatchToProto maps a file trigger. Where it is watched is not sent: the receiver does.
func WatchToProto(w jobserver.Watch) *segnov1.Watch {
	return &segnov1.Watch{
		OwnerKind: w.OwnerKind, Owner: w.Owner, Trigger: w.Trigger, Version: w.Version, Born: micros(w.Born),
		Path: w.File.Path, Mask: w.File.Mask, Depth: uint32(max(0, w.File.Depth)), On: string(w.File.On),
		Settle: time.Duration(w.File.Settle).Microseconds(), Poll: time.Duration(w.File.Poll).Microseconds(),
	}
}

// WatchFromProto is the inverse of [WatchToProto], for the named server. An error says that the watch cannot be looked after.
func WatchFromProto(server string, m *segnov1.Watch) (jobserver.Watch, error) {
	w := jobserver.Watch{
		OwnerKind: m.GetOwnerKind(), Owner: m.GetOwner(), Trigger: m.GetTrigger(), Version: m.GetVersion(), Born: instant(m.GetBorn()),
		File: task.FileTrigger{
			Server: server, Path: m.GetPath(), Mask: m.GetMask(), Depth: int(m.GetDepth()), On: task.FileChange(m.GetOn()),
			Settle: task.Duration(span(m.GetSettle())), Poll: task.Duration(span(m.GetPoll())),
		}.WithDefaults(),
	}
	return w, w.File.Validate()
}

// FileEventToProto maps an event.
func FileEventToProto(e jobserver.FileEvent) *segnov1.FileEvent {
	return &segnov1.FileEvent{
		Id: e.ID, OwnerKind: e.OwnerKind, Owner: e.Owner, Trigger: e.Trigger, Version: e.Version,
		Path: e.Path, Size: e.Size, ModTime: e.ModTime.UnixNano(), SeenAt: micros(e.SeenAt),
	}
}

// FileEventFromProto is the inverse of [FileEventToProto]. It checks nothing.
func FileEventFromProto(m *segnov1.FileEvent) jobserver.FileEvent {
	return jobserver.FileEvent{
		ID: m.GetId(), OwnerKind: m.GetOwnerKind(), Owner: m.GetOwner(), Trigger: m.GetTrigger(), Version: m.GetVersion(),
		Path: m.GetPath(), Size: m.GetSize(), ModTime: time.Unix(0, m.GetModTime()).UTC(), SeenAt: instant(m.GetSeenAt()),
	}
}

// WatchStateToProto maps what an agent says of a watch.
func WatchStateToProto(s jobserver.WatchState) *segnov1.WatchState {
	return &segnov1.WatchState{
		OwnerKind: s.OwnerKind, Owner: s.Owner, Trigger: s.Trigger,
		Files: uint32(max(0, s.Files)), Pending: uint32(max(0, s.Pending)), Problem: s.Problem,
	}
}

// WatchStateFromProto is the inverse of [WatchStateToProto]. It checks nothing.
func WatchStateFromProto(m *segnov1.WatchState) jobserver.WatchState {
	return jobserver.WatchState{
		OwnerKind: m.GetOwnerKind(), Owner: m.GetOwner(), Trigger: m.GetTrigger(),
		Files: int(m.GetFiles()), Pending: int(m.GetPending()), Problem: m.GetProblem(),
	}
}
