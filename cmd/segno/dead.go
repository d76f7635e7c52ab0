package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
)

func newWhatIfCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "what-if SERVER", Short: "Say what would happen to each run on a server if it died now", Args: cobra.ExactArgs(1),
		ValidArgsFunction: a.completes(false, serverNames),
		Long: `what-if says for each run on a job server what its policy would do if the server died now: wait, reset, restart, or
recover from which checkpoint, how old that is, and on which server it would go on as things are now. Nothing is done.`,
		Example: "  segno server what-if js-1",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			fates, err := c.WhatIf(ctx, args[0])
			if err != nil {
				return err
			}
			return list(a, fates, false, "Nothing would happen: no run is on "+args[0]+".", fateHeader, a.fateRow)
		}),
	}
}

var fateHeader = []string{"run", "task", "attempt", "would", "after", "from", "on", "reason"}

func (a *app) fateRow(f wire.WhatIf) []string {
	after, from := "", ""
	if f.After != nil {
		after = span(time.Duration(*f.After))
	}
	switch {
	case f.Checkpoint != nil:
		from = fmt.Sprintf("checkpoint %d %s, %s old", f.Checkpoint.Sequence, line(f.Checkpoint.Name), span(a.now().Sub(f.Checkpoint.CreatedAt.Time)))
	case f.Action == "restart" || f.Action == "recover":
		from = "the beginning"
	}
	on := text(f.Server)
	if on == "" && from != "" {
		on = a.style().yellow("nowhere now")
	}
	return []string{string(f.Run), f.Task, fmt.Sprint(f.Attempt), f.Action, after, from, on, line(f.Reason)}
}

func newDeclareDeadCommand(a *app) *cobra.Command {
	var reason string
	var yes bool
	cmd := &cobra.Command{
		Use: "declare-dead SERVER --reason TEXT", Short: "State that a server is dead, so that its runs need not wait for their leases",
		Args: cobra.ExactArgs(1), ValidArgsFunction: a.completes(false, serverNames),
		Long: `declare-dead puts your word in the place of a lease: the runs on the server follow their policies at once, and the server is
disabled. It is for a host of which you know that nothing runs there any more, such as one that you switched off; it is refused
for one that is heard from.

If you are wrong, and its jobs still run, two attempts of a run overlap. Your reason is kept with the server and shown
with each attempt that begins on your word. On a terminal you are asked to type the server's name, unless --yes is given.`,
		Example: `  segno server declare-dead js-1 --reason "rack 7 lost power, checked on site"`,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			if strings.TrimSpace(reason) == "" {
				return usagef("say with --reason how you know that %s is dead", args[0])
			}
			if !yes && a.inTerminal && a.errTerminal {
				if err := a.confirmDeath(ctx, c, args[0]); err != nil {
					return err
				}
			}
			s, err := c.DeclareServerDead(ctx, args[0], reason)
			if err != nil {
				return err
			}
			return a.print(s, func() {
				a.printf("%s is declared dead, and %s. Once it works again: segno server activate %s\n", s.Name, a.style().state(s.Status), s.Name)
			})
		}),
	}
	cmd.Flags().StringVar(&reason, "reason", "", "how you know it, in at least ten characters")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

// confirmDeath shows what the statement would do, and has the user type the server's name.
func (a *app) confirmDeath(ctx context.Context, c *client.Client, server string) error {
	s, err := c.Server(ctx, server)
	if err != nil {
		return err
	}
	fates, err := c.WhatIf(ctx, server)
	if err != nil {
		return err
	}
	a.note("%s is %s, and was last heard from %s.", server, a.errStyle().state(string(s.Contact)), first(a.ago(s.LastSeen), "never"))
	for _, f := range fates {
		a.note("  %s of %s: %s%s", f.Run, f.Task, f.Action, because(f.Reason))
	}
	a.note("%s", a.errStyle().yellow("If its jobs still run, two attempts of a run will overlap."))
	fmt.Fprintf(a.err, "Type the name of the server to declare it dead: ")
	typed, err := bufio.NewReader(a.in).ReadString('\n')
	if strings.TrimSpace(typed) != server || (err != nil && typed == "") {
		return &exit{code: exitError, err: errors.New("that is not its name; nothing was changed")}
	}
	return nil
}
