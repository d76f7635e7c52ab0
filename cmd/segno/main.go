// Command segno is the client of a Segno conductor: what the console can do, for the command line and for scripts.
//
// Global flags are --conductor, --token, -o table|json|yaml and --no-color. The conductor and the token come from the
// flags, else from SEGNO_CONDUCTOR and SEGNO_TOKEN, else from what `segno login` saved. docs/cli.md lists the verbs and
// the exit codes.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/mattn/go-isatty"
)

func main() { os.Exit(start()) }

func start() int {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	defer stop()
	// The first signal asks the command to end, the second one ends it.
	context.AfterFunc(ctx, stop)

	configDir, err := os.UserConfigDir()
	if err != nil {
		configDir = ""
	}
	return run(ctx, os.Args[1:], &app{
		in: os.Stdin, out: os.Stdout, err: os.Stderr,
		inTerminal: isatty.IsTerminal(os.Stdin.Fd()), outTerminal: isatty.IsTerminal(os.Stdout.Fd()), errTerminal: isatty.IsTerminal(os.Stderr.Fd()),
		getenv: os.Getenv, configDir: configDir, now: time.Now,
	})
}
