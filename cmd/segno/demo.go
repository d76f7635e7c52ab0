package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/cmd/segno/manifest"
	"github.com/segno-jobs/segno/demo"
	"github.com/segno-jobs/segno/internal/version"
	"github.com/segno-jobs/segno/task"
)

// demoServers are the job servers of the demo. All run on this machine; what differs is what they say of themselves.
var demoServers = []struct {
	name         string
	slots, power string
}{
	{"small", "2", "0.5"}, {"medium", "4", "1"}, {"large", "8", "2"},
}

// demoPatience is how long a program of the demo may take until it serves.
const demoPatience = 30 * time.Second

func newDemoCommand(a *app) *cobra.Command {
	d := demonstration{app: a}
	cmd := &cobra.Command{
		Use: "demo", Short: "A conductor, three job servers and a task at work, on this machine", Args: cobra.NoArgs,
		Long: `demo starts a conductor with SQLite and three job servers, each a process of its own on a loopback port, groups them as a
virtual server, and runs a task of four steps on the best-rated one: 10,000 reports of bird strikes on aircraft are
unpacked, cleaned, added up and reported. It says where the task runs and why, follows its output, and keeps everything
running for you to try, until Ctrl-C. Then all processes are stopped and the temporary folder is removed.

With --unplug it pulls the plug of the server in the middle of the task: its agent, its guard, the job and all else there
are killed at once. The task goes on on another server from its last checkpoint, and the numbers at the end are compared
with those of a run that nothing disturbed.

The programs conductor and jobserver are looked for beside segno, then on the PATH. With --once it ends with the task,
and with its exit code; with --unplug --once that is 0 only if the run went on elsewhere and the numbers are the same.`,
		Example: `  segno demo
  segno demo --once
  segno demo --unplug
  segno demo --port 7700 --data /tmp/segno-demo`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if d.port < 0 || d.port > 65535 {
				return usagef("--port must be 1 to 65535, or 0 for a free one")
			}
			if seconds, err := strconv.ParseFloat(d.pace, 64); d.pace != "" && (err != nil || !(seconds >= 0 && seconds <= 60)) {
				return usagef("--pace must be 0 to 60 seconds, not %q", d.pace)
			}
			if pace, err := strconv.ParseFloat(d.pace, 64); d.unplug && err == nil && pace == 0 {
				return usagef("--unplug needs a --pace above 0: at full speed there is no middle of the task to meet")
			}
			return d.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&d.once, "once", false, "end with the task, and with its exit code")
	flags.BoolVar(&d.unplug, "unplug", false, "kill the task's server in the middle of it, and check that the numbers stay the same")
	flags.StringVar(&d.data, "data", "", "`folder` for all data, which is kept; it must be empty or not exist")
	flags.IntVar(&d.port, "port", 0, "loopback port of the conductor; 0 for a free one")
	flags.StringVar(&d.pace, "pace", "", "`seconds` that the task rests after each year of data; 0 is full speed (default 0.4)")
	return cmd
}

// demonstration is one run of the demo.
type demonstration struct {
	*app
	once, unplug bool
	data         string
	port         int
	// unplugged is the server whose plug was pulled.
	unplugged string
	// pace is the task's parameter of that name, or empty for its default.
	pace string

	segno, conductor, jobserver string
	programs                    programs
	url, secret                 string
	client                      *client.Client
}

// run runs the demo from its first process to its last.
func (d *demonstration) run(ctx context.Context) (err error) {
	if err := d.find(); err != nil {
		return err
	}
	remove, err := d.folder()
	if err != nil {
		return err
	}
	if err := keepOrphans(); err != nil {
		return errors.Join(err, remove())
	}
	defer func() {
		if !d.once || ctx.Err() != nil {
			d.note("\nStopping everything that the demo started.")
		}
		if failed := errors.Join(d.programs.stop(), remove()); failed != nil {
			err = errors.Join(err, &exit{exitError, failed})
		}
	}()

	if err := d.start(ctx); err != nil {
		return err
	}
	err = d.work(ctx)
	switch {
	case ctx.Err() != nil:
		return &exit{code: exitInterrupted}
	case d.once || !toldAll(err):
		return err
	}
	if err := d.plugIn(ctx); err != nil {
		return err
	}
	d.invite()
	return d.programs.wait(ctx)
}

