package memstore

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// CreateJoinToken stores a token.
func (s *Store) CreateJoinToken(_ context.Context, t jobserver.JoinToken) error {
	return s.transaction("CreateJoinToken", func() error {
		s.tokens[t.Hash] = &token{JoinToken: t}
		return nil
	})
}

// JoinServer uses a token up and stores the server.
func (s *Store) JoinServer(_ context.Context, tokenHash, credentialHash string, n jobserver.Server, now time.Time) (joined jobserver.Server, err error) {
	err = s.transaction("JoinServer", func() error {
		t := s.tokens[tokenHash]
		if t == nil || t.used || !t.ExpiresAt.After(now) || t.Name != "" && t.Name != n.Name {
			return fmt.Errorf("the join token does not fit: %w", fault.Forbidden)
		}
		t.used = true
		maps.DeleteFunc(s.credentials, func(_, name string) bool { return name == n.Name })
		s.credentials[credentialHash] = n.Name
		if old := s.servers[n.Name]; old != nil {
			old.Kind, old.Labels, old.Slots, old.Power, old.AgentVersion = n.Kind, n.Labels, n.Slots, n.Power, n.AgentVersion
			old.Version++
		} else {
			n = n.WithDefaults()
			n.State, n.StateSince, n.JoinedAt, n.Version = jobserver.NeverSeen, stored(now), stored(now), 1
			n.BootID, n.Instance, n.LastSeen, n.Sample = "", "", time.Time{}, nil
			s.servers[n.Name] = &n
		}
		joined = *s.servers[n.Name]
		s.recordThing(now, "server.joined", n.Name, "")
		return nil
	})
	return joined, err
}

// ServerByCredential returns the name of the server with that credential.
func (s *Store) ServerByCredential(_ context.Context, hash string) (string, error) {
	if name, there := s.credentials[hash]; there {
		return name, nil
	}
	return "", fmt.Errorf("no server has that credential: %w", fault.NotFound)
}

// Server returns a server.
func (s *Store) Server(_ context.Context, name string) (jobserver.Server, error) {
	if v := s.servers[name]; v != nil {
		return *v, nil
	}
	return jobserver.Server{}, notFound("server", name)
}

// Servers returns servers by name.
func (s *Store) Servers(_ context.Context, f jobserver.Filter, p page.Request) (page.Of[jobserver.Server], error) {
	var all []jobserver.Server
	for _, name := range sortedKeys(s.servers) {
		v := *s.servers[name]
		if f.Query != "" && !strings.Contains(name, f.Query) || f.Kind != "" && v.Kind != f.Kind || f.Status != "" && v.Status() != f.Status {
			continue
		}
		if f.VirtualServer != "" && !slices.Contains(s.groups[f.VirtualServer].Members, name) {
			continue
		}
		all = append(all, v)
	}
	return paged(all, p, func(v jobserver.Server) string { return v.Name }, false)
}

// EditServer applies an edit.
func (s *Store) EditServer(_ context.Context, name string, version int64, now time.Time, edit func(*jobserver.Server) error) (edited jobserver.Server, err error) {
	err = s.transaction("EditServer", func() error {
		old := s.servers[name]
		if old == nil {
			return notFound("server", name)
		}
		if err := checkVersion(version, old.Version); err != nil {
			return err
		}
		edited = *old
		edited.Labels = maps.Clone(old.Labels)
		if err := edit(&edited); err != nil {
			return err
		}
		if edited.Name != name {
			return fault.Field("name", "cannot be changed")
		}
		moded := edited.Mode != old.Mode
		if equal(edited, *old) {
			return nil
		}
		edited.Version = old.Version + 1
		kind := "server.edited"
		if moded {
			edited.StateSince = stored(now)
			kind = map[jobserver.Mode]string{
				jobserver.Active: "server.activated", jobserver.Draining: "server.draining", jobserver.Disabled: "server.disabled",
			}[edited.Mode]
		}
		v := edited
		s.servers[name] = &v
		s.recordThing(now, kind, name, edited.Reason)
		return nil
	})
	return edited, err
}

