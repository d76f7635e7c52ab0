package chaos

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/systemtest"
)

var (
	full     = flag.Bool("chaos.full", false, "run all scenarios, and not only the short part")
	seedFlag = flag.Uint64("chaos.seed", 0, "seed of the scenarios; 0 takes another one each time")
)

// port is the conductor's, on its own host.
const port = "7700"

// world is a conductor and its job servers, each on a host of its own.
type world struct {
	*systemtest.System
	t     testing.TB
	rnd   *rand.Rand
	begun time.Time

	net       *network
	conductor *host
	servers   []*host
	// proxy is between servers and conductor in some scenarios.
	proxy *host
	// socket leads to the conductor from outside of all hosts.
	socket string
	// via is the URL at which job servers join.
	via string

	conductorArgs   []string
	conductorClient func(token string) (*client.Client, error)
	truth           string
	runs            []*expected
}

// newWorld returns a world with a conductor that is ready and one job server for each name that is online. The arguments
// are given to `conductor serve`.
func newWorld(t testing.TB, names []string, conductorArgs ...string) *world {
	t.Helper()
	needNamespaces(t)
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64N(1_000_000)
	}
	w := &world{
		System: systemtest.New(t), t: t, rnd: rand.New(rand.NewPCG(seed, 0)), begun: time.Now(), conductorArgs: conductorArgs,
	}
	t.Logf("seed %d", seed)
	w.truth = filepath.Join(w.Dir, "truth")
	if err := os.Mkdir(w.truth, 0o700); err != nil {
		t.Fatal(err)
	}
	w.net = newNetwork(t, w.Dir)
	w.conductor = newHost(t, "conductor", w.Dir, 1)
	w.via = "http://" + w.conductor.address() + ":" + port
	w.conductor.on()
	w.net.plug(w.conductor)
	w.expose()
	w.startConductor()
	t.Cleanup(w.tell)
	for _, name := range names {
		w.addServer(name)
	}
	return w
}

// needNamespaces skips the test where the kernel, or the rights of whoever runs it, do not allow hosts of their own. With
// REQUIRE_NAMESPACES=1, which make test sets, that is a failure.
func needNamespaces(t testing.TB) {
	t.Helper()
	for _, command := range [][]string{
		{"ip", "-V"},
		{"nsenter", "--version"},
		{"unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--time", "--boottime", "1000", "ip", "link", "set", "lo", "up"},
	} {
		out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
		if err == nil {
			continue
		}
		message := fmt.Sprintf("hosts of their own cannot be made here: %s: %v: %s", strings.Join(command, " "), err, out)
		if os.Getenv("REQUIRE_NAMESPACES") == "1" {
			t.Fatalf("%s\nIt takes root (unshare --map-root-user go test will do), iproute2 and a kernel with namespaces for networks, processes and time. "+
				"REQUIRE_NAMESPACES=0 makes the tests that need them skip.", message)
		}
		t.Skip(message)
	}
}

// note tells what happens.
func (w *world) note(format string, args ...any) {
	w.t.Helper()
	w.t.Logf("%6.2f s: "+format, append([]any{time.Since(w.begun).Seconds()}, args...)...)
}

// tell shows what the programs said, where the test has failed.
func (w *world) tell() {
	if !w.t.Failed() {
		return
	}
	w.t.Logf("conductor:\n%s", w.conductor.log("conductor"))
	for _, h := range w.servers {
		guard, _ := os.ReadFile(filepath.Join(h.dir, "data", "guard.log"))
		w.t.Logf("%s:\n%s\nits guard:\n%s", h.name, h.log("jobserver"), guard)
	}
	for _, e := range w.runs {
		truth, _ := os.ReadFile(filepath.Join(w.truth, string(e.id)))
		w.t.Logf("probe of %s (%s):\n%s", e.task, e.id, shortened(string(truth)))
	}
}

// shortened leaves out the ticks that another one follows.
func shortened(truth string) string {
	lines := strings.SplitAfter(truth, "\n")
	return strings.Join(slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return strings.HasPrefix(l, "tick") }), "")
}

// expose lets the test reach the conductor, whatever becomes of the network: by a socket in a file.
func (w *world) expose() {
	w.t.Helper()
	dir, err := os.MkdirTemp("", "segno-chaos-") // a short name, as those of sockets must be
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = os.RemoveAll(dir) })
	w.socket = filepath.Join(dir, "api")
	w.conductor.tell(order{Do: "forward", From: "unix:" + w.socket, To: "tcp:127.0.0.1:" + port})
	w.URL = "http://conductor"
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", w.socket)
	}}
	w.t.Cleanup(transport.CloseIdleConnections)
	w.conductorClient = func(token string) (*client.Client, error) {
		return client.New(w.URL, token, client.Options{HTTPClient: &http.Client{Transport: transport}})
	}
}