// toldAll reports whether an error, if there is one, is no more than the exit code of a run that has ended.
func toldAll(err error) bool {
	e, ok := errors.AsType[*exit](err)
	return err == nil || (ok && e.err == nil)
}

// find looks for the programs beside this one, then on the PATH.
func (d *demonstration) find() error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the programs of the demo: %w", err)
	}
	d.segno = self
	for name, path := range map[string]*string{"conductor": &d.conductor, "jobserver": &d.jobserver} {
		*path = filepath.Join(filepath.Dir(self), name)
		if _, err := exec.LookPath(*path); err == nil {
			continue
		}
		if *path, err = exec.LookPath(name); err != nil {
			return fmt.Errorf("the program %s is neither beside %s nor on the PATH; `make build` puts all three into bin/", name, self)
		}
	}
	return nil
}

// folder makes the folder of the demo, and returns what removes it if it is a temporary one.
func (d *demonstration) folder() (remove func() error, err error) {
	if d.data == "" {
		if d.data, err = os.MkdirTemp(temporary(), "segno-demo-"); err != nil {
			return nil, fmt.Errorf("make a folder for the demo: %w", err)
		}
		return func() error { return removeAll(d.data) }, nil
	}
	if d.data, err = filepath.Abs(d.data); err != nil {
		return nil, fmt.Errorf("make a folder for the demo: %w", err)
	}
	if err := os.MkdirAll(d.data, 0o700); err != nil {
		return nil, fmt.Errorf("make a folder for the demo: %w", err)
	}
	entries, err := os.ReadDir(d.data)
	switch {
	case err != nil:
		return nil, fmt.Errorf("look into the folder for the demo: %w", err)
	case len(entries) > 0:
		return nil, usagef("the folder %s is not empty", d.data)
	}
	return func() error { return nil }, nil
}

// temporary is the folder for temporary files, or /tmp where its path is so long that guards could not keep their sockets
// in the demo's folder: they would keep them beside it, and nobody would remove them.
func temporary() string {
	const longest = 50
	if dir := os.TempDir(); len(dir) <= longest {
		return dir
	}
	return "/tmp"
}

func removeAll(folder string) error {
	if err := os.RemoveAll(folder); err != nil {
		return fmt.Errorf("remove the demo's folder: %w", err)
	}
	return nil
}

// start starts the conductor and the job servers, and waits until they serve.
func (d *demonstration) start(ctx context.Context) error {
	if err := d.startConductor(ctx); err != nil {
		return err
	}
	d.note("The conductor listens at %s.", d.url)
	for _, s := range demoServers {
		if err := d.startServer(ctx, s.name, s.slots, s.power); err != nil {
			return err
		}
	}
	for _, s := range demoServers {
		if err := d.programs.until(ctx, "job server "+s.name+" is online", func() bool {
			got, err := d.client.Server(ctx, s.name)
			return err == nil && got.Status == "online" && got.Load != nil
		}); err != nil {
			return err
		}
		d.note("The job server %-6s is online, with %s slots and power %s.", s.name, s.slots, s.power)
	}
	return nil
}

func (d *demonstration) startConductor(ctx context.Context) error {
	port := strconv.Itoa(d.port)
	if d.port == 0 {
		var err error
		if port, err = freePort(); err != nil {
			return err
		}
	}
	address, data := net.JoinHostPort("127.0.0.1", port), filepath.Join(d.data, "conductor")
	d.url = "http://" + address
	args := []string{"serve", "--data", data, "--listen", address}
	if d.unplug {
		args = append(args, "--heartbeat", unplugHeartbeat.String())
	}
	if err := d.programs.start("the conductor", d.data, d.conductor, args...); err != nil {
		return err
	}
	if err := d.programs.until(ctx, "the conductor has written its admin token", func() bool {
		token, err := os.ReadFile(filepath.Join(data, "admin-token"))
		d.secret = strings.TrimSpace(string(token))
		return err == nil && d.secret != ""
	}); err != nil {
		return err
	}
	var err error
	if d.client, err = client.New(d.url, d.secret, client.Options{UserAgent: "segno/" + version.Version}); err != nil {
		return err
	}
	return d.programs.until(ctx, "the conductor is ready", func() bool { return d.client.Ready(ctx) == nil })
}

