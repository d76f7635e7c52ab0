package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

func newConcurrencyGroupCommand(a *app) *cobra.Command {
	cmd := group("concurrency-group", "Concurrency groups: limits that several tasks share", `A concurrency group bounds how many runs of all tasks that name it are active at once, such as one at a time on a
database. A task names its groups with the key concurrency_groups.`, `  segno concurrency-group create orders-db --max-concurrent 1
  segno concurrency-group list
  segno concurrency-group edit orders-db --max-concurrent 2`)
	cmd.Aliases = []string{"cg"}
	cmd.AddCommand(newLimitListCommand(a), newLimitShowCommand(a), newLimitCreateCommand(a), newLimitEditCommand(a),
		newDeleteCommand(a, "concurrency group", "Delete a concurrency group that no task names", "segno concurrency-group delete orders-db", concurrencyGroupNames, (*client.Client).DeleteConcurrencyGroup))
	return cmd
}

func concurrencyGroupNames(ctx context.Context, c *client.Client, typed string) ([]string, error) {
	got, err := c.ConcurrencyGroups(ctx, typed, client.PageRequest{Limit: 500})
	return each(got.Items, func(g wire.ConcurrencyGroup) string { return g.Name + "\t" + line(g.Description) }), err
}

func newLimitListCommand(a *app) *cobra.Command {
	var query string
	cmd := &cobra.Command{
		Use: "list", Short: "List concurrency groups, with how many runs count in each", Example: "  segno concurrency-group list", Args: cobra.NoArgs,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, _ []string) error {
			groups, more, err := fetch(0, func(p client.PageRequest) (wire.Page[wire.ConcurrencyGroup], error) {
				return c.ConcurrencyGroups(ctx, query, p)
			})
			if err != nil {
				return err
			}
			return list(a, groups, more, "There are no concurrency groups. `segno concurrency-group create` makes one.",
				[]string{"name", "active", "tasks", "description"}, func(g wire.ConcurrencyGroup) []string {
					return []string{g.Name, a.fill(g), shorten(strings.Join(g.Tasks, ","), 60), line(g.Description)}
				})
		}),
	}
	cmd.Flags().StringVar(&query, "name", "", "only those whose name contains this")
	return cmd
}

// fill says how many runs are active in a group, of how many.
func (a *app) fill(g wire.ConcurrencyGroup) string {
	text := fmt.Sprintf("%d of %d", g.Active, g.MaxConcurrent)
	if g.Active >= g.MaxConcurrent {
		return a.style().yellow(text)
	}
	return text
}

func newLimitShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Short: "Show a concurrency group", Example: "  segno concurrency-group show orders-db", Args: cobra.ExactArgs(1),
		ValidArgsFunction: a.completes(false, concurrencyGroupNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			g, err := c.ConcurrencyGroup(ctx, args[0])
			if err != nil {
				return err
			}
			return a.print(g, func() {
				a.facts([][2]string{
					{"name", g.Name}, {"description", line(g.Description)}, {"active", a.fill(g)},
					{"tasks", strings.Join(g.Tasks, ", ")}, {"changed", clock(&g.UpdatedAt)},
				}...)
			})
		}),
	}
}

func newLimitCreateCommand(a *app) *cobra.Command {
	var spec task.ConcurrencyGroupSpec
	cmd := &cobra.Command{
		Use: "create NAME --max-concurrent N", Short: "Make a concurrency group", Args: cobra.ExactArgs(1),
		Example: `  segno concurrency-group create orders-db --max-concurrent 1 --description "the orders database"`,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			spec.Name = args[0]
			g, err := c.CreateConcurrencyGroup(ctx, spec)
			if err != nil {
				return err
			}
			return a.print(g, func() {
				a.printf("concurrency group %s created: %s active at once.\n", g.Name, count(g.MaxConcurrent, "run"))
			})
		}),
	}
	addLimitFlags(cmd, &spec)
	return cmd
}

func addLimitFlags(cmd *cobra.Command, spec *task.ConcurrencyGroupSpec) {
	cmd.Flags().IntVar(&spec.MaxConcurrent, "max-concurrent", 1, "how many runs of all its tasks may be active at once")
	cmd.Flags().StringVar(&spec.Description, "description", "", "what its tasks have in common")
}

func newLimitEditCommand(a *app) *cobra.Command {
	var spec task.ConcurrencyGroupSpec
	cmd := &cobra.Command{
		Use: "edit NAME", Short: "Change a concurrency group", Args: cobra.ExactArgs(1),
		Long:              "edit changes what is given and leaves the rest. A new limit holds at once; what runs already goes on.",
		Example:           "  segno concurrency-group edit orders-db --max-concurrent 2",
		ValidArgsFunction: a.completes(false, concurrencyGroupNames),
	}
	addLimitFlags(cmd, &spec)
	cmd.RunE = a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
		patch := given(cmd, map[string]any{"max_concurrent": spec.MaxConcurrent, "description": spec.Description})
		if len(patch) == 0 {
			return usagef("nothing to change was given")
		}
		g, err := c.PatchConcurrencyGroup(ctx, args[0], 0, patch)
		if err != nil {
			return err
		}
		return a.print(g, func() {
			a.printf("concurrency group %s changed: %s active at once.\n", g.Name, count(g.MaxConcurrent, "run"))
		})
	})
	return cmd
}

// limitsWord says in a few words how many runs of a task may be active and wait.
func limitsWord(s task.Spec) string {
	var parts []string
	if s.MaxConcurrent > 0 {
		when := s.WhenBusy
		if when == "" {
			when = task.BusyQueue
		}
		parts = append(parts, fmt.Sprintf("%s active, then %s", count(s.MaxConcurrent, "run"), when))
	}
	if s.MaxQueued > 0 {
		parts = append(parts, fmt.Sprintf("%d waiting", s.MaxQueued))
	}
	if s.MaxQueueTime > 0 {
		parts = append(parts, "waits for "+durationWord(s.MaxQueueTime)+" at most")
	}
	return strings.Join(parts, "; ")
}
