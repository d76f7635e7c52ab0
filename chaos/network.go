package chaos

import (
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// network joins hosts by a router, each by a cable of its own. A cut is a rule of the router, so the hosts themselves see
// nothing but silence.
type network struct {
	t      testing.TB
	router *host
	cuts   []cut
}

// cut is one direction between two hosts in which nothing passes.
type cut struct{ from, to int }

// newNetwork returns a network with no host but its router.
func newNetwork(t testing.TB, parent string) *network {
	t.Helper()
	n := &network{t: t, router: newHost(t, "router", parent, 0)}
	n.router.on()
	n.inside(n.router, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
	return n
}

// address is that of a host.
func (h *host) address() string { return fmt.Sprintf("10.77.%d.2", h.number) }

// plug connects a host that was switched on.
func (n *network) plug(h *host) {
	n.t.Helper()
	cable, gateway := fmt.Sprintf("cable%d", h.number), fmt.Sprintf("10.77.%d.1", h.number)
	// The kernel takes the cable of a host that was off away in its own time.
	_, _ = n.try(n.router, "ip", "link", "del", "dev", cable)
	n.ip(n.router, "link add dev "+cable+" type veth peer name eth0 netns "+strconv.Itoa(h.holder.Process.Pid))
	n.ip(n.router, "addr add "+gateway+"/24 dev "+cable)
	n.ip(n.router, "link set "+cable+" up")
	n.ip(h, "link set lo up")
	n.ip(h, "addr add "+h.address()+"/24 dev eth0")
	n.ip(h, "link set eth0 up")
	n.ip(h, "route add default via "+gateway)
}

// cut lets nothing pass from one host to the other any more. What is on its way the other way still arrives.
func (n *network) cut(from, to *host) {
	n.t.Helper()
	c := cut{from.number, to.number}
	if !slices.Contains(n.cuts, c) {
		n.cuts = append(n.cuts, c)
		n.ip(n.router, "rule add from "+from.address()+" to "+to.address()+" blackhole")
	}
}

// heal undoes the cuts between two hosts, in both directions.
func (n *network) heal(a, b *host) {
	n.t.Helper()
	n.cuts = slices.DeleteFunc(n.cuts, func(c cut) bool {
		for _, pair := range [][2]*host{{a, b}, {b, a}} {
			if c.from == pair[0].number && c.to == pair[1].number {
				n.ip(n.router, "rule del from "+pair[0].address()+" to "+pair[1].address()+" blackhole")
				return true
			}
		}
		return false
	})
}

func (n *network) ip(at *host, command string) {
	n.t.Helper()
	n.inside(at, "ip", strings.Fields(command)...)
}

// inside runs a command of the machine in the network of a host.
func (n *network) inside(at *host, name string, args ...string) {
	n.t.Helper()
	if out, err := n.try(at, name, args...); err != nil {
		n.t.Fatalf("%s %s on %s: %v: %s", name, strings.Join(args, " "), at.name, err, out)
	}
}

func (n *network) try(at *host, name string, args ...string) (output []byte, err error) {
	args = append([]string{"--target", strconv.Itoa(at.holder.Process.Pid), "--net", name}, args...)
	return exec.Command("nsenter", args...).CombinedOutput()
}
