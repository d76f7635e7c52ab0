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
	"github.com/segno-jobs/segno/cmd/segno/manifest"
	"github.com/segno-jobs/segno/task"
)

func newCalendarCommand(a *app) *cobra.Command {
	cmd := group("calendar", "Calendars: days and hours on which triggers are not due", "", `  segno calendar create holidays --date 12-25 --date 01-01
  segno calendar create closing --icalendar closing.ics
  segno calendar days holidays`)
	cmd.AddCommand(newCalendarListCommand(a), newCalendarShowCommand(a), newCalendarCreateCommand(a), newCalendarEditCommand(a), newCalendarDaysCommand(a), newCalendarPreviewCommand(a),
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

// calendarFlags describe a calendar on the command line.
type calendarFlags struct {
	description, timezone  string
	only                   bool
	dates, weekdays, hours []string
	icalendar              string
}

func (f *calendarFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.description, "description", "", "what the calendar is for")
	flags.StringVar(&f.timezone, "timezone", "", "`zone` of its days and hours; by default that of each trigger")
	flags.BoolVar(&f.only, "only", false, "triggers are due on its days and hours alone, and not on all others")
	flags.StringSliceVar(&f.dates, "date", nil, "`day` such as 2026-12-25, or 12-25 for that of each year; can be repeated")
	flags.StringSliceVar(&f.weekdays, "weekday", nil, "`days` of the week such as sat, or mon-fri; can be repeated")
	flags.StringSliceVar(&f.hours, "hours", nil, "`times` of the weekdays such as 09:00-17:30; can be repeated")
	flags.StringVar(&f.icalendar, "icalendar", "", "iCalendar `file`, or - for standard input")
}

// calendar returns the calendar that the flags describe.
func (f *calendarFlags) calendar(a *app, name string) (task.CalendarSpec, error) {
	s := task.CalendarSpec{Name: name, Description: f.description, Timezone: f.timezone}
	if f.only {
		s.Mode = task.CalendarOnly
	}
	for _, d := range f.dates {
		s.Entries = append(s.Entries, task.CalendarEntry{Date: d})
	}
	if len(f.weekdays) > 0 || len(f.hours) > 0 {
		s.Entries = append(s.Entries, task.CalendarEntry{Weekdays: f.weekdays, Hours: f.hours})
	}
	if f.icalendar == "" {
		return s, nil
	}
	text, err := a.readFile(f.icalendar, task.MaxICalendar)
	if err == nil && strings.TrimSpace(text) == "" {
		err = fmt.Errorf("the iCalendar file %s is empty", f.icalendar)
	}
	s.ICalendar = text
	return s, err
}

func newCalendarCreateCommand(a *app) *cobra.Command {
	var f calendarFlags
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a calendar", Args: cobra.ExactArgs(1),
		Long: `create makes a calendar of days, of weekdays and hours, of an iCalendar file, or of all of these. Rules and hours of certain
days are written in a file for segno apply.`,
		Example: `  segno calendar create holidays --date 12-25 --date 2026-12-24
  segno calendar create office --only --weekday mon-fri --hours 09:00-17:30 --timezone Europe/Paris
  segno calendar create closing --icalendar closing.ics`,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			s, err := f.calendar(a, args[0])
			if err != nil {
				return err
			}
			cal, err := c.CreateCalendar(ctx, s)
			if err != nil {
				return err
			}
			return a.print(cal, func() { a.showCalendar(cal) })
		}),
	}
	f.add(cmd)
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

// dayFlags choose days of a calendar, and how many of them are shown.
type dayFlags struct {
	from  string
	days  int
	every bool
}

func (f *dayFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.from, "from", "", "`instant` of the first day; by default now")
	flags.IntVar(&f.days, "days", 365, "how many days")
	flags.BoolVar(&f.every, "all", false, "show each day")
}

// show asks for the days and lists those that differ from the day before, or all.
func (f *dayFlags) show(a *app, ask func(from, to time.Time) (wire.Page[wire.CalendarDay], error)) error {
	begin, err := a.beginning(f.from)
	if err != nil {
		return err
	}
	if begin.IsZero() {
		begin = a.now()
	}
	got, err := ask(begin, begin.AddDate(0, 0, f.days))
	if err != nil {
		return err
	}
	shown := got.Items
	if !f.every && a.output == "table" {
		shown = changedDays(shown)
	}
	return list(a, shown, false, "There are no days.", []string{"day", "", "allowed", "entries"}, calendarDayRow)
}

func newCalendarDaysCommand(a *app) *cobra.Command {
	var f dayFlags
	cmd := &cobra.Command{
		Use: "days NAME", Short: "Show what a calendar allows on the days of the next year", Args: cobra.ExactArgs(1),
		Long: `days shows the days on which the calendar differs from the day before, or all days with --all.`,
		Example: `  segno calendar days holidays
  segno calendar days office --from 2026-12-01T00:00:00Z --days 31 --all`,
		ValidArgsFunction: a.completes(false, calendarNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			return f.show(a, func(from, to time.Time) (wire.Page[wire.CalendarDay], error) {
				return c.CalendarDays(ctx, args[0], from, to)
			})
		}),
	}
	f.add(cmd)
	return cmd
}

func newCalendarPreviewCommand(a *app) *cobra.Command {
	var f dayFlags
	var described calendarFlags
	var file string
	cmd := &cobra.Command{
		Use: "preview", Short: "Show what a calendar would allow, without making it", Args: cobra.NoArgs,
		Long: `preview shows what the calendar that flags describe, or the document of a file, would allow on the days of the next year.
Nothing is stored.`,
		Example: `  segno calendar preview --only --weekday mon-fri --hours 09:00-17:30 --days 14 --all
  segno calendar preview -f holidays.yaml`,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, _ []string) error {
			s, err := described.calendar(a, "")
			if file != "" {
				s, err = a.calendarOf(file)
			}
			if err != nil {
				return err
			}
			return f.show(a, func(from, to time.Time) (wire.Page[wire.CalendarDay], error) {
				return c.PreviewCalendar(ctx, s, from, to)
			})
		}),
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "YAML `file` with one calendar, or - for standard input")
	described.add(cmd)
	for _, flag := range []string{"description", "timezone", "only", "date", "weekday", "hours", "icalendar"} {
		cmd.MarkFlagsMutuallyExclusive("file", flag)
	}
	f.add(cmd)
	return cmd
}

// calendarOf returns the one calendar that a file describes.
func (a *app) calendarOf(file string) (task.CalendarSpec, error) {
	docs, err := manifest.Load(a.in, file)
	if err != nil {
		return task.CalendarSpec{}, err
	}
	if len(docs) != 1 || docs[0].Kind != manifest.KindCalendar {
		return task.CalendarSpec{}, fmt.Errorf("%s must hold one calendar and nothing else", file)
	}
	return *docs[0].Calendar, nil
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