// startConductor starts the conductor and waits until it is ready.
func (w *world) startConductor() {
	w.t.Helper()
	data := filepath.Join(w.conductor.dir, "data")
	w.conductor.run("conductor", append([]string{"serve", "--data", data, "--listen", "0.0.0.0:" + port}, w.conductorArgs...)...)
	w.Eventually("the conductor is ready", func(ctx context.Context) (bool, error) {
		token, err := os.ReadFile(w.conductor.outside(filepath.Join(data, "admin-token")))
		if errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
		if err != nil {
			return false, err
		}
		if w.Client, err = w.conductorClient(strings.TrimSpace(string(token))); err != nil {
			return false, err
		}
		return w.Client.Ready(ctx) == nil, nil
	})
}

// endConductor ends the conductor by a signal and waits for its end.
func (w *world) endConductor(sig syscall.Signal) {
	w.t.Helper()
	w.conductor.signal(sig, "conductor", "serve")
	w.Eventually("the conductor has ended", func(context.Context) (bool, error) {
		return len(w.conductor.find("conductor", "serve")) == 0, nil
	})
}

// addServer joins a job server on a new host and waits until it is online.
func (w *world) addServer(name string) *host {
	w.t.Helper()
	h := newHost(w.t, name, w.Dir, len(w.servers)+2)
	w.servers = append(w.servers, h)
	h.on()
	w.net.plug(h)
	token, err := w.Client.CreateJoinToken(w.t.Context(), wire.JoinTokenRequest{Name: name})
	if err != nil {
		w.t.Fatal(err)
	}
	data := filepath.Join(h.dir, "data")
	h.run("jobserver", "join", "--conductor", w.via, "--token", token.Token, "--data", data, "--name", name, "--slots", "32")
	w.Eventually(name+" has joined", func(context.Context) (bool, error) {
		_, err := os.Stat(filepath.Join(data, "identity.json"))
		return err == nil && len(h.find("jobserver", "join")) == 0, nil
	})
	h.startAgent()
	w.awaitStatus(h, "online")
	return h
}

// startAgent starts the agent of a job server.
func (h *host) startAgent() {
	h.t.Helper()
	h.run("jobserver", "run", "--data", filepath.Join(h.dir, "data"), "--cgroup", "off", "--run-as", otherUser)
}

// endAgent ends the agent by a signal and waits for its end.
func (h *host) endAgent(sig syscall.Signal) {
	h.t.Helper()
	h.signal(sig, "jobserver", "run")
	systemtest.Eventually(h.t, "the agent of "+h.name+" has ended", func(context.Context) (bool, error) {
		return len(h.find("jobserver", "run")) == 0, nil
	})
}

// reboot switches a host on again, with its agent, as systemd would start it.
func (w *world) reboot(h *host) {
	w.t.Helper()
	h.off()
	h.on()
	w.net.plug(h)
	h.startAgent()
}

// awaitStatus waits until the conductor gives a server that status.
func (w *world) awaitStatus(h *host, status string) {
	w.t.Helper()
	w.Eventually(h.name+" is "+status, func(ctx context.Context) (bool, error) {
		server, err := w.Client.Server(ctx, h.name)
		if err == nil && server.Status != status {
			err = fmt.Errorf("it is %s", server.Status)
		}
		return err == nil, err
	})
}

// lasts lets a fault, or the pause before the next one, last for so long. The time that passes is the fault itself here: an
// absence, a cut, a full disk. Whatever follows from it is waited for by its condition.
func (w *world) lasts(d time.Duration) { time.Sleep(d) }

// isolate cuts a server from the conductor: both ways, or only what it says, or only what it is told.
func (w *world) isolate(h *host, way string) {
	w.t.Helper()
	w.note("cut %s: %s", h.name, way)
	if way != "deaf" {
		w.net.cut(h, w.conductor)
	}
	if way != "mute" {
		w.net.cut(w.conductor, h)
	}
}

// join undoes it.
func (w *world) join(h *host) {
	w.t.Helper()
	w.note("heal %s", h.name)
	w.net.heal(h, w.conductor)
}
