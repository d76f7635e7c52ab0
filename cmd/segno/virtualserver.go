package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

func newVirtualServerCommand(a *app) *cobra.Command {
	cmd := group("vs", "Virtual servers: groups of job servers", "", `  segno vs list
  segno vs create etl --members js-1,js-2
  segno vs rating etl`)
	cmd.Aliases = []string{"virtual-server"}
	cmd.AddCommand(newGroupListCommand(a), newGroupShowCommand(a), newGroupCreateCommand(a), newGroupEditCommand(a),
		newDeleteCommand(a, "virtual server", "Delete a virtual server", "segno vs delete etl", virtualServerNames, (*client.Client).DeleteVirtualServer),
		newAddMemberCommand(a), newRemoveMemberCommand(a), newRatingCommand(a))
	return cmd
}

func newGroupListCommand(a *app) *cobra.Command {
	var query string
	cmd := &cobra.Command{
		Use: "list", Short: "List virtual servers", Example: "  segno vs list", Args: cobra.NoArgs,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, _ []string) error {
			groups, more, err := fetch(0, func(p client.PageRequest) (wire.Page[wire.VirtualServer], error) {
				return c.VirtualServers(ctx, query, p)
			})
			if err != nil {
				return err
			}
			return list(a, groups, more, "There are no virtual servers. `segno vs create` makes one.",
				[]string{"name", "active", "selection", "members", "rating", "description"}, a.groupRow)
		}),
	}
	cmd.Flags().StringVar(&query, "name", "", "only those whose name contains this")
	return cmd
}

func (a *app) groupRow(v wire.VirtualServer) []string {
	return []string{v.Name, a.active(v), first(string(v.Selection), string(virtualserver.BestRated)), strings.Join(v.Members, ","),
		ratingName(v.Rating), line(v.Description)}
}

func (a *app) active(v wire.VirtualServer) string {
	if v.Inactive {
		return a.style().yellow("no")
	}
	return "yes"
}

func ratingName(r virtualserver.Rating) string {
	switch {
	case len(r.Indicators) > 0:
		return count(len(r.Indicators), "indicator")
	case r.Preset != "":
		return r.Preset
	}
	return "recommended"
}

func newGroupShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Short: "Show a virtual server", Example: "  segno vs show etl\n  segno vs show etl -o yaml", Args: cobra.ExactArgs(1),
		ValidArgsFunction: a.completes(false, virtualServerNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			v, err := c.VirtualServer(ctx, args[0])
			if err != nil {
				return err
			}
			return a.print(v, func() {
				a.facts([][2]string{
					{"name", v.Name}, {"description", line(v.Description)}, {"active", a.active(v)}, {"labels", pairs(v.Labels)},
					{"selection", first(string(v.Selection), string(virtualserver.BestRated))},
					{"rating", ratingName(v.Rating)}, {"members", strings.Join(v.Members, ", ")}, {"weights", weights(v.Weights)},
					{"cluster group", line(v.ClusterGroup)}, {"if unavailable", a.unavailableWord(v.OnUnavailable, &v.UnavailableAfter, v.LeaveRunning)},
					{"changed", clock(&v.UpdatedAt)},
				}...)
				a.warnOfLeaving(v.LeaveRunning)
				if len(v.Rating.Indicators) == 0 {
					return
				}
				a.println()
				a.table([]string{"indicator", "min", "max", "weight"}, each(v.Rating.Indicators, func(i virtualserver.Indicator) []string {
					return []string{i.Name, fmt.Sprint(i.Min), fmt.Sprint(i.Max), fmt.Sprint(i.Weight)}
				}))
			})
		}),
	}
}

func weights(w map[string]float64) string {
	m := make(map[string]string, len(w))
	for name, value := range w {
		m[name] = fmt.Sprint(value)
	}
	return pairs(m)
}

// groupFlags are the settings of a virtual server as flags.
type groupFlags struct {
	members                               []string
	description, selection, rating, group string
	inactive                              bool
	fallback                              unavailableFlags
}

func (f *groupFlags) add(a *app, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVar(&f.members, "members", nil, "names of job servers, in order")
	flags.StringVar(&f.description, "description", "", "what the group is for")
	flags.StringVar(&f.selection, "selection", "", "how a member is chosen: best-rated, random, round-robin, least-running, priority or weighted")
	flags.StringVar(&f.rating, "rating", "", "`preset` of the rating: recommended, plain or talend")
	flags.StringVar(&f.group, "cluster-group", "", "cluster group on runtime servers")
	flags.BoolVar(&f.inactive, "inactive", false, "whether the group takes no new runs")
	f.fallback.add(cmd)
	complete(cmd, "members", a.completes(true, serverNames))
	complete(cmd, "selection", cobra.FixedCompletions(each(virtualserver.Selections(), func(s virtualserver.Selection) string { return string(s) }), cobra.ShellCompDirectiveNoFileComp))
	complete(cmd, "rating", cobra.FixedCompletions([]string{"recommended", "plain", "talend"}, cobra.ShellCompDirectiveNoFileComp))
}

