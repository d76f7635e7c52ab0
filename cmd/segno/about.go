package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/version"
)

func newAboutCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "about", Short: "Say what the conductor is: versions, database, readiness", Args: cobra.NoArgs,
		Example: "  segno about\n  segno about -o json | jq .database",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, _ []string) error {
			facts, err := c.About(ctx)
			if err != nil {
				return err
			}
			return a.print(facts, func() { a.showAbout(c.URL(), facts) })
		}),
	}
}

func (a *app) showAbout(url string, facts wire.About) {
	db := facts.Database
	pairs := [][2]string{
		{"conductor", url}, {"version", facts.Version}, {"built with", facts.GoVersion}, {"this client", version.Version},
		{"database", fmt.Sprintf("%s %s, %s, schema %d", db.Kind, db.Version, size(db.Bytes), db.Schema)},
	}
	for _, c := range facts.Conductors {
		pairs = append(pairs, [2]string{"runs on", fmt.Sprintf("%s since %s (%s)", line(c.Name), clock(&c.StartedAt), c.Version)})
	}
	pairs = append(pairs, [2]string{"ready", readyWord(facts)})
	a.facts(pairs...)
}

// readyWord says whether a conductor is ready, else what it cannot do.
func readyWord(facts wire.About) string {
	var failed []string
	for _, check := range facts.Checks {
		if !check.OK {
			failed = append(failed, fmt.Sprintf("not so: %s (%s)", check.Name, line(check.Error)))
		}
	}
	if len(failed) == 0 {
		return "yes"
	}
	return strings.Join(failed, "; ")
}
