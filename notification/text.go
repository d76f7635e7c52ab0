package notification

import (
	"fmt"
	"strings"
	"time"

	"github.com/segno-jobs/segno/task"
)

// instants are written as in "2026-11-22 06:00:00 UTC".
const instants = "2006-01-02 15:04:05 MST"

// maxReason is how much of a reason, which may quote a job, is told.
const maxReason = 1000

// worded returns the notice with its title and its text.
func (n Notice) worded() Notice {
	n.At, n.Reason = n.At.UTC(), oneLine(n.Reason, maxReason)
	n.Title = n.title()
	n.Text = n.Title
	if n.Reason != "" {
		n.Text += ": " + strings.TrimSuffix(n.Reason, ".")
	}
	n.Text += "."
	return n
}

func (n Notice) title() string {
	switch n.Event {
	case RunRecovered:
		from := "the beginning"
		if n.Run.Checkpoint > 0 {
			from = fmt.Sprintf("checkpoint %d", n.Run.Checkpoint)
		}
		return fmt.Sprintf("%s goes on from %s on %s instead of %s", n.Task, from, n.Server, n.Run.From)
	case RunLate:
		done := "finished"
		if n.Late.Expected == task.ExpectStart {
			done = "started"
		}
		return fmt.Sprintf("%s is late: not %s by %s", n.Task, done, n.Late.Due.UTC().Format(instants))
	case ServerUnavailable:
		return fmt.Sprintf("job server %s is unavailable", n.Server)
	case ServerBack:
		return fmt.Sprintf("job server %s is back", n.Server)
	case OccurrenceSkipped:
		return n.skippedTitle()
	case PlanEnded:
		return fmt.Sprintf("plan %s %s", n.Plan.Name, endWord(n.Plan.State))
	}
	title := n.Task + " " + endWord(string(n.Run.State))
	if n.Server != "" {
		title += " on " + n.Server
	}
	return title
}

func (n Notice) skippedTitle() string {
	o, title := n.Occurrence, n.Task
	if o.Plan != "" {
		title = "plan " + o.Plan
	}
	title += " was not started"
	if o.Trigger != "" {
		title += " by " + o.Trigger
	}
	switch {
	case o.Count > 1 && o.ScheduledFor != nil:
		title += fmt.Sprintf(" %d times, last for %s", o.Count, when(o.ScheduledFor))
	case o.ScheduledFor != nil:
		title += " for " + when(o.ScheduledFor)
	}
	return title
}

func endWord(state string) string {
	switch state {
	case "timed_out":
		return "timed out"
	case "cancelled", "lost", "reset":
		return "was " + state
	}
	return state
}

// Body returns the notice as the plain text of a letter: its text, its facts line by line, and the link.
func (n Notice) Body() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", n.Text)
	fact := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-15s %s\n", name+":", value)
		}
	}
	fact("Event", string(n.Event))
	fact("At", n.At.UTC().Format(instants))
	fact("Task", n.Task)
	if p := n.Plan; p != nil {
		fact("Plan", p.Name)
		fact("Plan run", p.Run)
	}
	if r := n.Run; r != nil {
		fact("Run", string(r.ID))
		if r.Attempt > 0 {
			fact("Attempt", fmt.Sprint(r.Attempt))
		}
		if r.ExitCode != nil {
			fact("Exit code", fmt.Sprint(*r.ExitCode))
		}
		fact("Scheduled for", when(r.ScheduledFor))
		fact("Queued", when(&r.QueuedAt))
		fact("Started", when(r.StartedAt))
	}
	fact("Server", n.Server)
	fact("Rules", strings.Join(n.Rules, ", "))
	fact("Notification", n.ID)
	if n.Link != "" {
		fmt.Fprintf(&b, "\n%s\n", n.Link)
	}
	return b.String()
}

func when(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.UTC().Format(instants)
}

// Slack returns the notice as text in Slack's markup, in which &, < and > are escaped.
func (n Notice) Slack() string {
	text := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(n.Text)
	if n.Link != "" {
		text += " " + n.Link
	}
	return text
}

// oneLine returns text as one line of at most limit bytes of whole characters, without control characters.
func oneLine(text string, limit int) string {
	text = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if isControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "�"))), " ")
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return text
}
