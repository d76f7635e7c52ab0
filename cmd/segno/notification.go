package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/cmd/segno/manifest"
	"github.com/segno-jobs/segno/notification"
)

func newNotificationCommand(a *app) *cobra.Command {
	cmd := group("notification", "Notifications: who is told of what, and whether it arrived", "", `  segno notification channel create ops --url-from env:OPS_HOOK --secret-from file:ops.key
  segno notification channel test ops
  segno notification rule create failures --events run_failed,run_late --channels ops
  segno notification delivery list --state dead`)
	channel := group("channel", "Channels: mailboxes and webhooks", "", "  segno notification channel list")
	channel.AddCommand(newChannelListCommand(a), newChannelShowCommand(a), newChannelCreateCommand(a), newChannelEditCommand(a), newChannelTestCommand(a),
		newChannelPauseCommand(a, "pause", "Keep what is to be told from being sent", true),
		newChannelPauseCommand(a, "resume", "Send again, what waits first", false),
		newDeleteCommand(a, "channel", "Delete a channel that no rule tells, with its deliveries", "segno notification channel delete ops", channelNames, (*client.Client).DeleteChannel))
	rule := group("rule", "Rules: of what channels are told", "", "  segno notification rule list")
	rule.AddCommand(newRuleListCommand(a), newRuleShowCommand(a), newRuleCreateCommand(a), newRuleEditCommand(a),
		newRuleDisableCommand(a, "disable", "Let a rule say nothing", true), newRuleDisableCommand(a, "enable", "Let a rule speak again", false),
		newDeleteCommand(a, "rule", "Delete a rule", "segno notification rule delete failures", ruleNames, (*client.Client).DeleteNotificationRule))
	cmd.AddCommand(channel, rule, newDeliveryCommand(a))
	return cmd
}

func channelNames(ctx context.Context, c *client.Client, _ string) ([]string, error) {
	got, err := c.Channels(ctx, client.PageRequest{Limit: 500})
	return each(got.Items, func(v wire.Channel) string { return v.Name + "\t" + line(v.Description) }), err
}

func ruleNames(ctx context.Context, c *client.Client, _ string) ([]string, error) {
	got, err := c.NotificationRules(ctx, client.PageRequest{Limit: 500})
	return each(got.Items, func(v wire.NotificationRule) string { return v.Name + "\t" + line(v.Description) }), err
}

func newChannelListCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List channels", Example: "  segno notification channel list", Args: cobra.NoArgs,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, _ []string) error {
			channels, more, err := fetch(0, func(p client.PageRequest) (wire.Page[wire.Channel], error) { return c.Channels(ctx, p) })
			if err != nil {
				return err
			}
			return list(a, channels, more, "There are no channels. `segno notification channel create` makes one.",
				[]string{"name", "kind", "address", "sends", "description"}, func(v wire.Channel) []string {
					return []string{v.Name, channelKind(v), line(v.Address), a.sends(v), line(v.Description)}
				})
		}),
	}
}

func channelKind(v wire.Channel) string {
	switch {
	case v.Email != nil:
		return "email"
	case v.Webhook != nil:
		return "webhook"
	}
	return ""
}

func (a *app) sends(v wire.Channel) string {
	if v.Paused {
		return a.style().yellow("paused")
	}
	return "yes"
}

func newChannelShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Short: "Show a channel; its secrets are not shown", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completes(false, channelNames),
		Example: "  segno notification channel show ops\n  segno notification channel show ops -o yaml",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			v, err := c.Channel(ctx, args[0])
			if err != nil {
				return err
			}
			return a.print(v, func() {
				facts := [][2]string{{"name", v.Name}, {"description", line(v.Description)}, {"kind", channelKind(v)}, {"address", line(v.Address)}}
				if e := v.Email; e != nil {
					facts = append(facts, [2]string{"security", string(e.SecurityOrDefault())}, [2]string{"login", line(e.Username)},
						[2]string{"from", line(e.From)}, [2]string{"to", line(strings.Join(e.To, ", "))})
				}
				if w := v.Webhook; w != nil {
					facts = append(facts, [2]string{"format", first(string(w.Format), string(notification.FormatSegno))})
				}
				a.facts(append(facts, [2]string{"secrets set", strings.Join(v.SecretsSet, ", ")}, [2]string{"sends", a.sends(v)},
					[2]string{"tried for", v.Age().String()}, [2]string{"tries", fmt.Sprint(v.Tries())}, [2]string{"changed", clock(&v.UpdatedAt)})...)
			})
		}),
	}
}

