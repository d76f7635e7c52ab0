package main

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/internal/version"
)

// app is what all commands share: where they read and write, and how they reach the conductor.
type app struct {
	in       io.Reader
	out, err io.Writer
	// Whether in, out and err are terminals.
	inTerminal, outTerminal, errTerminal bool

	getenv func(string) string
	// configDir is the user's folder for configuration, or empty where there is none.
	configDir string
	now       func() time.Time

	// The global flags, as given.
	conductor, token, output string
	noColor                  bool

	// parsed is true once the command line was understood; an error before that is the user's wording.
	parsed bool
}

// run runs one command line and returns the exit code of the process.
func run(ctx context.Context, args []string, a *app) int {
	root := newRoot(a)
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	err := root.ExecuteContext(ctx)
	if err != nil && !a.parsed {
		err = usage(err)
	}
	return a.report(err)
}

func newRoot(a *app) *cobra.Command {
	root := group("segno", "Run jobs on the best-rated server",
		`segno is the client of a Segno conductor: it sets up tasks and virtual servers, starts runs and follows them.

Where the conductor is and who asks: the flags --conductor and --token, else the variables SEGNO_CONDUCTOR and
SEGNO_TOKEN, else what "segno login" saved. Without any of them it is http://127.0.0.1:7700.`,
		`  segno demo                               a conductor and three job servers on this machine, and a task that runs
  segno login --conductor http://127.0.0.1:7700
  segno apply -f setup.yaml
  segno run start load-orders --follow
  segno why 01JD3Z5M7QW8X9Y0ABCDEFGHJK`)
	root.Version = version.Version
	root.SetVersionTemplate("segno {{.Version}}\n")
	root.SilenceErrors, root.SilenceUsage = true, true
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		switch a.output {
		case "table", "json", "yaml":
		default:
			return usagef("--output must be table, json or yaml, not %q", a.output)
		}
		a.parsed = true
		return nil
	}
	flags := root.PersistentFlags()
	flags.StringVar(&a.conductor, "conductor", "", "`URL` of the conductor [$SEGNO_CONDUCTOR]")
	flags.StringVar(&a.token, "token", "", "bearer `token` [$SEGNO_TOKEN]; the variable keeps it out of the process list")
	flags.StringVarP(&a.output, "output", "o", "table", "`format` of the output: table, json or yaml")
	flags.BoolVar(&a.noColor, "no-color", false, "write without colours, as with $NO_COLOR or away from a terminal")
	complete(root, "output", cobra.FixedCompletions([]string{"table", "json", "yaml"}, cobra.ShellCompDirectiveNoFileComp))

	root.AddCommand(
		newServerCommand(a), newVirtualServerCommand(a), newTaskCommand(a), newTriggerCommand(a), newCalendarCommand(a),
		newConcurrencyGroupCommand(a), newArchiveCommand(a), newSettingsCommand(a), newRunCommand(a), newPlanCommand(a), newLogsCommand(a),
		newWhyCommand(a), newWhyNotCommand(a), newNotificationCommand(a), newApplyCommand(a), newEventsCommand(a), newAuditCommand(a),
		newLoginCommand(a), newLogoutCommand(a), newVersionCommand(a), newSummaryCommand(a), newAboutCommand(a), newDemoCommand(a),
	)
	return root
}

// group returns a command that only holds others.
func group(name, short, long, example string) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, Long: long, Example: example, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
}

func newVersionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Example: "  segno version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return a.print(map[string]string{"version": version.Version}, func() { a.println("segno", version.Version) })
		},
	}
}

// client returns a client for the conductor that flags, environment and context name.
func (a *app) client() (*client.Client, error) {
	c, err := a.connection()
	if err != nil {
		return nil, err
	}
	return client.New(c.Conductor, c.Token, client.Options{UserAgent: "segno/" + version.Version})
}

// withClient returns what cobra runs for a command that calls the conductor.
func (a *app) withClient(f func(ctx context.Context, c *client.Client, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		c, err := a.client()
		if err != nil {
			return err
		}
		return f(cmd.Context(), c, args)
	}
}
