package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/store"
)

func newMigrateCommand() *cobra.Command {
	s, bound := bindSettings()
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database's schema up to this version",
		Long:  "Bring the database's schema up to this version. `conductor serve` does the same when it starts.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := bound.Load(); err != nil {
				return err
			}
			from, to, err := store.Migrate(cmd.Context(), s.databaseURL())
			if err != nil {
				return err
			}
			if from == to {
				fmt.Fprintf(cmd.OutOrStdout(), "the schema is up to date (version %d)\n", to)
			} else {
				fmt.Fprintf(cmd.OutOrStdout(), "the schema went from version %d to %d\n", from, to)
			}
			return nil
		},
	}
	bound.AddFlags(cmd.Flags(), "data", "database")
	return cmd
}

func newBackupCommand() *cobra.Command {
	s, bound := bindSettings()
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a consistent copy of the SQLite database to a new file",
		Long: `Write a consistent copy of the SQLite database to a new file, also while a conductor runs, and the content of its
checkpoints to the folder FILE-content. What exists is not overwritten. For PostgreSQL use pg_dump.`,
		Example: "  conductor backup --data /var/lib/segno /backup/segno-monday.db",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := bound.Load(); err != nil {
				return err
			}
			if s.Database != "" {
				return fmt.Errorf("backup is for SQLite; use pg_dump for %s", "PostgreSQL")
			}
			if err := store.Backup(cmd.Context(), s.databaseURL(), args[0]); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "wrote %s\n", args[0])
			return nil
		},
	}
	bound.AddFlags(cmd.Flags(), "data", "database")
	return cmd
}

func newRestoreCommand() *cobra.Command {
	s, bound := bindSettings()
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Put a backup in the place of the SQLite database",
		Long: `Put a backup, with the content of its checkpoints, in the place of the SQLite database. The backup is checked first,
no conductor may run on the data folder, and the database that was there is kept beside it.`,
		Example: "  conductor restore --data /var/lib/segno /backup/segno-monday.db",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := bound.Load(); err != nil {
				return err
			}
			if s.Database != "" {
				return fmt.Errorf("restore is for SQLite; use pg_restore for %s", "PostgreSQL")
			}
			if err := store.Restore(cmd.Context(), args[0], s.databaseURL()); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "restored %s\n", args[0])
			return nil
		},
	}
	bound.AddFlags(cmd.Flags(), "data", "database")
	return cmd
}
