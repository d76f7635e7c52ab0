package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

// policyWord writes a policy as a person reads it, and nothing where there is none.
func policyWord(p *policy.Policy) string {
	if p == nil {
		return ""
	}
	return p.String()
}

// unavailableWord writes all that is set for the case that a server is unavailable, and nothing where nothing is.
func (a *app) unavailableWord(p *policy.Policy, after *task.Duration, leave bool) string {
	words := policyWord(p)
	if after != nil && *after != 0 {
		words = first(words, "as its group has it") + " (unavailable after " + span(time.Duration(*after)) + ")"
	}
	if leave {
		words = first(words, "as its group has it") + a.style().yellow(", leave_running")
	}
	return words
}

// unavailableFlags say what happens to runs whose server is unavailable.
type unavailableFlags struct {
	word  string
	after time.Duration
	leave bool
}

func (f *unavailableFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.word, "on-unavailable", "", "`policy` of runs whose server is unavailable: wait, reset, restart or recover; a ladder needs a file")
	flags.DurationVar(&f.after, "unavailable-after", 0, "silence after which a server counts as unavailable for these runs; 0 leaves it to the server")
	flags.BoolVar(&f.leave, "leave-running", false, "with reset: leave the cut-off job running, which gives up the promise that no two attempts overlap")
	complete(cmd, "on-unavailable", cobra.FixedCompletions(each(policy.Kinds(), func(k policy.Kind) string { return string(k) }), cobra.ShellCompDirectiveNoFileComp))
}

// policy returns nil where none was given.
func (f *unavailableFlags) policy() *policy.Policy {
	if f.word == "" {
		return nil
	}
	p := policy.Word(policy.Kind(f.word))
	return &p
}

// leavingWarning stands wherever leave_running is shown or set.
const leavingWarning = `Warning: with leave_running the cut-off job of a run that is reset is left running. Segno then does not promise any more
that no two attempts overlap: a new run may begin while the old job still works.`

// warnOfLeaving says what leave_running gives up, where it is set.
func (a *app) warnOfLeaving(set bool) {
	if set {
		a.note("%s", a.errStyle().yellow(leavingWarning))
	}
}

func retriesWord(r task.Retries) string {
	if r.Max == 0 {
		return ""
	}
	words := fmt.Sprintf("%d, from the %s", r.Max, first(r.From, task.RetryFromStart))
	if r.Backoff != 0 {
		words += ", the first after " + span(time.Duration(r.Backoff))
	}
	return words
}

func pendingWord(i *task.Intent) string {
	if i == nil {
		return ""
	}
	switch *i {
	case task.IntentCancel:
		return "it is cancelled"
	case task.IntentReset:
		return "it is reset"
	case task.IntentRestart:
		return "it starts again from the beginning"
	case task.IntentRecover:
		return "it goes on from a checkpoint"
	}
	return line(string(*i))
}

// nextWord says how a queued run goes on.
func (a *app) nextWord(n *wire.Next) string {
	if n == nil {
		return ""
	}
	words := "from the beginning"
	if n.Checkpoint != nil {
		words = "from checkpoint " + number(n.Checkpoint)
	}
	if n.NotBefore != nil && n.NotBefore.After(a.now()) {
		words += ", in " + span(n.NotBefore.Sub(a.now()))
	}
	if n.Avoid != nil {
		words += ", not on " + text(n.Avoid) + " if another server is eligible"
	}
	return words + because(first(n.Reason, n.Ground))
}

func timesWord(n int) string {
	if n == 0 {
		return ""
	}
	return count(n, "time")
}
