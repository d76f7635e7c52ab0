package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/segno-jobs/segno/api/wire"
)

// style writes text in colours, or leaves it as it is.
type style struct{ on bool }

// style is that of standard output, errStyle that of standard error.
func (a *app) style() style    { return style{a.colors(a.outTerminal)} }
func (a *app) errStyle() style { return style{a.colors(a.errTerminal)} }

func (a *app) colors(terminal bool) bool {
	return terminal && !a.noColor && a.getenv("NO_COLOR") == "" && a.getenv("TERM") != "dumb"
}

func (s style) paint(code, text string) string {
	if !s.on || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s style) bold(text string) string   { return s.paint("1", text) }
func (s style) dim(text string) string    { return s.paint("2", text) }
func (s style) red(text string) string    { return s.paint("31", text) }
func (s style) green(text string) string  { return s.paint("32", text) }
func (s style) yellow(text string) string { return s.paint("33", text) }
func (s style) cyan(text string) string   { return s.paint("36", text) }

// state paints the word for a state of a run, a node, an attempt or a server.
func (s style) state(word string) string { return s.as(word, word) }

// as paints text in the colour of a state.
func (s style) as(state, text string) string {
	switch state {
	case "succeeded", "online":
		return s.green(text)
	case "running", "starting":
		return s.cyan(text)
	case "failed", "lost", "timed_out", "unavailable":
		return s.red(text)
	case "unknown", "stopping", "unreachable", "draining", "queued":
		return s.yellow(text)
	}
	return s.dim(text)
}

// printable takes control characters out of text from elsewhere, so that it cannot play with the terminal; line ends stay.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || !unicode.IsControl(r) {
			return r
		}
		return -1
	}, text)
}

// line is text from elsewhere on one line.
func line(text string) string { return strings.Join(strings.Fields(printable(text)), " ") }

// stars draws 0 to 5 stars, in halves.
func stars(n float64) string {
	halves := int(math.Round(min(max(n, 0), 5) * 2))
	full, half := halves/2, halves%2
	return strings.Repeat("★", full) + strings.Repeat("½", half) + strings.Repeat("☆", 5-full-half)
}

// bar draws a share from 0 to 1 in width cells, to an eighth of a cell.
func bar(share float64, width int) string {
	eighths := int(math.Round(min(max(share, 0), 1) * float64(width) * 8))
	full, rest := eighths/8, eighths%8
	b := strings.Repeat("█", full)
	if rest > 0 {
		b += string([]rune(" ▏▎▍▌▋▊▉")[rest])
		full++
	}
	return b + strings.Repeat("·", width-full)
}

// span writes a length of time as short as a person wants it.
func span(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Hour:
		return d.Round(time.Second).String()
	case d < 48*time.Hour:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// ago says how long ago t was, or nothing where it never was.
func (a *app) ago(t *wire.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return span(a.now().Sub(t.Time)) + " ago"
}

// clock writes an instant in local time, with the day.
func clock(t *wire.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// pairs writes a map as k=v, sorted.
func pairs(m map[string]string) string {
	parts := make([]string, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, k+"="+line(m[k]))
	}
	return strings.Join(parts, " ")
}

// count writes a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return line(*s)
}
