package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
)

// screen shows the output of a run as it comes and, on a terminal, how far it is on a line below.
type screen struct {
	log io.Writer
	// bar is where progress is shown, or nil.
	bar   io.Writer
	style style
	// stderrColor paints what the job wrote to standard error.
	stderrColor bool
	// width returns the columns of the terminal.
	width func() int

	progress *wire.Progress
	shown    bool
	// middle is true while the last line of the output has no end: the bar would break it.
	middle bool
}

// newScreen returns a screen that writes the log to w, which is a terminal or not.
func (a *app) newScreen(w io.Writer, terminal, stderrColor bool) *screen {
	s := &screen{log: w, style: style{a.colors(terminal)}, stderrColor: stderrColor, width: func() int { return columns(a.err) }}
	if a.errTerminal {
		s.bar = a.err
	}
	return s
}

// piece writes output. Bytes go through as the job wrote them.
func (s *screen) piece(p client.LogPiece) error {
	if len(p.Data) == 0 {
		return nil
	}
	s.hide()
	data := p.Data
	switch {
	case p.Stream == wire.StreamSegno:
		data = []byte(s.lines(data, s.style.yellow))
	case p.Stream == wire.Stderr && s.stderrColor:
		data = []byte(s.lines(data, s.style.red))
	}
	if _, err := s.log.Write(data); err != nil {
		return fmt.Errorf("write the log: %w", err)
	}
	s.middle = !bytes.HasSuffix(p.Data, []byte("\n"))
	s.show()
	return nil
}

// lines paints each line by itself, so that no colour runs over the end of one.
func (s *screen) lines(data []byte, paint func(string) string) string {
	var b strings.Builder
	for part := range strings.Lines(string(data)) {
		body := strings.TrimSuffix(part, "\n")
		b.WriteString(paint(body))
		b.WriteString(part[len(body):])
	}
	return b.String()
}

// set changes the progress that is shown.
func (s *screen) set(p *wire.Progress) {
	s.hide()
	s.progress = p
	s.show()
}

// note writes a line of Segno's own to w, on a line of its own.
func (s *screen) note(w io.Writer, text string) {
	s.hide()
	if s.middle {
		fmt.Fprintln(w)
		s.middle = false
	}
	fmt.Fprintln(w, text)
	s.show()
}

func (s *screen) hide() {
	if s.shown {
		fmt.Fprint(s.bar, "\r\x1b[K")
		s.shown = false
	}
}

func (s *screen) show() {
	if s.bar == nil || s.progress == nil || s.middle {
		return
	}
	const cells = 30
	head := fmt.Sprintf(" %3.0f %% ", s.progress.Percent)
	room := max(0, s.width()-cells-len(head)-2)
	fmt.Fprint(s.bar, s.style.cyan(bar(s.progress.Percent/100, cells))+head+clip(line(s.progress.Message), room))
	s.shown = true
}

func clip(s string, width int) string {
	if width < 2 {
		return ""
	}
	return shorten(s, width)
}
