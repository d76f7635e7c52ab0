package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/version"
	"github.com/segno-jobs/segno/jobserver/agent"
)

// newJoinCommand enrols the host.
func newJoinCommand() *cobra.Command {
	s := defaultSettings()
	var force bool
	cmd := &cobra.Command{
		Use:     "join --conductor URL[,URL…] --token T --data DIR [--name NAME]",
		Short:   "Enrol this host at a conductor, once",
		Example: `  jobserver join --conductor http://127.0.0.1:7700 --token v1.… --data /var/lib/segno --name js-1 --slots 8`,
		Args:    cobra.NoArgs,
	}
	load := s.bind(cmd, "data", "conductor", "token", "name", "kind", "slots", "power", "label")
	cmd.Flags().BoolVar(&force, "force", false, "replace the identity that the folder has")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := load(); err != nil {
			return err
		}
		if err := s.checkJoin(); err != nil {
			return err
		}
		data, err := filepath.Abs(s.Data)
		if err != nil {
			return fmt.Errorf("data folder: %w", err)
		}
		server := s.server()
		server.AgentVersion = version.Version
		id, err := agent.Join(cmd.Context(), agent.JoinOptions{
			Data: data, Token: s.Token, Conductors: s.Conductor, Server: server, Force: force,
		})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s has joined; start it with: jobserver run --data %s\n", id.Name, s.Data)
		return err
	}
	return cmd
}

// checkJoin refuses to join without what only joining needs.
func (s *settings) checkJoin() error {
	var found []error
	need := func(setting string, given bool) {
		if !given {
			found = append(found, fault.Field("--"+setting, "must be given"))
		}
	}
	need("conductor", len(s.Conductor) > 0)
	need("token", s.Token != "")
	need("name", s.Name != "")
	return errors.Join(found...)
}
