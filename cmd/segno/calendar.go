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

func newCalendarCommand(a *app) *cobra.Command {
	cmd := group("calendar", "Calendars: days and hours on which triggers are not due", "", `  segno calendar create holidays --date 12-25 --date 01-01
  segno calendar create closing --icalendar closing.ics
  segno calendar days holidays`)
	cmd.AddCommand(newCalendarListCommand(a), newCalendarShowCommand(a), newCalendarCreateCommand(a), newCalendarDaysCommand(a),
		newDeleteCommand(a, "calendar", "Delete a calendar that no trigger uses", "segno calendar delete holidays", calendarNames, (*client.Client).DeleteCalendar))
	return cmd
}

func calendarNames(ctx context.Context, c *client.Client, typed string) ([]string, error) {
	got, err := c.Calendars(ctx, typed, client.PageRequest{Limit: 500})
	return each(got.Items, func(cal wire.Calendar) string { return cal.Name + "\t" + line(cal.Description) }), err
}

func newCalendarListCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List calendars", Example: "  segno calendar list", Args: cobra.NoArgs,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, _ []string) error {
			all, more, err := fetch(0, func(p client.PageRequest) (wire.Page[wire.Calendar], error) { return c.Calendars(ctx, "", p) })
			if err != nil {
				return err
			}
			return list(a, all, more, "There are no calendars. `segno calendar create` or `segno apply` makes one.",
				[]string{"name", "means", "zone", "entries", "changed", "description"}, func(cal wire.Calendar) []string {
					return []string{cal.Name, modeWord(cal.Mode), cal.Timezone, entriesWord(cal.CalendarSpec), a.ago(&cal.UpdatedAt), line(cal.Description)}
				})
		}),
	}
}

func modeWord(m task.CalendarMode) string {
	if m == task.CalendarOnly {
		return "only then"
	}
	return "not then"
}

func entriesWord(s task.CalendarSpec) string {
	word := fmt.Sprint(len(s.Entries))
	if s.ICalendar != "" {
		word += " and a file"
	}
	return word
}

func newCalendarShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Short: "Show a calendar", Example: "  segno calendar show holidays", Args: cobra.ExactArgs(1),
		ValidArgsFunction: a.completes(false, calendarNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			cal, err := c.Calendar(ctx, args[0])
			if err != nil {
				return err
			}
			return a.print(cal, func() { a.showCalendar(cal) })
		}),
	}
}

func (a *app) showCalendar(cal wire.Calendar) {
	file := ""
	if cal.ICalendar != "" {
		file = count(strings.Count(cal.ICalendar, "BEGIN:VEVENT"), "event")
	}
	a.facts([][2]string{
		{"name", cal.Name}, {"description", line(cal.Description)}, {"triggers are due", modeWord(cal.Mode)},
		{"zone", first(cal.Timezone, "that of the trigger")}, {"iCalendar file", file}, {"changed", clock(&cal.UpdatedAt)},
	}...)
	if len(cal.Entries) == 0 {
		return
	}
	a.println()
	a.table([]string{"days", "hours", "name"}, each(cal.Entries, func(e task.CalendarEntry) []string {
		return []string{daysWord(e), first(strings.Join(e.Hours, ", "), "whole day"), line(e.Name)}
	}))
}

func daysWord(e task.CalendarEntry) string {
	days := e.Date
	if e.Until != "" {
		days += " to " + e.Until
	}
	if e.Rule != "" {
		days += " " + e.Rule
	}
	return first(strings.TrimSpace(days+" "+strings.Join(e.Weekdays, ", ")), "every day")
}

