package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

func newServerCommand(a *app) *cobra.Command {
	cmd := group("server", "Job servers: the hosts that run jobs", "", `  segno server list
  segno server join-token js-4
  segno server drain js-1 --reason "new disk"
  segno server what-if js-1`)
	cmd.AddCommand(
		newServerListCommand(a), newServerShowCommand(a), newJoinTokenCommand(a),
		newServerModeCommand(a, "drain", "Let a server finish what it runs, and give it nothing new", (*client.Client).DrainServer),
		newServerModeCommand(a, "activate", "Give a server new runs again", (*client.Client).ActivateServer),
		newServerModeCommand(a, "disable", "Take a server out of use", (*client.Client).DisableServer),
		newWhatIfCommand(a), newDeclareDeadCommand(a), newServerLabelCommand(a), newServerEditCommand(a), newServerDeleteCommand(a),
	)
	return cmd
}

func newServerListCommand(a *app) *cobra.Command {
	var f jobserver.Filter
	cmd := &cobra.Command{
		Use: "list", Short: "List job servers", Args: cobra.NoArgs,
		Example: `  segno server list
  segno server list --virtual-server etl --label disk=ssd
  segno server list -o json | jq -r '.items[] | select(.status != "online") | .name'`,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, _ []string) error {
			servers, more, err := fetch(0, func(p client.PageRequest) (wire.Page[wire.Server], error) { return c.Servers(ctx, f, p) })
			if err != nil {
				return err
			}
			header := []string{"name", "status", "rating", "stars", "slots", "power", "load", "seen", "in", "labels"}
			return list(a, servers, more, "There are no job servers. `segno server join-token NAME` shows how one joins.", header, a.serverRow)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.Query, "name", "", "only servers whose name contains this")
	flags.StringVar(&f.Status, "status", "", "only servers of this `status`, such as online or draining")
	flags.StringVar(&f.VirtualServer, "virtual-server", "", "only members of this virtual server")
	flags.StringToStringVar(&f.Labels, "label", nil, "only servers with this label, as `k=v`")
	complete(cmd, "virtual-server", a.completes(true, virtualServerNames))
	return cmd
}

func (a *app) serverRow(s wire.Server) []string {
	rating, shown := "", ""
	if s.Rating != nil && s.Stars != nil {
		rating, shown = fmt.Sprintf("%.1f", *s.Rating), stars(*s.Stars)
	}
	load := ""
	if s.Load != nil {
		load = fmt.Sprintf("%.2f", s.Load.Load1)
	}
	return []string{
		s.Name, a.statusWord(s), rating, shown, fmt.Sprintf("%d/%d", s.SlotsUsed, s.Slots), fmt.Sprint(s.Power), load,
		a.ago(s.LastSeen), strings.Join(s.VirtualServers, ","), pairs(s.Labels),
	}
}

func newServerShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Short: "Show a job server", Example: "  segno server show js-1", Args: cobra.ExactArgs(1),
		ValidArgsFunction: a.completes(false, serverNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			s, err := c.Server(ctx, args[0])
			if err != nil {
				return err
			}
			return a.print(s, func() { a.showServer(s) })
		}),
	}
}

func (a *app) showServer(s wire.Server) {
	rating, load := "", ""
	if s.Rating != nil && s.Stars != nil {
		rating = fmt.Sprintf("%s %.1f (for a run of one core)", stars(*s.Stars), *s.Rating)
	}
	if l := s.Load; l != nil {
		load = fmt.Sprintf("%.0f %% of %g CPUs, load %.2f, memory %.0f %% of %s, disk %.0f %% of %s", 100*l.CPUTotal, l.CPUs, l.Load1,
			used(l.MemoryAvailable, l.MemoryTotal), size(l.MemoryTotal), used(l.DiskFree, l.DiskTotal), size(l.DiskTotal))
	}
	status := a.style().state(s.Status)
	if s.StateSince != nil {
		status += " since " + clock(s.StateSince)
	}
	if s.Reason != "" {
		status += ": " + line(s.Reason)
	}
	unavailable := span(time.Duration(s.Patience))
	if s.UnavailableAfter == 0 {
		unavailable += " (default)"
	}
	a.facts([][2]string{
		{"name", s.Name}, {"kind", string(s.Kind)}, {"status", status}, {"silent", a.timersWord(s.Timers)},
		{"quarantined", a.style().red(line(s.Quarantine))}, {"held for", heldWord(s.Held)}, {"description", line(s.Description)},
		{"labels", pairs(s.Labels)}, {"slots", fmt.Sprintf("%d of %d taken", s.SlotsUsed, s.Slots)}, {"power", fmt.Sprint(s.Power)},
		{"runs jobs as", runAsWord(s)},
		{"rating", rating}, {"load", load}, {"heartbeats", heartbeatsWord(s)}, {"unavailable after", unavailable}, {"virtual servers", strings.Join(s.VirtualServers, ", ")},
		{"seen", a.ago(s.LastSeen)}, {"joined", clock(&s.JoinedAt)}, {"agent", line(s.AgentVersion)},
	}...)
	if len(s.Attempts) == 0 {
		return
	}
	a.println()
	a.table([]string{"run", "attempt", "state", "since"}, each(s.Attempts, func(t wire.RunningAttempt) []string {
		since := t.StartedAt
		if since == nil {
			since = &t.OfferedAt
		}
		return []string{string(t.Run), fmt.Sprint(t.Number), a.style().state(string(t.State)), a.ago(since)}
	}))
}

