package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/notification"
)

func kindWords(kinds []notification.Kind) []string {
	return each(kinds, func(k notification.Kind) string { return string(k) })
}

func newRuleListCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List rules", Example: "  segno notification rule list", Args: cobra.NoArgs,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, _ []string) error {
			rules, more, err := fetch(0, func(p client.PageRequest) (wire.Page[wire.NotificationRule], error) {
				return c.NotificationRules(ctx, p)
			})
			if err != nil {
				return err
			}
			return list(a, rules, more, "There are no rules, so nobody is told of anything. `segno notification rule create` makes one.",
				[]string{"name", "events", "of", "channels", "speaks"}, func(v wire.NotificationRule) []string {
					return []string{v.Name, strings.Join(kindWords(v.Events), ","), ruleFilter(v), strings.Join(v.Channels, ","), a.speaks(v)}
				})
		}),
	}
}

// ruleFilter says in short what a rule looks at.
func ruleFilter(v wire.NotificationRule) string {
	var parts []string
	for _, f := range []struct {
		word     string
		patterns []string
	}{{"tasks", v.Tasks}, {"plans", v.Plans}, {"servers", v.Servers}} {
		if len(f.patterns) > 0 {
			parts = append(parts, f.word+" "+strings.Join(f.patterns, ","))
		}
	}
	if len(v.Labels) > 0 {
		parts = append(parts, pairs(v.Labels))
	}
	return first(strings.Join(parts, "; "), "all")
}

func (a *app) speaks(v wire.NotificationRule) string {
	if v.Disabled {
		return a.style().yellow("no")
	}
	return "yes"
}

func newRuleShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Short: "Show a rule", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completes(false, ruleNames),
		Example: "  segno notification rule show failures",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			v, err := c.NotificationRule(ctx, args[0])
			if err != nil {
				return err
			}
			return a.print(v, func() {
				a.facts([][2]string{
					{"name", v.Name}, {"description", line(v.Description)}, {"events", strings.Join(kindWords(v.Events), ", ")},
					{"of", ruleFilter(v)}, {"channels", strings.Join(v.Channels, ", ")}, {"speaks", a.speaks(v)}, {"changed", clock(&v.UpdatedAt)},
				}...)
			})
		}),
	}
}

func newRuleCreateCommand(a *app) *cobra.Command {
	var s notification.RuleSpec
	var events []string
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a rule, which tells of what happens from then on", Args: cobra.ExactArgs(1),
		Long: `create makes a rule. Of its filters (--tasks, --plans, --servers, --label) those that are given must all be met, and an
event that has no such thing does not meet them: a rule with --tasks says nothing of servers. Names may hold * and ?.

Events: ` + strings.Join(kindWords(notification.Kinds()), ", ") + ".",
		Example: `  segno notification rule create failures --events run_failed,run_late --channels ops
  segno notification rule create data --events run_failed --tasks 'load-*' --label team=data --channels data-team`,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			s.Name = args[0]
			s.Events = each(events, func(e string) notification.Kind { return notification.Kind(e) })
			v, err := c.CreateNotificationRule(ctx, s)
			if err != nil {
				return err
			}
			return a.print(v, func() { a.printf("rule %s created: tells %s.\n", v.Name, strings.Join(v.Channels, ", ")) })
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&s.Description, "description", "", "what the rule is for")
	flags.StringSliceVar(&events, "events", nil, "events that are told of")
	flags.StringSliceVar(&s.Channels, "channels", nil, "names of the channels that are told")
	flags.StringSliceVar(&s.Tasks, "tasks", nil, "names of tasks, with * and ?; by default all")
	flags.StringSliceVar(&s.Plans, "plans", nil, "names of plans, with * and ?; by default all")
	flags.StringSliceVar(&s.Servers, "servers", nil, "names of job servers, with * and ?; by default all")
	flags.StringToStringVar(&s.Labels, "label", nil, "label that the task must have, or the server of an event about one, as `key=value`")
	complete(cmd, "events", cobra.FixedCompletions(kindWords(notification.Kinds()), cobra.ShellCompDirectiveNoFileComp))
	complete(cmd, "channels", a.completes(true, channelNames))
	complete(cmd, "tasks", a.completes(true, taskNames))
	complete(cmd, "servers", a.completes(true, serverNames))
	return cmd
}

func newRuleDisableCommand(a *app, verb, short string, disabled bool) *cobra.Command {
	return &cobra.Command{
		Use: verb + " NAME …", Short: short, Args: cobra.MinimumNArgs(1), ValidArgsFunction: a.completes(true, ruleNames),
		Example: "  segno notification rule " + verb + " failures",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			for _, name := range args {
				if _, err := c.PatchNotificationRule(ctx, name, 0, map[string]bool{"disabled": disabled}); err != nil {
					return err
				}
				a.note("rule %s %sd.", name, verb)
			}
			return nil
		}),
	}
}
