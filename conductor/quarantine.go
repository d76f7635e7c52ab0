package conductor

import (
	"context"
	"fmt"
)

// hearQuarantine keeps runs from a server where a process outlives SIGKILL, until a heartbeat comes without it.
func (c *Conductor) hearQuarantine(ctx context.Context, r Report) error {
	reason := ""
	for _, k := range r.Kept {
		if k.Unkillable {
			reason = fmt.Sprintf("processes of attempt %d of run %s cannot be killed", k.Ref.Number, k.Ref.Run)
			break
		}
	}
	if c.fleet.quarantine(r.Server) == reason {
		return nil
	}
	if err := c.store.Quarantine(ctx, r.Server, reason, r.At); err != nil {
		return err
	}
	c.fleet.setQuarantine(r.Server, reason)
	if reason != "" {
		c.log.Warn("a job server is quarantined", "server", r.Server, "reason", reason)
	} else {
		c.log.Info("a job server is out of quarantine", "server", r.Server)
	}
	c.watch.eventsChanged()
	c.wakeDispatcher()
	return nil
}

func (f *fleet) quarantine(server string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if h, known := f.hosts[server]; known {
		return h.server.Quarantine
	}
	return ""
}

func (f *fleet) setQuarantine(server, reason string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if h, known := f.hosts[server]; known {
		h.server.Quarantine = reason
	}
}
