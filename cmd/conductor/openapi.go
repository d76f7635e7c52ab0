package main

import (
	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api"
	"github.com/segno-jobs/segno/internal/version"
)

// newOpenAPICommand prints the description of the API without a conductor that serves it.
func newOpenAPICommand() *cobra.Command {
	return &cobra.Command{
		Use:   "openapi",
		Short: "Print the OpenAPI description of the API as YAML",
		Long: `Print the OpenAPI description of the API as YAML, as a running conductor gives it at /api/v1/openapi.yaml. Clients and
the console's types are generated from it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			description, err := api.Description(version.Version)
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(description)
			return err
		},
	}
}