// runAsWord says as which users of its host a server runs jobs, besides its agent's own.
func runAsWord(s wire.Server) string {
	if len(s.RunAs) > 0 && s.RunAsProblem != "" {
		return strings.Join(s.RunAs, ", ") + " (but it " + line(s.RunAsProblem) + ")"
	}
	return strings.Join(s.RunAs, ", ")
}

// statusWord is the status of a server, and whether it is fit for runs.
func (a *app) statusWord(s wire.Server) string {
	if s.Quarantine != "" {
		return a.style().state(s.Status) + a.style().red(" (quarantined)")
	}
	return a.style().state(s.Status)
}

// heartbeatsWord says how often a server is heard from, and what follows from its silence first.
func heartbeatsWord(s wire.Server) string {
	if s.HeartbeatEvery == 0 {
		return ""
	}
	return fmt.Sprintf("every %s, unreachable after %s of silence", span(time.Duration(s.HeartbeatEvery)), span(time.Duration(s.UnreachableAfter)))
}

// timersWord says of a silent server since when, and what follows when.
func (a *app) timersWord(t *wire.Timers) string {
	switch {
	case t == nil:
		return ""
	case t.UnavailableSince != nil:
		return "unavailable since " + clock(t.UnavailableSince)
	case t.UnavailableAt == nil:
		return "unreachable since " + clock(t.UnreachableSince)
	}
	return fmt.Sprintf("unreachable since %s, unavailable in %s", clock(t.UnreachableSince), span(t.UnavailableAt.Sub(a.now())))
}

func heldWord(d *task.Duration) string {
	if d == nil {
		return ""
	}
	return span(time.Duration(*d)) + ": its jobs go on while the conductor is away on purpose"
}

// used returns the used share of a whole in percent.
func used(free, total int64) float64 {
	if total <= 0 {
		return 0
	}
	return 100 * float64(total-free) / float64(total)
}

// size writes bytes with a unit that leaves at most four digits.
func size(bytes int64) string {
	const units = "KMGTPE"
	if bytes < 1024 {
		return fmt.Sprintf("%d B", bytes)
	}
	value, unit := float64(bytes)/1024, 0
	for value >= 1024 && unit < len(units)-1 {
		value, unit = value/1024, unit+1
	}
	return fmt.Sprintf("%.1f %ciB", value, units[unit])
}

func newJoinTokenCommand(a *app) *cobra.Command {
	var ttl time.Duration
	cmd := &cobra.Command{
		Use: "join-token NAME", Short: "Make a one-time token with which a host joins", Args: cobra.ExactArgs(1),
		Long: "join-token makes a token with which one host can join under this name, once. It cannot be shown again.",
		Example: `  segno server join-token js-4
  jobserver join --conductor "$SEGNO_CONDUCTOR" --name js-4 --data /var/lib/segno --token "$(segno server join-token js-4 -o json | jq -r .token)"`,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			t, err := c.CreateJoinToken(ctx, wire.JoinTokenRequest{Name: args[0], TTL: task.Duration(ttl)})
			if err != nil {
				return err
			}
			return a.print(t, func() {
				a.println(t.Token)
				a.note("It serves once, until %s. On the host, run:\n\n  %s\n", clock(&t.ExpiresAt), printable(t.Command))
			})
		}),
	}
	cmd.Flags().DurationVar(&ttl, "ttl", time.Hour, "how long the token can be used, 1m to 720h")
	return cmd
}

type modeChange func(c *client.Client, ctx context.Context, name, reason string) (wire.Server, error)

