// Command conductor is the service that places jobs on job servers: its API, its console and its store.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/internal/version"
)

// gcPercent lets the heap grow to five times what is in use before it is swept. That is little memory here, and a sixth
// less work for each run.
const gcPercent = 400

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "conductor:", err)
		os.Exit(1)
	}
}

func newCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "conductor",
		Short: "Place jobs on the best job server, and keep them safe when one goes away",
		Long: `The conductor groups job servers into virtual servers, rates them on their live health, and runs each job on the
best-rated one. All that it holds is in the data folder, or in PostgreSQL.`,
		Version:       version.Version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.SetVersionTemplate("conductor {{.Version}}\n")
	cmd.AddCommand(newServeCommand(), newMigrateCommand(), newBackupCommand(), newRestoreCommand(), newAdminCommand(), newOpenAPICommand())
	return cmd
}