func newGroupCreateCommand(a *app) *cobra.Command {
	var f groupFlags
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a virtual server", Args: cobra.ExactArgs(1),
		Example: `  segno vs create etl --members js-1,js-2
  segno vs create spare --members js-3 --selection priority`,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			v, err := c.CreateVirtualServer(ctx, virtualserver.Spec{
				Name: args[0], Description: f.description, Inactive: f.inactive, ClusterGroup: f.group, Members: f.members,
				Selection: virtualserver.Selection(f.selection), Rating: virtualserver.Rating{Preset: f.rating},
				OnUnavailable: f.fallback.policy(), UnavailableAfter: task.Duration(f.fallback.after), LeaveRunning: f.fallback.leave,
			})
			if err != nil {
				return err
			}
			a.warnOfLeaving(v.LeaveRunning)
			return a.print(v, func() { a.printf("virtual server %s created, with %s.\n", v.Name, count(len(v.Members), "member")) })
		}),
	}
	f.add(a, cmd)
	return cmd
}

func newGroupEditCommand(a *app) *cobra.Command {
	var f groupFlags
	cmd := &cobra.Command{
		Use: "edit NAME", Short: "Change a virtual server", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completes(false, virtualServerNames),
		Long: "edit changes what is given and leaves the rest. For indicators of your own, weights and labels use `segno apply`.",
		Example: `  segno vs edit etl --selection least-running
  segno vs edit etl --inactive=false`,
	}
	f.add(a, cmd)
	cmd.RunE = a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
		patch := given(cmd, map[string]any{
			"members": f.members, "description": f.description, "selection": f.selection, "rating": f.rating,
			"cluster_group": f.group, "inactive": f.inactive, "on_unavailable": f.fallback.policy(),
			"unavailable_after": durationOrNull(f.fallback.after), "leave_running": f.fallback.leave,
		})
		if len(patch) == 0 {
			return usagef("nothing to change was given")
		}
		v, err := c.PatchVirtualServer(ctx, args[0], 0, patch)
		if err != nil {
			return err
		}
		a.warnOfLeaving(v.LeaveRunning && cmd.Flags().Changed("leave-running"))
		return a.print(v, func() { a.printf("virtual server %s changed.\n", v.Name) })
	})
	return cmd
}

func newAddMemberCommand(a *app) *cobra.Command {
	var position int
	var weight float64
	cmd := &cobra.Command{
		Use: "add NAME SERVER …", Short: "Put job servers into a virtual server", Args: cobra.MinimumNArgs(2),
		ValidArgsFunction: a.completes(true, virtualServerNames, serverNames),
		Example: `  segno vs add etl js-3 js-4
  segno vs add etl js-1 --position 0`,
	}
	cmd.Flags().IntVar(&position, "position", 0, "place among the members, from 0; without it a new one comes last")
	cmd.Flags().Float64Var(&weight, "weight", 1, "weight for the selection weighted")
	cmd.RunE = a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
		var m wire.Membership
		if cmd.Flags().Changed("position") {
			m.Position = &position
		}
		if cmd.Flags().Changed("weight") {
			m.Weight = &weight
		}
		var v wire.VirtualServer
		for _, server := range args[1:] {
			var err error
			if v, err = c.AddMember(ctx, args[0], server, m); err != nil {
				return err
			}
		}
		return a.print(v, func() { a.printf("%s: %s\n", v.Name, strings.Join(v.Members, ", ")) })
	})
	return cmd
}

func newRemoveMemberCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME SERVER …", Short: "Take job servers out of a virtual server", Example: "  segno vs remove etl js-3",
		Args: cobra.MinimumNArgs(2), ValidArgsFunction: a.completes(true, virtualServerNames, serverNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			for _, server := range args[1:] {
				if err := c.RemoveMember(ctx, args[0], server); err != nil {
					return err
				}
				a.note("%s is no member of %s now.", server, args[0])
			}
			return nil
		}),
	}
}

func newRatingCommand(a *app) *cobra.Command {
	var taskName string
	cmd := &cobra.Command{
		Use: "rating NAME", Short: "Say which member would be chosen now, and why", Args: cobra.ExactArgs(1),
		ValidArgsFunction: a.completes(false, virtualServerNames),
		Example: `  segno vs rating etl
  segno vs rating etl --task load-orders`,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			p, err := c.Rating(ctx, args[0], taskName)
			if err != nil {
				return err
			}
			return a.print(p, func() {
				a.explain(p, 0)
				a.note("As of %s. Nothing was placed.", p.At.Local().Format(time.TimeOnly))
			})
		}),
	}
	cmd.Flags().StringVar(&taskName, "task", "", "for a run of this task; else for a run of one core")
	complete(cmd, "task", a.completes(true, taskNames))
	return cmd
}
