package api

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/segno-jobs/segno/api/strictjson"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// maxReason is the length of what an operator says of an action.
const maxReason = jobserver.MaxReason

func (s *Server) listServers(c *call) (answer, error) {
	f := jobserver.Filter{
		Query:         c.query.text("q"),
		Kind:          jobserver.Kind(c.query.oneOf("kind", string(jobserver.KindJob), string(jobserver.KindRuntime))),
		Status:        c.query.oneOf("status", statuses...),
		VirtualServer: c.query.text("virtual_server"),
		Labels:        c.query.pairs("label"),
	}
	return listed(c, serverOf, func(ctx context.Context, p page.Request) (page.Of[ServerView], error) {
		return s.service.Servers(ctx, f, p)
	})
}

// statuses are the values of jobserver.Server.Status.
var statuses = []string{
	string(jobserver.Online), string(jobserver.NeverSeen), string(jobserver.Unreachable), string(jobserver.Unavailable),
	string(jobserver.Draining), string(jobserver.Disabled),
}

func (s *Server) getServer(c *call) (answer, error) {
	name, err := c.name("name")
	if err != nil {
		return answer{}, err
	}
	return oneServer(s.service.Server(c.ctx(), name))
}

func oneServer(v ServerView, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	return versioned(serverOf(v), v.Version)
}

func (s *Server) patchServer(c *call) (answer, error) {
	e, err := readEdit[wire.ServerSettings](c)
	if err != nil {
		return answer{}, err
	}
	v, err := s.service.EditServer(c.ctx(), e.name, e.version, func(stored *jobserver.Server) error {
		return patchSettings(stored, e.patch)
	})
	return oneServer(v, edited(err, e.version, s.serverVersion(c, e.name)))
}

func patchSettings(stored *jobserver.Server, patch []byte) error {
	defaults := wire.ServerSettings{Slots: jobserver.DefaultSlots, Power: 1}
	after, err := strictjson.Merge(wire.SettingsOf(*stored), defaults, patch)
	if err != nil {
		return err
	}
	after.Apply(stored)
	return stored.Validate()
}

func (s *Server) deleteServer(c *call) (answer, error) {
	return deleted(c, s.service.DeleteServer, s.serverVersion)
}

func (s *Server) serverVersion(c *call, name string) func() (int64, error) {
	return func() (int64, error) {
		v, err := s.service.Server(c.ctx(), name)
		return v.Version, err
	}
}

func (s *Server) drainServer(c *call) (answer, error) { return s.setMode(c, jobserver.Draining) }

func (s *Server) activateServer(c *call) (answer, error) { return s.setMode(c, jobserver.Active) }

func (s *Server) disableServer(c *call) (answer, error) { return s.setMode(c, jobserver.Disabled) }

func (s *Server) setMode(c *call, mode jobserver.Mode) (answer, error) {
	name, err := c.name("name")
	if err != nil {
		return answer{}, err
	}
	var in wire.ModeChange
	if err := c.readOptional(&in); err != nil {
		return answer{}, err
	}
	if err := task.CheckText("reason", in.Reason, maxReason); err != nil {
		return answer{}, err
	}
	return oneServer(s.service.SetServerMode(c.ctx(), name, mode, in.Reason))
}

// defaultLoad is how far back the load of a server is read by default.
const defaultLoad = time.Hour

func (s *Server) serverLoad(c *call) (answer, error) {
	name, err := c.name("name")
	if err != nil {
		return answer{}, err
	}
	from, to := c.query.instant("from"), c.query.instant("to")
	if to.IsZero() {
		to = s.now().Add(time.Second)
	}
	if from.IsZero() {
		from = to.Add(-defaultLoad)
	}
	if !from.Before(to) {
		c.query.refuse("from", "must be before to")
	}
	if err := c.query.err(); err != nil {
		return answer{}, err
	}
	points, err := s.service.ServerLoad(c.ctx(), name, from, to)
	if err != nil {
		return answer{}, err
	}
	return ok(wire.PageOf(page.Of[jobserver.LoadPoint]{Items: points}, wire.LoadPointOf))
}

