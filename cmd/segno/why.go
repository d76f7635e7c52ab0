package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

func newWhyCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "why RUN", Short: "Say why a run is where it is", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completes(false, runNames),
		Long: `why prints the stored decision for each attempt of a run: every candidate with its rating and what took points off it,
or the reason that it was refused; or why the run waits. -o json gives the run with its placements.`,
		Example: "  segno why 01JD3Z5M7QW8X9Y0ABCDEFGHJK",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			r, err := c.Run(ctx, task.RunID(args[0]))
			if err != nil {
				return err
			}
			return a.print(r, func() { a.why(r) })
		}),
	}
}

func (a *app) why(r wire.Run) {
	b := a.style().bold
	a.printf("%s of %s: %s%s\n", b("Run "+string(r.ID)), b(r.Task), a.style().state(string(r.State)), because(r.Reason))
	for _, t := range r.Attempts {
		a.printf("\n%s on %s, %s%s\n", b(fmt.Sprintf("Attempt %d", t.Number)), b(t.Server), a.style().state(string(t.State)), because(t.Reason))
		a.begun(r, t)
		if t.Placement == nil {
			a.println("There is no placement stored for it.")
			continue
		}
		a.explain(*t.Placement, 2)
	}
	if r.Next != nil {
		a.printf("\nIt goes on %s.\n", a.nextWord(r.Next))
	}
	if r.Pending != nil {
		a.printf("\nOnce attempt %d is certainly over, %s.\n", r.Attempt, pendingWord(r.Pending))
	}
	if r.Waiting != nil {
		a.println()
		a.explain(*r.Waiting, 2)
	} else if len(r.Attempts) == 0 {
		a.println("It has not been placed yet.")
	}
}

// begun says of a further attempt why it could begin, and from where.
func (a *app) begun(r wire.Run, t wire.Attempt) {
	if t.Ground != nil {
		a.printf("It could begin because: %s\n", text(t.Ground))
	}
	if t.ResumedFrom == nil {
		if t.Number > 1 {
			a.println("It began from the beginning.")
		}
		return
	}
	words := ""
	for _, c := range r.Checkpoints {
		if c.Sequence == *t.ResumedFrom {
			words = fmt.Sprintf(" (%s), which attempt %d made at %s", line(c.Name), c.Attempt, clock(&c.CreatedAt))
		}
	}
	a.printf("It resumed from checkpoint %d%s.\n", *t.ResumedFrom, words)
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + line(reason) + ")"
}

// explain writes a placement for a person.
func (a *app) explain(p wire.Placement, indent int) {
	in := strings.Repeat(" ", indent)
	where := ""
	if p.VirtualServer != "" {
		where = fmt.Sprintf(" in %s by %s", p.VirtualServer, first(string(p.Selection), string(virtualserver.BestRated)))
	}
	if p.Chosen == "" {
		a.printf("%s%s%s: %s\n", in, a.style().yellow("No server"), where, line(p.Reason))
	} else {
		a.printf("%s%s%s: %s\n", in, a.style().green(p.Chosen), where, line(p.Reason))
	}
	a.printf("%sThe run was expected to need %s.\n", in, need(p.Need))
	for _, v := range p.Candidates {
		a.candidate(v, v.Server == p.Chosen, indent)
	}
}

func need(n wire.Need) string {
	parts := []string{cpus(n.CPU)}
	if n.Memory > 0 {
		parts = append(parts, size(n.Memory))
	}
	parts = append(parts, count(max(n.Slots, 1), "slot"))
	s := strings.Join(parts, ", ")
	switch n.Source {
	case "declared":
		return s + " (as the task declares)"
	case "learnt":
		return s + " (as earlier runs did)"
	}
	return s + " (assumed)"
}

func cpus(n float64) string {
	if n == 1 {
		return "1 CPU"
	}
	return fmt.Sprintf("%.3g CPUs", n)
}

func (a *app) candidate(v virtualserver.Verdict, chosen bool, indent int) {
	in := strings.Repeat(" ", indent)
	mark, name := " ", v.Server
	if chosen {
		mark, name = "→", a.style().bold(v.Server)
	}
	a.printf("\n%s%s %s%s  %s\n", in, mark, name, strings.Repeat(" ", max(0, 16-len(v.Server))), a.rated(v))
	if v.Refused != "" {
		a.printf("%s    %s\n", in, a.style().red("refused: "+line(first(v.RefusedBecause, string(v.Refused)))))
	}
	if v.Avoided {
		a.printf("%s    avoided: it is taken only if no other is eligible\n", in)
	}
	for _, t := range v.Terms {
		a.printf("%s    %s\n", in, a.term(t))
	}
}

func (a *app) rated(v virtualserver.Verdict) string {
	slots := fmt.Sprintf("%d of %d slots taken", v.SlotsUsed, v.Slots)
	if v.SampleAgeMS < 0 {
		return slots + ", nothing measured yet"
	}
	age := time.Duration(v.SampleAgeMS) * time.Millisecond
	return fmt.Sprintf("%s %5.1f  %s, measured %s before", a.style().yellow(stars(v.Stars)), v.Rating, slots, span(age))
}

