package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/archive"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

func newArchiveCommand(a *app) *cobra.Command {
	cmd := group("archive", "Archives: packages of jobs, in versions", `An archive is a zip or tar.gz that holds a job, such as one that Talend has exported. It is uploaded in versions whose
content never changes; a task names it with the key archive of its job, and every further attempt of a run has the
version that the run began with.`, `  segno archive push load-orders_0.1.zip --name load-orders --version 0.1
  segno archive list
  segno archive show load-orders`)
	cmd.AddCommand(newArchivePushCommand(a), newArchiveListCommand(a), newArchiveShowCommand(a), newArchiveGetCommand(a), newArchiveDeleteCommand(a))
	return cmd
}

func archiveNames(ctx context.Context, c *client.Client, typed string) ([]string, error) {
	got, err := c.Archives(ctx, typed, client.PageRequest{Limit: 500})
	return each(got.Items, func(v wire.ArchiveSummary) string { return v.Name + "\t" + v.Latest.Version }), err
}

func newArchivePushCommand(a *app) *cobra.Command {
	var name, version string
	cmd := &cobra.Command{
		Use: "push FILE --version VERSION", Short: "Upload a version of an archive", Args: cobra.ExactArgs(1),
		Long: `push uploads a zip or tar.gz. What it is, is told by its content: a package of Talend starts itself, another one by the
command in its segno.json or that of the task. The same content again changes nothing; other content for a version that is
there is refused.`,
		Example: "  segno archive push load-orders_0.1.zip --version 0.1\n  segno archive push build/out.tar.gz --name load-orders --version 2026.11.1",
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			if name == "" {
				name = archiveNameOf(args[0])
			}
			v, created, err := pushArchive(ctx, c, archive.Upload{Archive: name, Version: version}, args[0])
			if err != nil {
				return err
			}
			return a.print(v, func() {
				if !created {
					a.printf("version %s of archive %s is there already with this content.\n", v.Version, v.Archive)
					return
				}
				a.printf("version %s of archive %s uploaded: %s, %s.\n", v.Version, v.Archive, size(v.Size), archiveStart(v.Manifest))
			})
		}),
	}
	cmd.Flags().StringVar(&name, "name", "", "name of the archive; by default that of the file without its ending")
	cmd.Flags().StringVar(&version, "version", "", "name of the version, such as 1.4.2")
	return cmd
}

// archiveNameOf makes a name of that of a file.
func archiveNameOf(file string) string {
	name := strings.ToLower(filepath.Base(file))
	for _, ending := range []string{".tar.gz", ".tgz", ".zip"} {
		name = strings.TrimSuffix(name, ending)
	}
	return name
}

func pushArchive(ctx context.Context, c *client.Client, u archive.Upload, file string) (v wire.ArchiveVersion, created bool, err error) {
	if u.Version == "" {
		return v, false, usagef("name the version with --version")
	}
	if err := u.Validate(); err != nil {
		return v, false, err
	}
	f, err := os.Open(file)
	if err != nil {
		return v, false, err
	}
	defer f.Close()
	hash := sha256.New()
	n, err := io.Copy(hash, f)
	if err != nil {
		return v, false, fmt.Errorf("read %s: %w", file, err)
	}
	if n > archive.MaxSize {
		return v, false, fmt.Errorf("%s has %s; an archive may have at most %s: %w", file, size(n), size(archive.MaxSize), fault.TooLarge)
	}
	return c.PutArchive(ctx, u.Archive, u.Version, hex.EncodeToString(hash.Sum(nil)), f, n)
}

// archiveStart says in a few words what starts a package.
func archiveStart(m archive.Manifest) string {
	switch {
	case m.Layout == archive.Talend:
		return strings.TrimSpace("Talend job " + m.Job + " " + m.JobVersion)
	case m.Starts():
		return "starts " + strings.Join(m.Command, " ")
	}
	return "the task says what starts it"
}

