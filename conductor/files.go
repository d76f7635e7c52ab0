package conductor

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"connectrpc.com/connect"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// FileTriggerStore keeps what agents say of the folders that file triggers are about.
type FileTriggerStore interface {
	// FileTriggers returns all file triggers.
	FileTriggers(ctx context.Context) ([]task.Trigger, error)
	// TellWatches stores what the agent of a server says of its watches. Triggers that do not exist are passed over.
	TellWatches(ctx context.Context, server string, states []jobserver.WatchState, now time.Time) error
	// Watches returns what the agents last said of a trigger, by server.
	Watches(ctx context.Context, owner task.Owner, name string) ([]jobserver.ToldWatch, error)
}

// fileWatches are the file triggers by the servers whose agents watch them. They follow the store.
type fileWatches struct {
	mu       sync.Mutex
	byServer map[string]watchSet
	// after is the last event that was looked at.
	after int64
}

// watchSet is what one agent watches.
type watchSet struct {
	version uint64
	watches []jobserver.Watch
}

// of returns what a server's agent watches. The version is 0 before the triggers were read.
func (f *fileWatches) of(server string) watchSet {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.byServer == nil {
		return watchSet{}
	}
	set := f.byServer[server]
	if set.version == 0 {
		set.version = versionOf(nil)
	}
	return set
}

// versionOf returns a number that other watches do not have; it is never 0.
func versionOf(watches []jobserver.Watch) uint64 {
	h := fnv.New64a()
	if err := json.NewEncoder(h).Encode(watches); err != nil {
		return 1
	}
	return h.Sum64() | 1
}

// watchLoop keeps what agents are told to watch in step with the store.
func (c *Conductor) watchLoop(ctx context.Context) error {
	if c.options.EventTriggers == nil {
		<-ctx.Done()
		return ctx.Err()
	}
	return c.followEvents(ctx, tellRest, func(ctx context.Context) {
		if err := c.followWatches(ctx); err != nil && ctx.Err() == nil {
			c.log.Error("reading file triggers failed; agents go on with those that they have", "error", err)
		}
	})
}

// followWatches reads the triggers anew where an event says that they, or the groups that watch them, may have changed.
func (c *Conductor) followWatches(ctx context.Context) error {
	f := &c.files
	f.mu.Lock()
	after, loaded := f.after, f.byServer != nil
	f.mu.Unlock()
	last, err := c.store.LastEvent(ctx)
	if err != nil || loaded && last == after {
		return err
	}
	if loaded {
		changed, err := c.store.Events(ctx, task.EventFilter{After: after, Kinds: []string{"trigger.", "virtual_server.", "task.deleted", "plan.deleted"}}, 1)
		if err != nil {
			return err
		}
		if len(changed) == 0 {
			f.mu.Lock()
			f.after = last
			f.mu.Unlock()
			return nil
		}
	}
	return c.readWatches(ctx, last)
}

func (c *Conductor) readWatches(ctx context.Context, last int64) error {
	triggers, err := c.options.EventTriggers.FileTriggers(ctx)
	if err != nil {
		return err
	}
	// Read from the store, whose events are followed, and not from the fleet, which may lag behind them.
	groups, err := readAll(func(p page.Request) (page.Of[virtualserver.VirtualServer], error) {
		return c.store.VirtualServers(ctx, "", p)
	})
	if err != nil {
		return err
	}
	members := make(map[string][]string, len(groups))
	for _, g := range groups {
		members[g.Name] = g.Members
	}
	lists := map[string][]jobserver.Watch{}
	for _, t := range triggers {
		w := jobserver.Watch{
			OwnerKind: string(t.Owner.Kind), Owner: t.Owner.Name, Trigger: t.Name, Version: t.Version, Born: t.CreatedAt,
			File: t.File.WithDefaults(),
		}
		for _, server := range watchedBy(*t.File, members) {
			lists[server] = append(lists[server], w)
		}
	}
	sets := make(map[string]watchSet, len(lists))
	for server, watches := range lists {
		slices.SortFunc(watches, func(a, b jobserver.Watch) int { return cmp.Compare(a.Name(), b.Name()) })
		sets[server] = watchSet{version: versionOf(watches), watches: watches}
	}
	c.files.mu.Lock()
	c.files.byServer, c.files.after = sets, last
	c.files.mu.Unlock()
	return nil
}

// watchedBy returns the servers whose agents watch a trigger's folder.
func watchedBy(f task.FileTrigger, members map[string][]string) []string {
	if f.Server != "" {
		return []string{f.Server}
	}
	return members[f.VirtualServer]
}

// GetWatches tells an agent what it is to watch.
func (a *agents) GetWatches(ctx context.Context, req *connect.Request[segnov1.GetWatchesRequest]) (*connect.Response[segnov1.GetWatchesResponse], error) {
	server, err := a.caller(ctx, req.Header())
	if err != nil {
		return nil, err
	}
	set := a.c.files.of(server)
	if set.version == 0 {
		return nil, fmt.Errorf("the file triggers have not been read yet: %w", fault.Unavailable)
	}
	res := &segnov1.GetWatchesResponse{Version: set.version}
	for _, w := range set.watches[:min(len(set.watches), jobserver.MaxWatches)] {
		res.Watches = append(res.Watches, protocol.WatchToProto(w))
	}
	return connect.NewResponse(res), nil
}

