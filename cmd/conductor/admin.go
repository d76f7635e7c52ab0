package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

func newAdminCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "admin", Short: "Look after the administrator's token"}
	cmd.AddCommand(newTokenCommand())
	return cmd
}

func newTokenCommand() *cobra.Command {
	s, bound := bindSettings()
	renew := false
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Print the administrator's token",
		Long: `Print the administrator's token, as the data folder holds it. With --renew a new one takes its place, which counts
from the next start of the conductor.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := bound.Load(); err != nil {
				return err
			}
			if _, err := os.Stat(s.Data); err != nil {
				return fmt.Errorf("look for the data folder: %w", err)
			}
			token, _, err := adminToken(s.Data)
			if renew {
				token, err = writeToken(filepath.Join(s.Data, tokenFile))
			}
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), token)
			return nil
		},
	}
	bound.AddFlags(cmd.Flags(), "data")
	cmd.Flags().BoolVar(&renew, "renew", false, "make a new token")
	return cmd
}