func newArchiveListCommand(a *app) *cobra.Command {
	var query string
	cmd := &cobra.Command{
		Use: "list", Short: "List archives with their newest version", Example: "  segno archive list", Args: cobra.NoArgs,
		RunE: a.withClient(func(ctx context.Context, c *client.Client, _ []string) error {
			archives, more, err := fetch(0, func(p client.PageRequest) (wire.Page[wire.ArchiveSummary], error) {
				return c.Archives(ctx, query, p)
			})
			if err != nil {
				return err
			}
			return list(a, archives, more, "There are no archives. `segno archive push` uploads one.",
				[]string{"name", "latest", "versions", "size", "uploaded", "starts", "tasks"}, func(v wire.ArchiveSummary) []string {
					return []string{
						v.Name, v.Latest.Version, fmt.Sprint(v.Versions), size(v.Latest.Size), a.ago(&v.Latest.UploadedAt),
						shorten(archiveStart(v.Latest.Manifest), 40), shorten(strings.Join(v.Tasks, ","), 40),
					}
				})
		}),
	}
	cmd.Flags().StringVar(&query, "name", "", "only those whose name contains this")
	return cmd
}

func newArchiveShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Short: "Show the versions of an archive", Example: "  segno archive show load-orders", Args: cobra.ExactArgs(1),
		ValidArgsFunction: a.completes(false, archiveNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			d, err := c.Archive(ctx, args[0])
			if err != nil {
				return err
			}
			return a.print(d, func() {
				a.facts([][2]string{{"name", d.Name}, {"tasks", strings.Join(d.Tasks, ", ")}}...)
				var rows [][]string
				for _, v := range d.Versions {
					rows = append(rows, []string{
						v.Version, string(v.Manifest.Format), size(v.Size), clock(&v.UploadedAt), v.UploadedBy,
						archiveStart(v.Manifest), strings.Join(v.Manifest.Contexts, ","), v.SHA256[:min(12, len(v.SHA256))],
					})
				}
				a.table([]string{"version", "format", "size", "uploaded", "by", "starts", "contexts", "sha-256"}, rows)
			})
		}),
	}
}

func newArchiveGetCommand(a *app) *cobra.Command {
	var version, file string
	cmd := &cobra.Command{
		Use: "get NAME", Short: "Download a version of an archive as it was uploaded", Args: cobra.ExactArgs(1),
		Example:           "  segno archive get load-orders\n  segno archive get load-orders --version 0.1 --output old.zip",
		ValidArgsFunction: a.completes(false, archiveNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			v, err := c.ArchiveVersion(ctx, args[0], version)
			if err != nil {
				return err
			}
			if file == "-" {
				_, err := c.ArchiveContent(ctx, v.Archive, v.Version, a.out)
				return err
			}
			if file == "" {
				file = v.Archive + "-" + v.Version + "." + string(v.Manifest.Format)
			}
			return a.save("archive", file, func(w io.Writer) (int64, error) {
				return c.ArchiveContent(ctx, v.Archive, v.Version, w)
			})
		}),
	}
	cmd.Flags().StringVar(&version, "version", task.LatestVersion, "the version")
	// This flag stands in the place of the global one: the answer is no document.
	cmd.Flags().StringVarP(&file, "output", "o", "", "`file` to write; - for standard output; by default NAME-VERSION with its ending")
	return cmd
}

func newArchiveDeleteCommand(a *app) *cobra.Command {
	var all, force bool
	cmd := &cobra.Command{
		Use: "delete NAME [VERSION …]", Short: "Delete versions of an archive that no task names and no run needs", Args: cobra.MinimumNArgs(1),
		Long: `delete removes versions with their content, and the archive with its last one. A version stays while a task names it or a
run with it has not ended. A run that failed, timed out or was lost can be taken up again only with the version that it
began with; where there are such runs, --force deletes it all the same.`,
		Example:           "  segno archive delete load-orders 0.1\n  segno archive delete load-orders --all",
		ValidArgsFunction: a.completes(false, archiveNames),
		RunE: a.withClient(func(ctx context.Context, c *client.Client, args []string) error {
			name, versions := args[0], args[1:]
			switch {
			case all == (len(versions) > 0):
				return usagef("name the versions to delete, or all of them with --all")
			case all:
				d, err := c.Archive(ctx, name)
				if err != nil {
					return err
				}
				versions = each(d.Versions, func(v wire.ArchiveVersion) string { return v.Version })
			}
			for _, version := range versions {
				if err := c.DeleteArchiveVersion(ctx, name, version, force); err != nil {
					return err
				}
				a.note("version %s of archive %s deleted.", version, name)
			}
			return nil
		}),
	}
	cmd.Flags().BoolVar(&all, "all", false, "every version, and the archive with them")
	cmd.Flags().BoolVar(&force, "force", false, "also where runs that have ended could be taken up again only with them")
	return cmd
}