// channelFlags are the settings of a channel as flags.
type channelFlags struct {
	description, host, security, username, passwordFrom, from string
	port                                                      int
	to                                                        []string
	url, urlFrom, format, secretFrom                          string
}

func (f *channelFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.description, "description", "", "whom the channel reaches")
	flags.StringVar(&f.url, "url", "", "webhook: address that is POSTed to; --url-from keeps it out of the process list")
	flags.StringVar(&f.urlFrom, "url-from", "", "webhook: where the address is: env:NAME, file:PATH or - for standard input")
	flags.StringVar(&f.format, "format", "", "webhook: segno (the whole notice) or slack (its text)")
	flags.StringVar(&f.secretFrom, "secret-from", "", "webhook: where the key of the signature is")
	flags.StringVar(&f.host, "smtp", "", "e-mail: name of the SMTP `server`")
	flags.IntVar(&f.port, "port", 0, "e-mail: port of the SMTP server; by default that of the security")
	flags.StringVar(&f.security, "security", "", "e-mail: starttls (the default), tls or none")
	flags.StringVar(&f.username, "username", "", "e-mail: user name at the SMTP server")
	flags.StringVar(&f.passwordFrom, "password-from", "", "e-mail: where the password is")
	flags.StringVar(&f.from, "from", "", "e-mail: sender")
	flags.StringSliceVar(&f.to, "to", nil, "e-mail: receivers")
	complete(cmd, "format", cobra.FixedCompletions([]string{"segno", "slack"}, cobra.ShellCompDirectiveNoFileComp))
	complete(cmd, "security", cobra.FixedCompletions([]string{"starttls", "tls", "none"}, cobra.ShellCompDirectiveNoFileComp))
}

// secretOf reads the secret that a flag says the place of.
func (a *app) secretOf(flag, from string) (notification.Secret, error) {
	if from == "" {
		return "", nil
	}
	value, err := manifest.ParseSecret(from, a.in, a.getenv)
	if err != nil {
		return "", usagef("--%s: %v", flag, err)
	}
	return value, nil
}

// spec returns the channel that the flags describe.
func (f *channelFlags) spec(a *app, name string) (notification.ChannelSpec, error) {
	s := notification.ChannelSpec{Name: name, Description: f.description}
	var err error
	if f.host != "" {
		s.Email = &notification.Email{
			Host: f.host, Port: f.port, Security: notification.Security(f.security), Username: f.username, From: f.from, To: f.to,
		}
		s.Email.Password, err = a.secretOf("password-from", f.passwordFrom)
		return s, err
	}
	if f.url == "" && f.urlFrom == "" {
		return s, usagef("give the address of a webhook with --url or --url-from, or a mail server with --smtp")
	}
	s.Webhook = &notification.Webhook{URL: notification.Secret(f.url), Format: notification.Format(f.format)}
	if f.urlFrom != "" {
		if s.Webhook.URL, err = a.secretOf("url-from", f.urlFrom); err != nil {
			return s, err
		}
	}
	s.Webhook.Secret, err = a.secretOf("secret-from", f.secretFrom)
	return s, err
}

func newChannelCreateCommand(a *app) *cobra.Command {
	var f channelFlags
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a channel", Args: cobra.ExactArgs(1),
		Long: `create makes a channel: a webhook with --url or --url-from, or mailboxes with --smtp. Secrets are given as where they are:
env:NAME for an environment variable, file:PATH, or - for standard input. For headers of a webhook use "segno apply".`,
		Example: `  segno notification channel create chat --url-from env:CHAT_HOOK --format slack
  segno notification channel create ops --smtp mail.example.com --username segno --password-from file:smtp.key \
      --from segno@example.com --to ops@example.com,boss@example.com`,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			spec, err := f.spec(a, args[0])
			if err != nil {
				return err
			}
			v, err := c.CreateChannel(ctx, spec)
			if err != nil {
				return err
			}
			return a.print(v, func() {
				a.printf("channel %s created. `segno notification channel test %s` tries it.\n", v.Name, v.Name)
			})
		}),
	}
	f.add(cmd)
	cmd.MarkFlagsMutuallyExclusive("url", "url-from", "smtp")
	return cmd
}

