package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// The exit codes of segno. A run that is followed to its end gives its own exit code where it left one; the codes
// from 124 on say why it did not. docs/cli.md tells users.
const (
	exitError = 1
	exitUsage = 2
	// exitChanges is that of `apply --dry-run` where there is something to change.
	exitChanges = 2
	// exitTimedOut is for a run that was stopped at its timeout.
	exitTimedOut = 124
	// exitLost is for a run that ended without a result: lost or reset.
	exitLost = 125
	// exitNotStarted is for a run whose program could not be started.
	exitNotStarted = 126
	// exitInterrupted is for a run that was cancelled, and for a command that was ended by Ctrl-C.
	exitInterrupted = 130
)

// exit is an error that asks for an exit code. What it says is printed, unless it is nil.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

// usage marks an error as one of the command line's wording.
func usage(err error) error { return &exit{exitUsage, err} }

func usagef(format string, args ...any) error { return usage(fmt.Errorf(format, args...)) }

// report prints an error, if there is one to print, and returns the exit code that it stands for.
func (a *app) report(err error) int {
	if err == nil {
		return 0
	}
	code := exitError
	if e, ok := errors.AsType[*exit](err); ok {
		code, err = e.code, e.err
	} else if errors.Is(err, context.Canceled) {
		code, err = exitInterrupted, nil
	}
	if err == nil {
		return code
	}
	fmt.Fprintf(a.err, "%s %s\n", a.errStyle().red("segno:"), printable(err.Error()))
	if hint := a.hint(err, code); hint != "" {
		fmt.Fprintln(a.err, hint)
	}
	return code
}

// hint says what to do about an error, where the error does not say so itself.
func (a *app) hint(err error, code int) string {
	problem, answered := errors.AsType[*client.Error](err)
	switch {
	case code == exitUsage:
		return `See "segno --help", or --help after any command.`
	case answered && problem.Status == 401:
		return `Sign in with "segno login", or give a token with SEGNO_TOKEN or --token. The conductor writes that of its first start to admin-token in its data folder.`
	case !answered && errors.Is(err, fault.Unavailable):
		return "Is the conductor running there? The address comes from " + a.origin() + "."
	}
	return ""
}

// exitCode returns the exit code that the end of a run gives to a command that followed it.
func exitCode(state task.State, code *int) int {
	switch state {
	case task.Succeeded:
		return 0
	case task.TimedOut:
		return exitTimedOut
	case task.Cancelled:
		return exitInterrupted
	case task.Lost, task.Reset:
		return exitLost
	}
	switch {
	case code == nil || *code < 0:
		return exitNotStarted
	case *code == 0 || *code > 255:
		return exitError
	}
	return *code
}