// freePort returns a loopback port on which nothing listens.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

func (d *demonstration) startServer(ctx context.Context, name, slots, power string) error {
	token, err := d.client.CreateJoinToken(ctx, wire.JoinTokenRequest{Name: name})
	if err != nil {
		return fmt.Errorf("make a token for the job server %s: %w", name, err)
	}
	data := filepath.Join(d.data, name)
	if err := d.programs.finish(ctx, "joining the job server "+name, d.data, d.jobserver, "join",
		"--conductor", d.url, "--token", token.Token, "--data", data, "--name", name, "--slots", slots, "--power", power); err != nil {
		return err
	}
	return d.programs.start(serverProgram(name), d.data, d.jobserver, "run", "--data", data)
}

// serverProgram is what the agent of a job server is called among the programs.
func serverProgram(name string) string { return "the job server " + name }

// work sets up the task, runs it, and returns an error with the exit code of its run.
func (d *demonstration) work(ctx context.Context) error {
	if err := d.setUp(ctx); err != nil {
		return err
	}
	if d.unplug {
		return d.survive(ctx)
	}
	r, err := d.begin(ctx, d.pace)
	if err != nil {
		return err
	}
	if _, err := d.follow(ctx, d.client, r.ID, following{}); err != nil {
		return fmt.Errorf("follow run %s: %w", r.ID, err)
	}
	return d.end(ctx, d.client, r.ID)
}

// setUp makes the virtual server and the task.
func (d *demonstration) setUp(ctx context.Context) error {
	files := filepath.Join(d.data, "demo")
	if err := os.Mkdir(files, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("write the demo: %w", err)
	}
	setup, err := demo.Write(files)
	if err != nil {
		return err
	}
	docs, err := manifest.Load(nil, setup)
	if err != nil {
		return err
	}
	for _, doc := range docs {
		if doc.Task != nil && d.unplug {
			doc.Task.UnavailableAfter = task.Duration(unplugPatience)
		}
	}
	changes, err := d.plan(ctx, d.client, docs)
	if err != nil {
		return err
	}
	return d.carryOut(ctx, d.client, changes)
}

// begin starts the task at a pace, or at its own where that is empty, and says where it runs and why.
func (d *demonstration) begin(ctx context.Context, pace string) (wire.Run, error) {
	var request wire.RunRequest
	if pace != "" {
		request.Params = map[string]string{"pace": pace}
	}
	r, err := d.client.StartRun(ctx, demo.Task, request)
	if err != nil {
		return r, fmt.Errorf("start the task %s: %w", demo.Task, err)
	}
	if err := d.programs.until(ctx, "the run is placed", func() bool {
		now, err := d.client.Run(ctx, r.ID)
		if err != nil || len(now.Attempts) == 0 {
			return false
		}
		r = now
		return true
	}); err != nil {
		return r, err
	}
	if d.output == "table" {
		d.println()
		d.why(r)
		d.println()
	}
	return r, nil
}

// invite says what can be done while everything runs.
func (d *demonstration) invite() {
	segno := d.command()
	b := d.style().bold
	d.printf(`
Everything keeps running until Ctrl-C.

  %s  %s   sign in with the token below
  %s    %s

In another shell:

  export SEGNO_CONDUCTOR=%s SEGNO_TOKEN=%s
  %s server list
  %s vs rating %s
  %s run start %s --param pace=0 --follow
  %s server drain large        then start another run: it goes to the next best
  %s run list
  %s events -f
`, b("console"), d.url, b("token"), d.secret, d.url, d.secret, segno, segno, demo.VirtualServer, segno, demo.Task, segno, segno, segno)
}

// command returns how a person starts this program: by name where that is it, else by its path.
func (d *demonstration) command() string {
	if found, err := exec.LookPath("segno"); err == nil {
		a, errA := os.Stat(found)
		b, errB := os.Stat(d.segno)
		if errA == nil && errB == nil && os.SameFile(a, b) {
			return "segno"
		}
	}
	if here, err := os.Getwd(); err == nil {
		if relative, err := filepath.Rel(here, d.segno); err == nil && !strings.HasPrefix(relative, "..") {
			return filepath.Join(".", relative)
		}
	}
	return d.segno
}
