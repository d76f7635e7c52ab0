package notify

import (
	"fmt"
	"net/netip"
	"strings"
	"syscall"

	"github.com/segno-jobs/segno/internal/fault"
)

// Allowed says which addresses that are not of the public internet webhooks may reach. The zero value allows none.
type Allowed struct {
	all      bool
	prefixes []netip.Prefix
}

// ParseAllowed reads a list of addresses and networks such as 10.1.0.0/16, or the word all. An error is of kind
// fault.Invalid.
func ParseAllowed(list []string) (Allowed, error) {
	var a Allowed
	for _, text := range list {
		text = strings.TrimSpace(text)
		if text == "all" {
			a.all = true
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			addr, addrErr := netip.ParseAddr(text)
			if addrErr != nil {
				return Allowed{}, fmt.Errorf("%.60q is neither a network such as 10.1.0.0/16, nor an address, nor the word all: %w", text, fault.Invalid)
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		a.prefixes = append(a.prefixes, prefix.Masked())
	}
	return a, nil
}

// private4 are the IPv4 networks that are not of the public internet.
var private4 = prefixes(
	"0.0.0.0/8",       // this network, and "unspecified"
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // carrier-grade NAT
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local, and the metadata of clouds
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocol assignments
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // relays of 6to4
	"192.168.0.0/16",  // private
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, and broadcast
)

// public6 is the one IPv6 network of the public internet, and private6 what of it is not.
var (
	public6  = netip.MustParsePrefix("2000::/3")
	private6 = prefixes(
		"2001::/23",     // protocol assignments, Teredo among them
		"2001:db8::/32", // documentation
		"2002::/16",     // 6to4: holds an IPv4 address
		"3fff::/20",     // documentation
	)
	// nat64 addresses hold an IPv4 address, which is what is reached.
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
)

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		all[i] = netip.MustParsePrefix(text)
	}
	return all
}

// public reports whether an address is one of the public internet.
func public(addr netip.Addr) bool {
	addr = addr.Unmap()
	if nat64.Contains(addr.WithZone("")) {
		b := addr.As16()
		addr = netip.AddrFrom4([4]byte(b[12:]))
	}
	if addr.Is4() {
		return !within(private4, addr)
	}
	return addr.Zone() == "" && public6.Contains(addr) && !within(private6, addr)
}

func within(list []netip.Prefix, addr netip.Addr) bool {
	for _, p := range list {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// refuse returns why an address may not be reached, or nil.
func (a Allowed) refuse(addr netip.Addr) error {
	if a.all || public(addr) || within(a.prefixes, addr.Unmap().WithZone("")) {
		return nil
	}
	return fmt.Errorf("%s is not an address of the public internet, and `conductor serve --notify-private` does not allow it: %w",
		addr.Unmap(), fault.Forbidden)
}

// control is for net.Dialer: it is asked with each address that is about to be dialled, after names were resolved.
func (a Allowed) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%.80q is no address: %w", address, fault.Forbidden)
	}
	return a.refuse(at.Addr())
}
