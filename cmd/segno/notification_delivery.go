package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/notification"
)

func newDeliveryCommand(a *app) *cobra.Command {
	cmd := group("delivery", "Deliveries: what was told, waits, or is dead", "", "  segno notification delivery list --state waiting,dead")
	cmd.AddCommand(newDeliveryListCommand(a), newDeliveryShowCommand(a), newDeliveryRetryCommand(a))
	return cmd
}

func stateWordsOf(states []notification.State) []string {
	return each(states, func(s notification.State) string { return string(s) })
}

func newDeliveryListCommand(a *app) *cobra.Command {
	var f notification.DeliveryFilter
	var states []string
	var event string
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "List deliveries, newest first", Args: cobra.NoArgs,
		Example: "  segno notification delivery list\n  segno notification delivery list --state dead --channel ops",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, _ []string) error {
			f.States = each(states, func(s string) notification.State { return notification.State(s) })
			f.Event = notification.Kind(event)
			got, more, err := fetch(limit, func(p client.PageRequest) (wire.Page[wire.Delivery], error) { return c.Deliveries(ctx, f, p) })
			if err != nil {
				return err
			}
			return list(a, got, more, "There are no such deliveries.", []string{"id", "at", "channel", "state", "tries", "title", "last error"}, a.deliveryRow)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.Channel, "channel", "", "only those of this channel")
	flags.StringSliceVar(&states, "state", nil, "only those in these states: waiting, delivered, dead")
	flags.StringVar(&event, "event", "", "only those about this, such as run_failed")
	flags.IntVar(&limit, "limit", 50, "how many at most; 0 is all")
	complete(cmd, "channel", a.completes(true, channelNames))
	complete(cmd, "state", cobra.FixedCompletions(stateWordsOf(notification.States()), cobra.ShellCompDirectiveNoFileComp))
	complete(cmd, "event", cobra.FixedCompletions(kindWords(notification.Kinds()), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (a *app) deliveryRow(d wire.Delivery) []string {
	return []string{d.ID, clock(&d.CreatedAt), d.Channel, a.deliveryState(d), fmt.Sprint(d.Tries), line(d.Title), line(d.LastError)}
}

func (a *app) deliveryState(d wire.Delivery) string {
	switch d.State {
	case notification.Dead:
		return a.style().red(string(d.State))
	case notification.Waiting:
		return a.style().yellow(string(d.State))
	}
	return string(d.State)
}

func newDeliveryShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a delivery and what it tells", Args: cobra.ExactArgs(1), Example: "  segno notification delivery show 01JD3Z5M7QW8X9Y0ABCDEFGHJK",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			d, err := c.Delivery(ctx, args[0])
			if err != nil {
				return err
			}
			return a.print(d, func() {
				a.facts([][2]string{
					{"id", d.ID}, {"channel", d.Channel}, {"event", string(d.Event)}, {"state", a.deliveryState(d)}, {"tries", fmt.Sprint(d.Tries)},
					{"last error", line(d.LastError)}, {"made", clock(&d.CreatedAt)}, {"next try", clock(d.NextAt)}, {"ended", clock(d.EndedAt)},
				}...)
				a.printf("\n%s", printable(d.Notice.Body()))
			})
		}),
	}
}

func newDeliveryRetryCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "retry ID …", Short: "Try deliveries anew and at once, also dead ones", Args: cobra.MinimumNArgs(1),
		Example: "  segno notification delivery retry 01JD3Z5M7QW8X9Y0ABCDEFGHJK",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			for _, id := range args {
				d, err := c.RetryDelivery(ctx, id)
				if err != nil {
					return err
				}
				a.note("%s is told again: %s", d.Channel, line(d.Title))
			}
			return nil
		}),
	}
}
