package conductor

import (
	"context"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// Limits on the life of a join token.
const (
	DefaultJoinTTL = time.Hour
	MaxJoinTTL     = 7 * 24 * time.Hour
)

// Servers returns servers by name.
func (c *Conductor) Servers(ctx context.Context, f jobserver.Filter, p page.Request) (page.Of[jobserver.View], error) {
	got, err := c.store.Servers(ctx, f, p)
	if err != nil {
		return page.Of[jobserver.View]{}, err
	}
	views := page.Of[jobserver.View]{Items: make([]jobserver.View, len(got.Items)), Next: got.Next}
	for i, s := range got.Items {
		views.Items[i] = c.view(s)
	}
	return views, nil
}

// Server returns a server with its open attempts.
func (c *Conductor) Server(ctx context.Context, name string) (jobserver.View, error) {
	s, err := c.store.Server(ctx, name)
	if err != nil {
		return jobserver.View{}, err
	}
	v := c.view(s)
	open, err := c.store.OpenAttempts(ctx, name)
	if err != nil {
		return jobserver.View{}, err
	}
	for _, o := range open {
		v.Attempts = append(v.Attempts, o.Attempt)
	}
	return v, nil
}

// view adds to a stored server what the fleet knows of it.
func (c *Conductor) view(s jobserver.Server) jobserver.View {
	v := jobserver.View{Server: s, VirtualServers: c.fleet.groupsOf(s.Name)}
	cand, known := c.fleet.candidate(s.Name, c.now())
	if !known {
		return v
	}
	v.SlotsUsed = cand.Own.Slots
	v.UnavailableAt = c.fleet.unavailableAt(s.Name)
	v.HeartbeatEvery, v.UnreachableAfter = c.fleet.beatTimes(s.Name)
	v.Sample = cand.Server.Sample
	if cand.Server.Sample != nil {
		verdict := virtualserver.Rate(virtualserver.Rating{}, c.request("", task.Spec{}).Need, cand)
		v.Rated, v.Rating, v.Stars = true, verdict.Rating, verdict.Stars
	}
	return v
}

// EditServer changes what an operator may change of a server.
func (c *Conductor) EditServer(ctx context.Context, name string, version int64, edit func(*jobserver.Server) error) (jobserver.View, error) {
	s, err := c.store.EditServer(ctx, name, version, c.now(), func(s *jobserver.Server) error {
		if err := edit(s); err != nil {
			return err
		}
		return s.Validate()
	})
	if err != nil {
		return jobserver.View{}, err
	}
	if err := c.serversChanged(ctx); err != nil {
		return jobserver.View{}, err
	}
	c.hurry(name)
	return c.view(s), nil
}

// SetServerMode drains, activates or disables a server. The reason may be empty. What runs there goes on.
func (c *Conductor) SetServerMode(ctx context.Context, name string, mode jobserver.Mode, reason string) (jobserver.View, error) {
	v, err := c.EditServer(ctx, name, 0, func(s *jobserver.Server) error {
		s.Mode, s.Reason = mode, reason
		return nil
	})
	if err != nil {
		return v, err
	}
	c.sessions.settings(name, c.settings(name))
	return v, nil
}

// DeleteServer removes a server from the fleet. Its agent's credential is worth nothing from then on.
func (c *Conductor) DeleteServer(ctx context.Context, name string, version int64) error {
	if err := c.store.DeleteServer(ctx, name, version, c.now()); err != nil {
		return err
	}
	c.keys.forget()
	c.sessions.drop(name)
	if err := c.reloadGroups(ctx); err != nil {
		return err
	}
	return c.serversChanged(ctx)
}

// ServerLoad returns the history of a server's load.
func (c *Conductor) ServerLoad(ctx context.Context, name string, from, to time.Time) ([]jobserver.LoadPoint, error) {
	if _, err := c.store.Server(ctx, name); err != nil {
		return nil, err
	}
	return c.store.Load(ctx, name, from, to)
}

// CreateJoinToken returns a new one-time token. Only its hash is stored, so it cannot be shown again.
func (c *Conductor) CreateJoinToken(ctx context.Context, name string, ttl time.Duration) (string, jobserver.JoinToken, error) {
	if ttl == 0 {
		ttl = DefaultJoinTTL
	}
	if ttl < time.Second || ttl > MaxJoinTTL {
		return "", jobserver.JoinToken{}, fault.Field("ttl", "must be between 1s and %s", MaxJoinTTL)
	}
	if name != "" {
		if err := task.CheckName("name", name); err != nil {
			return "", jobserver.JoinToken{}, err
		}
	}
	now := c.now()
	id, err := c.ids.next(now)
	if err != nil {
		return "", jobserver.JoinToken{}, err
	}
	secret := newSecret()
	t := jobserver.JoinToken{ID: string(id), Hash: hashSecret(secret), Name: name, CreatedAt: now, ExpiresAt: now.Add(ttl)}
	if err := c.store.CreateJoinToken(ctx, t); err != nil {
		return "", jobserver.JoinToken{}, err
	}
	return secret, t, nil
}

func (c *Conductor) serversChanged(ctx context.Context) error {
	if err := c.reloadServers(ctx); err != nil {
		return err
	}
	c.watch.eventsChanged()
	c.wakeDispatcher()
	return nil
}

func (c *Conductor) reloadServers(ctx context.Context) error {
	servers, err := readAll(func(p page.Request) (page.Of[jobserver.Server], error) {
		return c.store.Servers(ctx, jobserver.Filter{}, p)
	})
	if err != nil {
		return err
	}
	c.fleet.setServers(servers, c.now())
	return nil
}
