package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

// eventFlags are the settings of a trigger that waits for events.
type eventFlags struct {
	file         task.FileTrigger
	on           string
	settle, poll time.Duration
	after, end   string
	webhook      string
}

func (f *eventFlags) add(a *app, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.file.Path, "file", "", "`folder` in which files are waited for, an absolute path")
	flags.StringVar(&f.file.Server, "on-server", "", "job `server` on which the folder is")
	flags.StringVar(&f.file.VirtualServer, "on-virtual-server", "", "virtual `server` whose members all look into the folder")
	flags.StringVar(&f.file.Mask, "mask", "", "`names` of files, such as *.csv; by default all")
	flags.IntVar(&f.file.Depth, "depth", 0, "how many levels of folders below it are looked into")
	flags.StringVar(&f.on, "on", "", "what a file must be: created (the default), modified or exists")
	flags.DurationVar(&f.settle, "settle", 0, "for how long a file must stay as it is; by default 5s")
	flags.DurationVar(&f.poll, "poll", 0, "time between two looks into the folder; by default 5s")
	flags.StringVar(&f.after, "after", "", "other `task` whose end is waited for")
	flags.StringVar(&f.end, "on-end", string(task.ChainOK), "which ends of it count: ok, error or any")
	flags.StringVar(&f.webhook, "webhook", "", "`signature` of the requests that are waited for: none, github or standard")
	complete(cmd, "on-server", a.completes(true, serverNames))
	complete(cmd, "on-virtual-server", a.completes(true, virtualServerNames))
	complete(cmd, "after", a.completes(true, taskNames))
	for flag, words := range map[string][]string{"on": {"created", "modified", "exists"}, "on-end": {"ok", "error", "any"}, "webhook": {"none", "github", "standard"}} {
		complete(cmd, flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	}
}

// into puts what the flags say into a trigger.
func (f *eventFlags) into(s *task.TriggerSpec) {
	if f.file != (task.FileTrigger{}) {
		file := f.fileTrigger()
		s.File = &file
	}
	if f.after != "" {
		after := f.afterTrigger()
		s.After = &after
	}
	if f.webhook != "" {
		s.Webhook = &task.WebhookTrigger{Signature: task.WebhookSignature(f.webhook)}
	}
}

func (f *eventFlags) fileTrigger() task.FileTrigger {
	file := f.file
	file.On, file.Settle, file.Poll = task.FileChange(f.on), task.Duration(f.settle), task.Duration(f.poll)
	return file
}

func (f *eventFlags) afterTrigger() task.AfterTrigger {
	return task.AfterTrigger{Task: f.after, On: task.ChainEnd(f.end)}
}

// eventWord says in a few words which events a trigger waits for, or "".
func eventWord(t task.TriggerSpec) string {
	switch {
	case t.File != nil:
		f := t.File.WithDefaults()
		where := f.Server
		if where == "" {
			where = f.VirtualServer
		}
		return fmt.Sprintf("file %s/%s on %s (%s)", strings.TrimSuffix(f.Path, "/"), f.Mask, where, f.On)
	case t.After != nil:
		return fmt.Sprintf("after %s (%s)", t.After.Task, t.After.On)
	case t.Webhook != nil && t.Webhook.Signed():
		return fmt.Sprintf("webhook (signed, %s)", t.Webhook.Signature)
	case t.Webhook != nil:
		return "webhook"
	}
	return ""
}

func newTriggerWatchesCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "watches OWNER NAME", Short: "Show how the folder of a file trigger is watched, by server", Args: cobra.ExactArgs(2),
		Example: "  segno trigger watches load-orders in", ValidArgsFunction: a.completes(false, ownerNames, triggerNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			owner, err := ownerArg(args)
			if err != nil {
				return err
			}
			told, err := c.Watches(ctx, owner, args[1])
			if err != nil {
				return err
			}
			return list(a, told.Items, false, "No job server has said anything of this folder yet.",
				[]string{"server", "files", "waiting", "problem", "told"}, func(w wire.Watch) []string {
					problem := "none"
					if w.Problem != "" {
						problem = a.style().yellow(line(w.Problem))
					}
					return []string{w.Server, fmt.Sprint(w.Files), fmt.Sprint(w.Pending), problem, clock(&w.ToldAt)}
				})
		}),
	}
}

func newTriggerAddressCommand(a *app) *cobra.Command {
	var r task.WebhookSecretsRequest
	var keyFile string
	cmd := &cobra.Command{
		Use: "address OWNER NAME", Short: "Make the address of a webhook, and the key of its signature, anew", Args: cobra.ExactArgs(2),
		Long: `address makes the secret address of a webhook and, where its requests must be signed, the key of the signature. Both are
shown this once. Those that were there before hold no more, unless they are kept.`,
		Example: `  segno trigger address deploy push
  segno trigger address deploy push --keep-address --signing-key-file push.key`,
		ValidArgsFunction: a.completes(false, ownerNames, triggerNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			owner, err := ownerArg(args)
			if err != nil {
				return err
			}
			if keyFile != "" {
				key, err := a.readKey(keyFile)
				if err != nil {
					return err
				}
				r.SigningKey = key
			}
			made, err := c.MakeWebhookSecrets(ctx, owner, args[1], r)
			if err != nil {
				return err
			}
			if made.URL == "" && made.Path != "" {
				made.URL = strings.TrimSuffix(c.URL(), "/") + made.Path
			}
			return a.print(made, func() {
				a.facts([][2]string{{"address", made.URL}, {"signing key", made.SigningKey}}...)
				a.note("This is shown once. Keep it where its callers find it, and nobody else.")
			})
		}),
	}
	cmd.Flags().BoolVar(&r.KeepAddress, "keep-address", false, "leave the address as it is")
	cmd.Flags().BoolVar(&r.KeepSigningKey, "keep-signing-key", false, "leave the key of the signature as it is")
	cmd.Flags().StringVar(&keyFile, "signing-key-file", "", "`file` with the key of the signature, such as one that the sender has made, or - for standard input; by default a random one is made")
	return cmd
}

// readKey reads a key from a file, or from standard input. It is no argument: those can be read by all users of a host.
func (a *app) readKey(file string) (string, error) {
	in := a.in
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", fmt.Errorf("read the key of the signature: %w", err)
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	key, err := io.ReadAll(io.LimitReader(in, task.MaxWebhookKey+2))
	if err != nil {
		return "", fmt.Errorf("read the key of the signature: %w", err)
	}
	return strings.TrimRight(string(key), "\r\n"), nil
}
