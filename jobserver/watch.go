package jobserver

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/task"
)

// Watch is a file trigger as an agent is told of it.
type Watch struct {
	// OwnerKind, Owner and Trigger name the trigger.
	OwnerKind string `json:"owner_kind"`
	Owner     string `json:"owner"`
	Trigger   string `json:"trigger"`
	// Version counts the edits of the trigger; events carry it.
	Version int64 `json:"version"`
	// Born is when the trigger was made, by the conductor's clock: another one of the same name has another. An agent
	// that looks into the folder for the first time takes what appeared there after it for new.
	Born time.Time `json:"born"`
	// File says what is watched, with its defaults filled in.
	File task.FileTrigger `json:"file"`
}

// Name is the name of the watch, unique among those of a server.
func (w Watch) Name() string { return w.OwnerKind + " " + w.Owner + "/" + w.Trigger }

// FileEvent is a version of a file that a trigger waits for, which has settled.
type FileEvent struct {
	// ID names the event. It follows from the file and its version, so that an agent that has forgotten what it has
	// reported gives the same event the same id.
	ID string `json:"id"`
	// OwnerKind, Owner and Trigger name the trigger, Version is its version.
	OwnerKind string `json:"owner_kind"`
	Owner     string `json:"owner"`
	Trigger   string `json:"trigger"`
	Version   int64  `json:"version"`
	Path      string `json:"path"`
	Size      int64  `json:"size"`
	// ModTime is the file's, by the clock of the host of its file system; SeenAt when it had settled, by the agent's clock.
	ModTime time.Time `json:"mod_time"`
	SeenAt  time.Time `json:"seen_at"`
}

// SharedKey names the version of the file the same way on every host that sees it, whatever the host knows of it besides:
// by path, size and time of modification in milliseconds, which is as exact as file systems that hosts share agree on.
func (e FileEvent) SharedKey() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%d", e.Path, e.Size, e.ModTime.UnixMilli()))
	return hex.EncodeToString(sum[:16])
}

// WatchState is what an agent has to say of a watch.
type WatchState struct {
	OwnerKind, Owner, Trigger string
	// Files is how many files match, Pending how many events wait for their acknowledgement.
	Files, Pending int
	// Problem is why the folder cannot be watched, or not as a whole; empty where it can.
	Problem string
}

// Limits on what an agent watches.
const (
	// MaxWatches is how many file triggers one agent watches.
	MaxWatches = 1000
	// MaxWatchedFiles is how many matching files are looked at for one trigger, MaxWatchedEntries how many names of all kinds.
	MaxWatchedFiles   = 20000
	MaxWatchedEntries = 200000
	// MaxPendingEvents is how many events wait on an agent. Beyond them files wait to be events.
	MaxPendingEvents = 10000
	// MaxReportedEvents is how many events one call reports.
	MaxReportedEvents = 500
	// MaxWatchProblem is the length of a problem.
	MaxWatchProblem = 500
)

// ToldWatch is what the agent of a server last said of a watch.
type ToldWatch struct {
	Server string
	WatchState
	ToldAt time.Time
}