// Bounds of the life of a join token.
const (
	defaultTTL = time.Hour
	minTTL     = time.Second
	maxTTL     = 30 * 24 * time.Hour
)

func (s *Server) createJoinToken(c *call) (answer, error) {
	in := wire.JoinTokenRequest{TTL: task.Duration(defaultTTL)}
	if err := c.readOptional(&in); err != nil {
		return answer{}, err
	}
	if ttl := time.Duration(in.TTL); ttl < minTTL || ttl > maxTTL {
		return answer{}, fault.Field("ttl", "must be from %s to %s, not %s", minTTL, maxTTL, ttl)
	}
	if in.Name != "" {
		if err := task.CheckName("name", in.Name); err != nil {
			return answer{}, err
		}
	}
	token, t, err := s.service.CreateJoinToken(c.ctx(), in.Name, time.Duration(in.TTL))
	if err != nil {
		return answer{}, err
	}
	return answer{status: 201, body: wire.JoinToken{
		Token: token, Name: t.Name, ExpiresAt: wire.At(t.ExpiresAt), Command: s.joinCommand(c, token, t.Name),
	}}, nil
}

// hostFolder is where an agent keeps its data, which is where the unit in deploy/ has it.
const hostFolder = "/var/lib/segno-jobserver"

// joinCommand is one line for the host, which joins it and then is its agent. Nothing in it needs quotes in a shell.
func (s *Server) joinCommand(c *call, token, name string) string {
	conductor := s.publicURL
	if conductor == "" {
		conductor = "http://" + c.r.Host
		if c.r.TLS != nil {
			conductor = "https://" + c.r.Host
		}
	}
	if strings.ContainsAny(conductor, " '\"`$;&|<>()\\\n\r\t*?!{}#") {
		conductor = "URL"
	}
	line := fmt.Sprintf("jobserver join --conductor %s --token %s --data %s", conductor, token, hostFolder)
	if name != "" {
		line += " --name " + name
	}
	return line + " && jobserver run --data " + hostFolder
}

// serverOf returns a server as it is sent.
func serverOf(v ServerView) wire.Server {
	out := wire.Server{
		Name: v.Name, Kind: v.Kind, Status: v.Status(), Mode: v.Mode, Contact: v.State,
		StateSince: wire.AtOrNil(v.StateSince), Reason: v.Reason, ServerSettings: wire.SettingsOf(v.Server),
		Patience: task.Duration(v.Patience()), HeartbeatEvery: task.Duration(v.HeartbeatEvery), UnreachableAfter: task.Duration(v.UnreachableAfter),
		Timers: wire.TimersOf(v), Held: wire.HeldOf(v), Quarantine: v.Quarantine,
		RunAs: append([]string{}, v.RunAs.Users...), RunAsProblem: v.RunAs.Problem,
		SlotsUsed: v.SlotsUsed, Load: wire.SampleOf(v.Sample), Attempts: make([]wire.RunningAttempt, len(v.Attempts)),
		VirtualServers: append([]string{}, v.VirtualServers...), JoinedAt: wire.At(v.JoinedAt), LastSeen: wire.AtOrNil(v.LastSeen),
		BootID: v.BootID, Instance: v.Instance, AgentVersion: v.AgentVersion, Version: v.Version,
	}
	if v.Rated {
		out.Rating, out.Stars = &v.Rating, &v.Stars
	}
	for i, a := range v.Attempts {
		w := wire.AttemptOf(a)
		out.Attempts[i] = wire.RunningAttempt{Run: a.Run, Number: w.Number, State: w.State, OfferedAt: w.OfferedAt, StartedAt: w.StartedAt}
	}
	return out
}