// DeleteServer removes a server.
func (s *Store) DeleteServer(_ context.Context, name string, version int64, now time.Time) error {
	return s.transaction("DeleteServer", func() error {
		old := s.servers[name]
		if old == nil {
			return notFound("server", name)
		}
		if err := checkVersion(version, old.Version); err != nil {
			return err
		}
		for _, r := range s.open {
			if r.newest().Server == name {
				return fmt.Errorf("runs are on it: %w", fault.Conflict)
			}
		}
		for _, t := range s.tasks {
			if t.Target.Server == name {
				return fmt.Errorf("tasks are bound to it: %w", fault.Conflict)
			}
		}
		delete(s.servers, name)
		maps.DeleteFunc(s.credentials, func(_, of string) bool { return of == name })
		for g, v := range s.groups {
			if i := slices.Index(v.Members, name); i >= 0 {
				v.Members = slices.Delete(slices.Clone(v.Members), i, i+1)
				s.groups[g] = v
			}
		}
		s.recordThing(now, "server.deleted", name, "")
		return nil
	})
}

// Heard stores heartbeats.
func (s *Store) Heard(_ context.Context, beats []jobserver.Beat) error {
	errs := s.each("Heard", len(beats), func(i int) error {
		b := beats[i]
		v := s.servers[b.Server]
		if v == nil || v.LastSeen.After(stored(b.At)) {
			return nil
		}
		sample := b.Sample
		v.LastSeen, v.BootID, v.Instance, v.AgentVersion, v.Sample = stored(b.At), b.BootID, b.Instance, b.AgentVersion, &sample
		v.RunAs, v.Heartbeat = b.RunAs, b.Heartbeat
		s.contact(v, b.At)
		return nil
	})
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// contact makes a server online that was not, and gives its unknown runs back what they were.
func (s *Store) contact(v *jobserver.Server, now time.Time) {
	if v.State == jobserver.Online {
		return
	}
	v.State, v.StateSince = jobserver.Online, stored(now)
	if v.LastSeen.Before(stored(now)) {
		v.LastSeen = stored(now)
	}
	s.recordThing(now, "server.online", v.Name, "")
	for _, r := range s.openOn(v.Name) {
		if r.State != task.Unknown {
			continue
		}
		prior, reason := r.Prior, r.priorReason
		r.Prior, r.priorReason = "", ""
		r.newest().State = task.AttemptRunning
		if prior == task.Stopping {
			r.newest().State = task.AttemptStopping
		}
		s.become(r, prior, reason, now, onServer(v.Name))
	}
}

// MarkUnreachable makes silent servers unreachable, and their runs unknown.
func (s *Store) MarkUnreachable(_ context.Context, names []string, before, now time.Time) ([]string, error) {
	return s.mark("MarkUnreachable", names, func(v *jobserver.Server) bool {
		if v.State != jobserver.Online || !v.LastSeen.IsZero() && !v.LastSeen.Before(stored(before)) {
			return false
		}
		v.State, v.StateSince = jobserver.Unreachable, stored(now)
		s.recordThing(now, "server.unreachable", v.Name, "")
		s.lookAway(v.Name, now)
		return true
	})
}

// MarkUnavailable makes unreachable servers unavailable.
func (s *Store) MarkUnavailable(_ context.Context, names []string, now time.Time) ([]string, error) {
	return s.mark("MarkUnavailable", names, func(v *jobserver.Server) bool {
		if v.State != jobserver.Unreachable {
			return false
		}
		v.State, v.StateSince = jobserver.Unavailable, stored(now)
		s.recordThing(now, "server.unavailable", v.Name, "")
		return true
	})
}

func (s *Store) mark(op string, names []string, change func(*jobserver.Server) bool) (changed []string, err error) {
	errs := s.each(op, len(names), func(i int) error {
		if v := s.servers[names[i]]; v != nil && change(v) {
			changed = append(changed, names[i])
		}
		return nil
	})
	for _, e := range errs {
		if e != nil {
			err = e
		}
	}
	return changed, err
}

// lookAway makes the runs on a server unknown.
func (s *Store) lookAway(server string, now time.Time) {
	for _, r := range s.openOn(server) {
		if r.State != task.Running && r.State != task.Stopping {
			continue
		}
		r.Prior, r.priorReason = r.State, r.Reason
		r.newest().State = task.AttemptUnknown
		s.become(r, task.Unknown, "server "+server+" is not heard from", now, onServer(server))
	}
}

// DeclareDead notes an operator's statement that a server is dead.
func (s *Store) DeclareDead(_ context.Context, name, reason, by string, now time.Time) (declared jobserver.Server, err error) {
	err = s.transaction("DeclareDead", func() error {
		v := s.servers[name]
		switch {
		case strings.TrimSpace(reason) == "":
			return fault.Field("reason", "must say how it is known that the server is dead")
		case v == nil:
			return notFound("server", name)
		}
		v.Mode, v.State, v.Reason, v.StateSince = jobserver.Disabled, jobserver.Unavailable, reason, stored(now)
		v.Version++
		data, _ := json.Marshal(map[string]string{"by": by}) // a map of strings always has a JSON form
		s.record(task.Event{At: now, Kind: "server.declared_dead", Subject: name, Reason: reason, Data: data})
		s.lookAway(name, now)
		declared = *v
		return nil
	})
	return declared, err
}

// Hold notes lengthened leases.
func (s *Store) Hold(_ context.Context, servers []string, length time.Duration, now time.Time) error {
	errs := s.each("Hold", len(servers), func(i int) error {
		v := s.servers[servers[i]]
		if v == nil || v.Held == length {
			return nil
		}
		v.Held = length
		kind := "server.held"
		if length == 0 {
			kind = "server.released"
		}
		s.recordThing(now, kind, v.Name, "")
		return nil
	})
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Quarantine notes why a server must not be used.
func (s *Store) Quarantine(_ context.Context, server, reason string, now time.Time) error {
	return s.transaction("Quarantine", func() error {
		v := s.servers[server]
		if v == nil {
			return notFound("server", server)
		}
		if v.Quarantine == reason {
			return nil
		}
		v.Quarantine = reason
		kind := "server.quarantined"
		if reason == "" {
			kind = "server.unquarantined"
		}
		s.recordThing(now, kind, server, reason)
		return nil
	})
}

// RecordLoad keeps samples.
func (s *Store) RecordLoad(_ context.Context, points []jobserver.LoadPoint) error {
	return s.transaction("RecordLoad", func() error {
		for _, p := range points {
			s.load[p.Server] = append(s.load[p.Server], p)
		}
		return nil
	})
}

// ThinLoad does nothing: a simulation is short.
func (s *Store) ThinLoad(context.Context, time.Time) error { return nil }

// Load returns the history of a server.
func (s *Store) Load(_ context.Context, name string, from, to time.Time) ([]jobserver.LoadPoint, error) {
	var found []jobserver.LoadPoint
	for _, p := range s.load[name] {
		if !p.At.Before(from) && p.At.Before(to) {
			found = append(found, p)
		}
	}
	return found, nil
}

func checkVersion(want, have int64) error {
	if want != 0 && want != have {
		return fmt.Errorf("it has version %d, not %d: %w", have, want, fault.Conflict)
	}
	return nil
}

// equal reports whether two values have the same JSON form.
func equal(a, b any) bool {
	x, err := json.Marshal(a)
	if err != nil {
		return false
	}
	y, err := json.Marshal(b)
	return err == nil && string(x) == string(y)
}
