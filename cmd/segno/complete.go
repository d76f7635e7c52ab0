package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// completionTime is how long a shell waits for names from the conductor.
const completionTime = 2 * time.Second

// names asks the conductor for the names that begin with what was typed.
type names func(ctx context.Context, c *client.Client, prefix string) ([]string, error)

// complete sets the completion of a flag.
func complete(cmd *cobra.Command, flag string, f cobra.CompletionFunc) {
	// The only error is a flag that does not exist.
	if err := cmd.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic(err)
	}
}

// completes returns a completion of arguments: the first by the first function, and so on; the last one serves all
// that follow where repeat is true. Where the conductor cannot be asked there are no suggestions.
func (a *app) completes(repeat bool, sources ...names) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		n := len(args)
		if n >= len(sources) && repeat {
			n = len(sources) - 1
		}
		if n >= len(sources) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		c, err := a.client()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
		defer cancel()
		all, err := sources[n](ctx, c, typed)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var found []cobra.Completion
		for _, name := range all {
			plain, _, _ := strings.Cut(name, "\t")
			if strings.HasPrefix(plain, typed) {
				found = append(found, name)
			}
		}
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}

func serverNames(ctx context.Context, c *client.Client, typed string) ([]string, error) {
	got, err := c.Servers(ctx, jobserver.Filter{Query: typed}, client.PageRequest{Limit: 500})
	return each(got.Items, func(s wire.Server) string { return s.Name + "\t" + s.Status }), err
}

func virtualServerNames(ctx context.Context, c *client.Client, typed string) ([]string, error) {
	got, err := c.VirtualServers(ctx, typed, client.PageRequest{Limit: 500})
	return each(got.Items, func(v wire.VirtualServer) string { return v.Name + "\t" + line(v.Description) }), err
}

func taskNames(ctx context.Context, c *client.Client, typed string) ([]string, error) {
	got, err := c.Tasks(ctx, task.Filter{Query: typed}, client.PageRequest{Limit: 500})
	return each(got.Items, func(t wire.Task) string { return t.Name + "\t" + line(t.Description) }), err
}

func runNames(ctx context.Context, c *client.Client, _ string) ([]string, error) {
	got, err := c.Runs(ctx, task.RunFilter{}, client.PageRequest{Limit: 100})
	return each(got.Items, func(r wire.Run) string { return string(r.ID) + "\t" + r.Task + " " + string(r.State) }), err
}

// each returns f of each item.
func each[T, U any](items []T, f func(T) U) []U {
	out := make([]U, len(items))
	for i, item := range items {
		out[i] = f(item)
	}
	return out
}

// fetch reads up to limit items of a list, or all where limit is 0, and reports whether there are more.
func fetch[T any](limit int, page func(client.PageRequest) (wire.Page[T], error)) (items []T, more bool, err error) {
	size := 500
	if limit > 0 {
		size = min(limit, size)
	}
	for item, err := range client.All(client.PageRequest{Limit: size}, page) {
		if err != nil {
			return nil, false, err
		}
		if limit > 0 && len(items) == limit {
			return items, true, nil
		}
		items = append(items, item)
	}
	return items, false, nil
}
