package wire

import (
	"unicode/utf8"

	"github.com/segno-jobs/segno/task"
)

// Names of the events of GET /runs/{id}/log?follow=true.
const (
	// EventOutput carries a [LogChunk]; its id is "<attempt>:<next>".
	EventOutput = "output"
	// EventAttempt carries a [LogAttempt]: the output that follows is of another attempt.
	EventAttempt = "attempt"
	// EventRun carries a [RunStatus] that differs from the one before.
	EventRun = "run"
	// EventEnd carries the last [RunStatus]. Nothing follows.
	EventEnd = "end"
)

// LogChunk is consecutive output of an attempt. Offsets count the bytes as the job wrote them.
type LogChunk struct {
	Attempt int `json:"attempt"`
	// Offset is where the first piece begins, Next where the output goes on after the last.
	Offset int64 `json:"offset"`
	Next   int64 `json:"next"`
	// End is true where nothing can follow in this attempt.
	End    bool       `json:"end"`
	Pieces []LogPiece `json:"pieces" nullable:"false"`
}

// LogPiece is what one read from a job's pipe gave: not necessarily whole lines, nor whole characters.
type LogPiece struct {
	At     Time   `json:"at" format:"date-time"`
	Stream Stream `json:"stream" enum:"stdout,stderr,segno"`
	// Text is set where the bytes are valid UTF-8, else Base64.
	Text   string `json:"text,omitempty" doc:"The bytes, where they are valid UTF-8."`
	Base64 []byte `json:"base64,omitempty" doc:"The bytes, where they are not valid UTF-8."`
}

// Stream is the name of a stream of output.
type Stream string

// The streams. StreamSegno is Segno's own word in the output, such as the mark where it was cut.
const (
	Stdout      Stream = "stdout"
	Stderr      Stream = "stderr"
	StreamSegno Stream = "segno"
)

// LogAttempt says which attempt the output that follows is of.
type LogAttempt struct {
	Attempt int     `json:"attempt"`
	Server  *string `json:"server"`
}

// RunStatus is the part of a run that changes while it is followed.
type RunStatus struct {
	State    task.State `json:"state"`
	Attempt  int        `json:"attempt"`
	Server   *string    `json:"server"`
	ExitCode *int       `json:"exit_code"`
	Reason   string     `json:"reason"`
	Progress *Progress  `json:"progress"`
}

// StatusOf returns the changing part of a run.
func StatusOf(r task.Run) RunStatus {
	w := RunOf(r)
	return RunStatus{State: w.State, Attempt: w.Attempt, Server: w.Server, ExitCode: w.ExitCode, Reason: w.Reason, Progress: w.Progress}
}

// LogChunkOf returns output of an attempt as it is sent.
func LogChunkOf(attempt int, out task.Output, end bool) LogChunk {
	c := LogChunk{Attempt: attempt, Offset: out.Offset, Next: out.Offset, End: end, Pieces: make([]LogPiece, len(out.Lines))}
	for i, p := range out.Lines {
		c.Pieces[i] = LogPieceOf(p)
		c.Next += int64(len(p.Data))
	}
	return c
}

// LogPieceOf returns one piece as it is sent.
func LogPieceOf(p task.OutputPiece) LogPiece {
	w := LogPiece{At: At(p.At), Stream: streamOf(p.Stream)}
	if utf8.Valid(p.Data) {
		w.Text = string(p.Data)
	} else {
		w.Base64 = p.Data
	}
	return w
}

// Bytes returns what the job wrote.
func (p LogPiece) Bytes() []byte {
	if len(p.Base64) > 0 {
		return p.Base64
	}
	return []byte(p.Text)
}

func streamOf(s task.Stream) Stream {
	switch s {
	case task.Stderr:
		return Stderr
	case task.StreamMark:
		return StreamSegno
	}
	return Stdout
}