func newServerModeCommand(a *app, verb, short string, change modeChange) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: verb + " NAME", Short: short, Args: cobra.ExactArgs(1), ValidArgsFunction: a.completes(false, serverNames),
		Example: fmt.Sprintf("  segno server %s js-1\n  segno server %s js-1 --reason \"new disk\"", verb, verb),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			s, err := change(c, ctx, args[0], reason)
			if err != nil {
				return err
			}
			return a.print(s, func() {
				a.printf("%s is %s now, with %s on it.\n", s.Name, a.style().state(s.Status), count(len(s.Attempts), "run"))
			})
		}),
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why; shown beside the server")
	return cmd
}

func newServerLabelCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "label NAME KEY=VALUE|KEY- …", Short: "Set and remove labels of a job server", Args: cobra.MinimumNArgs(2),
		ValidArgsFunction: a.completes(false, serverNames),
		Example: `  segno server label js-1 disk=ssd room=cellar
  segno server label js-1 room-`,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			labels, err := labelPatch(args[1:])
			if err != nil {
				return err
			}
			s, err := c.PatchServer(ctx, args[0], 0, map[string]any{"labels": labels})
			if err != nil {
				return err
			}
			return a.print(s, func() { a.printf("%s: %s\n", s.Name, first(pairs(s.Labels), "no labels")) })
		}),
	}
}

// labelPatch reads k=v, which sets a label, and k-, which removes it.
func labelPatch(args []string) (map[string]any, error) {
	patch := map[string]any{}
	for _, arg := range args {
		if key, value, ok := strings.Cut(arg, "="); ok && key != "" {
			patch[key] = value
			continue
		}
		key, ok := strings.CutSuffix(arg, "-")
		if !ok || key == "" {
			return nil, usagef("%q is neither KEY=VALUE, which sets a label, nor KEY-, which removes one", arg)
		}
		patch[key] = nil
	}
	return patch, nil
}

func newServerEditCommand(a *app) *cobra.Command {
	var slots int
	var power float64
	var description string
	var unavailableAfter time.Duration
	cmd := &cobra.Command{
		Use: "edit NAME", Short: "Change slots, power and description of a job server", Args: cobra.ExactArgs(1),
		ValidArgsFunction: a.completes(false, serverNames),
		Example: `  segno server edit js-1 --slots 16 --power 2
  segno server edit js-1 --unavailable-after 30s`,
	}
	flags := cmd.Flags()
	flags.IntVar(&slots, "slots", 0, "how many runs fit, 1 to 10000")
	flags.Float64Var(&power, "power", 0, "speed of the host: 1 is ordinary, 2 twice as fast")
	flags.StringVar(&description, "description", "", "what the server is")
	flags.DurationVar(&unavailableAfter, "unavailable-after", 0, "silence after which it counts as unavailable; 0 for the default")
	cmd.RunE = a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
		patch := given(cmd, map[string]any{
			"slots": slots, "power": power, "description": description, "unavailable_after": durationOrNull(unavailableAfter),
		})
		if len(patch) == 0 {
			return usagef("nothing to change was given")
		}
		s, err := c.PatchServer(ctx, args[0], 0, patch)
		if err != nil {
			return err
		}
		return a.print(s, func() { a.printf("%s changed.\n", s.Name) })
	})
	return cmd
}

// given keeps of a merge patch those values whose flags were given.
func given(cmd *cobra.Command, patch map[string]any) map[string]any {
	for key := range patch {
		if !cmd.Flags().Changed(strings.ReplaceAll(key, "_", "-")) {
			delete(patch, key)
		}
	}
	return patch
}

func durationOrNull(d time.Duration) any {
	if d == 0 {
		return nil
	}
	return task.Duration(d)
}

func newServerDeleteCommand(a *app) *cobra.Command {
	return newDeleteCommand(a, "job server", "Remove a job server from the fleet and from its groups", "segno server delete js-1",
		serverNames, (*client.Client).DeleteServer)
}

type deletion func(c *client.Client, ctx context.Context, name string, version int64) error

func newDeleteCommand(a *app, noun, short, example string, complete names, remove deletion) *cobra.Command {
	return &cobra.Command{
		Use: "delete NAME …", Short: short, Example: "  " + example, Args: cobra.MinimumNArgs(1),
		ValidArgsFunction: a.completes(true, complete),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			for _, name := range args {
				if !task.ValidName(name) {
					return fmt.Errorf("%s %q: %w: no such name can exist", noun, name, fault.NotFound)
				}
				if err := remove(c, ctx, name, 0); err != nil {
					return err
				}
				a.note("%s %s deleted.", noun, name)
			}
			return nil
		}),
	}
}