func newChannelEditCommand(a *app) *cobra.Command {
	var f channelFlags
	cmd := &cobra.Command{
		Use: "edit NAME", Short: "Change a channel", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completes(false, channelNames),
		Long: `edit changes what is given and leaves the rest, secrets too. A channel stays what it is: a webhook or mailboxes. What waits for
the channel is tried at once.`,
		Example: `  segno notification channel edit chat --url-from env:CHAT_HOOK
  segno notification channel edit ops --to ops@example.com,boss@example.com`,
	}
	cmd.RunE = a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
		patch, err := f.patch(a, cmd)
		if err != nil {
			return err
		}
		if len(patch) == 0 {
			return usagef("nothing to change was given")
		}
		v, err := c.PatchChannel(ctx, args[0], 0, patch)
		if err != nil {
			return err
		}
		return a.print(v, func() { a.printf("channel %s changed.\n", v.Name) })
	})
	f.add(cmd)
	cmd.MarkFlagsMutuallyExclusive("url", "url-from")
	return cmd
}

// patch returns the merge patch of a channel that the flags which were given describe.
func (f *channelFlags) patch(a *app, cmd *cobra.Command) (map[string]any, error) {
	password, err := a.secretOf("password-from", f.passwordFrom)
	if err != nil {
		return nil, err
	}
	url, err := a.secretOf("url-from", f.urlFrom)
	if err != nil {
		return nil, err
	}
	key, err := a.secretOf("secret-from", f.secretFrom)
	if err != nil {
		return nil, err
	}
	if f.url != "" {
		url = notification.Secret(f.url)
	}
	patch := map[string]any{}
	for _, setting := range []struct {
		part, key string
		value     any
		flags     []string
	}{
		{"", "description", f.description, []string{"description"}},
		{"webhook", "url", url, []string{"url", "url-from"}}, {"webhook", "format", f.format, []string{"format"}},
		{"webhook", "secret", key, []string{"secret-from"}},
		{"email", "host", f.host, []string{"smtp"}}, {"email", "port", f.port, []string{"port"}},
		{"email", "security", f.security, []string{"security"}}, {"email", "username", f.username, []string{"username"}},
		{"email", "password", password, []string{"password-from"}}, {"email", "from", f.from, []string{"from"}},
		{"email", "to", f.to, []string{"to"}},
	} {
		if !slices.ContainsFunc(setting.flags, cmd.Flags().Changed) {
			continue
		}
		into := patch
		if setting.part != "" {
			if patch[setting.part] == nil {
				patch[setting.part] = map[string]any{}
			}
			into = patch[setting.part].(map[string]any)
		}
		into[setting.key] = setting.value
	}
	return patch, nil
}

func newChannelTestCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "test NAME", Short: "Send a test to a channel", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completes(false, channelNames),
		Long:    "test sends a message to the channel at once, and says whether the receiver has taken it; if not, the exit code is 1.",
		Example: "  segno notification channel test ops",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			got, err := c.TestChannel(ctx, args[0])
			if err != nil {
				return err
			}
			if err := a.print(got, func() {
				if got.Delivered {
					a.printf("%s has taken the test %s in %s.\n", args[0], got.ID, got.Took)
				}
			}); err != nil || got.Delivered {
				return err
			}
			return fmt.Errorf("the test was not delivered to %s: %s", args[0], line(got.Error))
		}),
	}
}

func newChannelPauseCommand(a *app, verb, short string, paused bool) *cobra.Command {
	return &cobra.Command{
		Use: verb + " NAME …", Short: short, Args: cobra.MinimumNArgs(1), ValidArgsFunction: a.completes(true, channelNames),
		Example: "  segno notification channel " + verb + " ops",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			for _, name := range args {
				if _, err := c.PatchChannel(ctx, name, 0, map[string]bool{"paused": paused}); err != nil {
					return err
				}
				a.note("channel %s %sd.", name, verb)
			}
			return nil
		}),
	}
}