// ReportFiles takes in what an agent has found.
func (a *agents) ReportFiles(ctx context.Context, req *connect.Request[segnov1.ReportFilesRequest]) (*connect.Response[segnov1.ReportFilesResponse], error) {
	server, err := a.caller(ctx, req.Header())
	if err != nil {
		return nil, err
	}
	if n := len(req.Msg.GetEvents()); n > jobserver.MaxReportedEvents {
		return nil, fault.Field("events", "must be at most %d, not %d", jobserver.MaxReportedEvents, n)
	}
	if n := len(req.Msg.GetStates()); n > jobserver.MaxWatches {
		return nil, fault.Field("states", "must be at most %d, not %d", jobserver.MaxWatches, n)
	}
	events := make([]jobserver.FileEvent, len(req.Msg.GetEvents()))
	for i, m := range req.Msg.GetEvents() {
		events[i] = protocol.FileEventFromProto(m)
	}
	states := make([]jobserver.WatchState, len(req.Msg.GetStates()))
	for i, m := range req.Msg.GetStates() {
		states[i] = protocol.WatchStateFromProto(m)
	}
	taken, err := a.c.ReportFiles(ctx, server, events, states)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(&segnov1.ReportFilesResponse{Taken: taken}), nil
}

// ReportFiles makes an occurrence of each event that the agent of a server reports, and returns the ids of those that
// need not be reported again: they have one, or their trigger is gone.
func (c *Conductor) ReportFiles(ctx context.Context, server string, events []jobserver.FileEvent, states []jobserver.WatchState) (taken []string, err error) {
	store, err := c.eventTriggers()
	if err != nil {
		return nil, err
	}
	triggers := map[string]*task.DueTrigger{}
	var hs []task.Happening
	var ids []string
	for _, e := range events {
		d, err := c.triggerOf(ctx, store, e, triggers)
		if err != nil {
			return nil, err
		}
		if d == nil || !sound(e) {
			c.log.Warn("an event of a file belongs to no trigger and is dropped", "server", server, "trigger", e.Trigger, "file", e.Path)
			taken = append(taken, e.ID)
			continue
		}
		h, err := c.fileHappening(*d, server, e)
		if err != nil {
			return nil, err
		}
		hs, ids = append(hs, h), append(ids, e.ID)
	}
	if len(hs) > 0 {
		stored, errs := store.Happen(ctx, hs, c.now())
		for i, err := range errs {
			if err == nil || errors.Is(err, fault.NotFound) {
				taken = append(taken, ids[i])
				continue
			}
			c.log.Error("an event of a file could not be stored; it is reported again", "server", server, "error", err)
		}
		c.happened(ctx, hs, stored)
	}
	if len(states) > 0 {
		if err := store.TellWatches(ctx, server, states, c.now()); err != nil {
			return nil, err
		}
	}
	return taken, nil
}

// triggerOf returns the trigger of an event, nil where it is gone or is none of files. Each is read once for a report.
func (c *Conductor) triggerOf(ctx context.Context, store EventTriggerStore, e jobserver.FileEvent, read map[string]*task.DueTrigger) (*task.DueTrigger, error) {
	owner := task.Owner{Kind: task.OwnerKind(e.OwnerKind), Name: e.Owner}
	name := owner.String() + "/" + e.Trigger
	if d, is := read[name]; is {
		return d, nil
	}
	d, err := store.EventTrigger(ctx, owner, e.Trigger)
	switch {
	case errors.Is(err, fault.NotFound) || err == nil && d.Trigger.File == nil:
		read[name] = nil
	case err != nil:
		return nil, fmt.Errorf("read the trigger %s: %w", name, err)
	default:
		read[name] = &d
	}
	return read[name], nil
}

// maxEventPath is how many bytes of a path an occurrence shows.
const maxEventPath = 512

// sound reports whether an event can be one of an agent.
func sound(e jobserver.FileEvent) bool {
	return e.ID != "" && len(e.ID) <= 64 && len(e.Path) <= 4096 && strings.HasPrefix(e.Path, "/") && utf8.ValidString(e.Path) &&
		!strings.ContainsRune(e.Path, 0)
}

// fileHappening decides about a file. What was found under a version of the trigger that was about other files is skipped.
func (c *Conductor) fileHappening(d task.DueTrigger, server string, e jobserver.FileEvent) (task.Happening, error) {
	h, err := c.settleEvent(d, happening{
		event: fileEventName(d.Trigger, server, e), at: e.SeenAt,
		values: task.FileValues(e.Path), params: task.FileParams(server, e.Path),
		cause: task.Cause{Kind: task.CauseTrigger, By: d.Trigger.Name},
	})
	if err == nil && h.Run != nil && !d.Trigger.File.Matches(e.Path) {
		h.Run, h.Occurrence.Run = nil, ""
		h.Occurrence.Reason = "the trigger was edited, and is not about this file any more"
	}
	return h, err
}

// fileEventName names an event of a file among those of its trigger: by the path, and by what tells the version of the file
// from others. For the folder of one server that is the agent's id. The members of a virtual server may all see the same
// file, each with what its host knows of it: there it is the path, the size and the time of modification, so that one file
// on a folder that they share is one event, and so are copies of it that keep the time. A trigger that is made anew under
// the same name has events of its own.
func fileEventName(t task.Trigger, server string, e jobserver.FileEvent) string {
	version := e.SharedKey()
	if t.File.Server != "" {
		version = server + " " + e.ID
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%s", e.Path, t.CreatedAt.UnixMicro(), version))
	shown := e.Path
	if len(shown) > maxEventPath {
		shown = "…" + strings.ToValidUTF8(path.Clean(shown)[len(shown)-maxEventPath:], "")
	}
	return shown + " " + hex.EncodeToString(sum[:16])
}

// Watches returns what the agents say of the folder of a file trigger.
func (c *Conductor) Watches(ctx context.Context, owner task.Owner, name string) ([]jobserver.ToldWatch, error) {
	store, err := c.eventTriggers()
	if err != nil {
		return nil, err
	}
	return store.Watches(ctx, owner, name)
}