// term writes one indicator with a bar as long as what it takes off the rating of a server that has no other fault.
func (a *app) term(t virtualserver.Term) string {
	lost := 1 - 1/(1+max(t.Penalty, 0)/20)
	words := "within " + limits(t)
	if t.Penalty > 0 {
		words = fmt.Sprintf("outside %s: penalty %.3g", limits(t), t.Penalty)
	}
	return fmt.Sprintf("%-18s %9.4g  %s  %s", t.Indicator, t.Value, a.style().cyan(bar(lost, 10)), words)
}

func limits(t virtualserver.Term) string {
	return fmt.Sprintf("%g to %g (weight %g)", t.Min, t.Max, t.Weight)
}

func newWhyNotCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "why-not RUN SERVER", Short: "Say why a run is not on a certain server", Args: cobra.ExactArgs(2),
		ValidArgsFunction: a.completes(false, runNames, serverNames), Example: "  segno why-not 01JD3Z5M7QW8X9Y0ABCDEFGHJK js-2",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			r, err := c.Run(ctx, task.RunID(args[0]))
			if err != nil {
				return err
			}
			answers := whyNot(r, args[1])
			return a.print(map[string][]reasonAgainst{"items": answers}, func() {
				for _, n := range answers {
					a.println(n.what() + line(n.Reason))
					for _, t := range n.Terms {
						a.println("  " + a.term(t))
					}
				}
			})
		}),
	}
}

// reasonAgainst is why one decision did not fall on a server.
type reasonAgainst struct {
	// Attempt is 0 for a run that waits.
	Attempt int    `json:"attempt"`
	Server  string `json:"server"`
	Chosen  string `json:"chosen"`
	Reason  string `json:"reason"`
	// Terms are what took points off the server's rating.
	Terms []virtualserver.Term `json:"terms,omitempty"`
}

func (n reasonAgainst) what() string {
	if n.Attempt == 0 {
		return "So far: "
	}
	return fmt.Sprintf("Attempt %d: ", n.Attempt)
}

// whyNot says for each decision of a run why it did not fall on the server.
func whyNot(r wire.Run, server string) []reasonAgainst {
	var answers []reasonAgainst
	for _, t := range r.Attempts {
		n := against(t.Placement, r.Target, server)
		n.Attempt, n.Chosen = t.Number, t.Server
		if t.Server == server {
			n.Reason, n.Terms = server+" was chosen.", nil
		}
		answers = append(answers, n)
	}
	if r.Waiting != nil {
		answers = append(answers, against(r.Waiting, r.Target, server))
	}
	if len(answers) == 0 {
		answers = append(answers, reasonAgainst{Server: server, Reason: "the run has not been placed yet. " + r.Reason})
	}
	return answers
}

func against(p *wire.Placement, where task.Target, server string) reasonAgainst {
	n := reasonAgainst{Server: server}
	if p == nil {
		n.Reason = "there is no placement stored."
		return n
	}
	n.Chosen = p.Chosen
	var chosen, verdict *virtualserver.Verdict
	for i, v := range p.Candidates {
		if v.Server == server {
			verdict = &p.Candidates[i]
		}
		if v.Server == p.Chosen {
			chosen = &p.Candidates[i]
		}
	}
	switch {
	case verdict == nil && where.Server != "":
		n.Reason = fmt.Sprintf("%s was no candidate: the task runs on the server %s and on no other.", server, where.Server)
	case verdict == nil:
		n.Reason = fmt.Sprintf("%s was no candidate: it was no member of the virtual server %s.", server, where.VirtualServer)
	case verdict.Refused != "":
		n.Reason = fmt.Sprintf("%s was refused: %s.", server, first(verdict.RefusedBecause, string(verdict.Refused)))
	case chosen == nil:
		n.Reason = fmt.Sprintf("%s was eligible. %s", server, p.Reason)
	case verdict.Avoided && !chosen.Avoided:
		n.Reason = fmt.Sprintf("%s was to be avoided, and %s was not.", server, chosen.Server)
	case verdict.Rating < chosen.Rating:
		n.Reason = fmt.Sprintf("%s was rated %.1f, and %s %.1f. %s", server, verdict.Rating, chosen.Server, chosen.Rating, p.Reason)
		n.Terms = penalties(verdict.Terms)
	default:
		n.Reason = fmt.Sprintf("%s was rated %.1f and eligible, as %s was with %.1f. %s", server, verdict.Rating, chosen.Server, chosen.Rating, p.Reason)
	}
	return n
}

func penalties(terms []virtualserver.Term) []virtualserver.Term {
	var found []virtualserver.Term
	for _, t := range terms {
		if t.Penalty > 0 {
			found = append(found, t)
		}
	}
	return found
}
