package main

import (
	"io"
	"log/slog"

	"github.com/segno-jobs/segno/internal/fault"
)

// checkLog refuses settings of the log that newLogger could not follow.
func checkLog(s *settings) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.LogLevel)); err != nil {
		return fault.Field("log_level", "must be debug, info, warn or error, not %.40q", s.LogLevel)
	}
	if s.LogFormat != "text" && s.LogFormat != "json" {
		return fault.Field("log_format", "must be text or json, not %.40q", s.LogFormat)
	}
	return nil
}

// newLogger returns the log of the agent. The settings were checked.
func newLogger(w io.Writer, s *settings) *slog.Logger {
	options := &slog.HandlerOptions{}
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.LogLevel)); err == nil {
		options.Level = level
	}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