func newCalendarCreateCommand(a *app) *cobra.Command {
	var s task.CalendarSpec
	var only bool
	var dates, weekdays, hours []string
	var file string
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a calendar", Args: cobra.ExactArgs(1),
		Long: `create makes a calendar of days, of weekdays and hours, of an iCalendar file, or of all of these. Rules and hours of certain
days are written in a file for segno apply.`,
		Example: `  segno calendar create holidays --date 12-25 --date 2026-12-24
  segno calendar create office --only --weekday mon-fri --hours 09:00-17:30 --timezone Europe/Paris
  segno calendar create closing --icalendar closing.ics`,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			s.Name = args[0]
			if only {
				s.Mode = task.CalendarOnly
			}
			for _, d := range dates {
				s.Entries = append(s.Entries, task.CalendarEntry{Date: d})
			}
			if len(weekdays) > 0 || len(hours) > 0 {
				s.Entries = append(s.Entries, task.CalendarEntry{Weekdays: weekdays, Hours: hours})
			}
			if file != "" {
				text, err := a.readFile(file, task.MaxICalendar)
				if err != nil {
					return err
				}
				s.ICalendar = text
			}
			cal, err := c.CreateCalendar(ctx, s)
			if err != nil {
				return err
			}
			return a.print(cal, func() { a.showCalendar(cal) })
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&s.Description, "description", "", "what the calendar is for")
	flags.StringVar(&s.Timezone, "timezone", "", "`zone` of its days and hours; by default that of each trigger")
	flags.BoolVar(&only, "only", false, "triggers are due on its days and hours alone, and not on all others")
	flags.StringSliceVar(&dates, "date", nil, "`day` such as 2026-12-25, or 12-25 for that of each year; can be repeated")
	flags.StringSliceVar(&weekdays, "weekday", nil, "`days` of the week such as sat, or mon-fri; can be repeated")
	flags.StringSliceVar(&hours, "hours", nil, "`times` of the weekdays such as 09:00-17:30; can be repeated")
	flags.StringVar(&file, "icalendar", "", "iCalendar `file`, or - for standard input")
	return cmd
}

// readFile returns the text of a file, or of standard input.
func (a *app) readFile(name string, limit int64) (string, error) {
	in := a.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", fmt.Errorf("read the file: %w", err)
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, limit+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("read %s: %w", name, err)
	case int64(len(text)) > limit:
		return "", fmt.Errorf("%s is larger than %d KiB", name, limit>>10)
	}
	return string(text), nil
}

func newCalendarDaysCommand(a *app) *cobra.Command {
	var from string
	var days int
	var every bool
	cmd := &cobra.Command{
		Use: "days NAME", Short: "Show what a calendar allows on the days of the next year", Args: cobra.ExactArgs(1),
		Long: `days shows the days on which the calendar differs from the day before, or all days with --all.`,
		Example: `  segno calendar days holidays
  segno calendar days office --from 2026-12-01T00:00:00Z --days 31 --all`,
		ValidArgsFunction: a.completes(false, calendarNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			begin, err := a.beginning(from)
			if err != nil {
				return err
			}
			if begin.IsZero() {
				begin = a.now()
			}
			got, err := c.CalendarDays(ctx, args[0], begin, begin.AddDate(0, 0, days))
			if err != nil {
				return err
			}
			shown := got.Items
			if !every && a.output == "table" {
				shown = changedDays(shown)
			}
			return list(a, shown, false, "There are no days.", []string{"day", "", "allowed", "entries"}, calendarDayRow)
		}),
	}
	cmd.Flags().StringVar(&from, "from", "", "`instant` of the first day; by default now")
	cmd.Flags().IntVar(&days, "days", 365, "how many days")
	cmd.Flags().BoolVar(&every, "all", false, "show each day")
	return cmd
}

// changedDays returns the days that allow something else than the day before, and those with entries of their own.
func changedDays(days []wire.CalendarDay) []wire.CalendarDay {
	var out []wire.CalendarDay
	last := ""
	for _, d := range days {
		now := strings.Join(d.Allowed, ",") + "/" + strings.Join(d.Entries, ",")
		if now != last {
			out = append(out, d)
		}
		last = now
	}
	return out
}

func calendarDayRow(d wire.CalendarDay) []string {
	weekday := ""
	if t, err := time.Parse(time.DateOnly, d.Date); err == nil {
		weekday = t.Weekday().String()[:3]
	}
	allowed := strings.Join(d.Allowed, ", ")
	switch allowed {
	case "":
		allowed = "nothing"
	case "00:00-24:00":
		allowed = "all day"
	}
	return []string{d.Date, weekday, allowed, strings.Join(d.Entries, ", ")}
}
