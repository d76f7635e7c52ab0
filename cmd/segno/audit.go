package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/audit"
)

func newAuditCommand(a *app) *cobra.Command {
	var f audit.Filter
	var within time.Duration
	var limit int
	cmd := &cobra.Command{
		Use: "audit", Short: "List what operators did or tried to do, newest first", Args: cobra.NoArgs,
		Long: `audit lists who did what to servers, runs, triggers and settings, when and from which address, with the reason that was
given. What was refused is listed with the reason of that. Deeds are kept for 400 days.`,
		Example: "  segno audit\n  segno audit --subject servers/js-1\n  segno audit --act declareServerDead --within 720h -o json",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, _ []string) error {
			if within > 0 {
				f.Since = a.now().Add(-within)
			}
			all, more, err := fetch(limit, func(p client.PageRequest) (wire.Page[wire.Deed], error) { return c.Audit(ctx, f, p) })
			if err != nil {
				return err
			}
			return list(a, all, more, "Nothing of that kind was done.", []string{"at", "by", "from", "act", "subject", "reason", "outcome"}, func(d wire.Deed) []string {
				return []string{clock(&d.At), line(d.By), line(d.From), d.Act, line(d.Subject), line(d.Reason), line(d.Outcome)}
			})
		}),
	}
	cmd.Flags().StringVar(&f.By, "by", "", "only what this account or token did")
	cmd.Flags().StringVar(&f.Act, "act", "", "only this operation of the API, such as declareServerDead")
	cmd.Flags().StringVar(&f.Subject, "subject", "", "only what was done to this, such as servers/js-1 or runs/ID")
	cmd.Flags().DurationVar(&within, "within", 0, "only what was done within this time, such as 24h")
	cmd.Flags().IntVar(&limit, "limit", 50, "most to list; 0 lists all")
	return cmd
}
