package notify

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/notification"
)

func TestOnlyAddressesOfThePublicInternetAreReachedUnlessAllowed(t *testing.T) {
	inside, err := ParseAllowed([]string{"10.1.0.0/16", " 127.0.0.1", "fd00::/8"})
	if err != nil {
		t.Fatal(err)
	}
	all, err := ParseAllowed([]string{"all"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		address        string
		public, inside bool
	}{
		{"93.184.216.34", true, true},
		{"1.1.1.1", true, true},
		{"2606:4700:4700::1111", true, true},
		{"::ffff:93.184.216.34", true, true},
		{"64:ff9b::5db8:d822", true, true},
		{"127.0.0.1", false, true},
		{"::ffff:127.0.0.1", false, true},
		{"10.1.2.3", false, true},
		{"fd12::1", false, true},
		{"127.0.0.2", false, false},
		{"10.2.0.1", false, false},
		{"::ffff:10.2.0.1", false, false},
		{"64:ff9b::7f00:1", false, false},
		{"64:ff9b::a9fe:a9fe", false, false},
		{"0.0.0.0", false, false},
		{"0.1.2.3", false, false},
		{"100.64.0.1", false, false},
		{"100.127.255.255", false, false},
		{"169.254.169.254", false, false},
		{"172.16.0.1", false, false},
		{"172.31.255.255", false, false},
		{"192.168.1.1", false, false},
		{"192.0.0.170", false, false},
		{"198.18.0.1", false, false},
		{"224.0.0.1", false, false},
		{"239.1.1.1", false, false},
		{"255.255.255.255", false, false},
		{"::", false, false},
		{"::1", false, false},
		{"::127.0.0.1", false, false},
		{"fe80::1", false, false},
		{"fe80::1%eth0", false, false},
		{"fc00::1", false, false},
		{"ff02::1", false, false},
		{"2001:db8::1", false, false},
		{"2001::1", false, false},
		{"2002:7f00:1::", false, false},
		{"64:ff9b:1::1", false, false},
		{"fec0::1", false, false},
	} {
		addr := netip.MustParseAddr(c.address)
		if got := (Allowed{}).refuse(addr) == nil; got != c.public {
			t.Errorf("%s: reached %v by default, want %v", addr, got, c.public)
		}
		if got := inside.refuse(addr) == nil; got != c.inside {
			t.Errorf("%s: reached %v where some networks are allowed, want %v", addr, got, c.inside)
		}
		if all.refuse(addr) != nil {
			t.Errorf("%s is refused although all are allowed", addr)
		}
	}
	if _, err := ParseAllowed([]string{"10.0.0.0/99"}); !errors.Is(err, fault.Invalid) {
		t.Errorf("got %v for a network that is none", err)
	}
}

func TestAPrivateAddressIsRefusedWhenTheChannelIsSaved(t *testing.T) {
	s := New(Options{})
	for url, ok := range map[string]bool{
		"https://hooks.example.com/x": true, "https://1.1.1.1:8443/x": true, "http://[2606:4700:4700::1111]/": true,
		"http://127.0.0.1/": false, "http://localhost:8080/": false, "http://api.localhost./": false, "http://LOCALHOST/": false,
		"http://[::ffff:10.0.0.1]/": false, "http://[::1]:80/": false, "http://169.254.169.254/latest": false, "https:///path": false,
		"https://user:key@hooks.example.com/": false, "https://hooks.example.com:0/": false, "http://[fe80::1%25eth0]/": false,
		"https:hooks.example.com": false,
	} {
		err := s.Check(notification.ChannelSpec{Webhook: &notification.Webhook{URL: notification.Secret(url)}})
		if (err == nil) != ok {
			t.Errorf("%s: got %v", url, err)
		}
		if fields := fault.Fields(err); err != nil && (len(fields) != 1 || fields[0].Field != "webhook.url") {
			t.Errorf("%s: the error %v does not name the field", url, err)
		}
		if err != nil && strings.Contains(err.Error(), "key@") {
			t.Errorf("the error %v shows a secret", err)
		}
	}
}

// TestANameIsJudgedByWhatItResolvesToWhenItIsDialled has a name that resolves to a public address first, when it is looked
// at, and to this host when it is dialled.
func TestANameIsJudgedByWhatItResolvesToWhenItIsDialled(t *testing.T) {
	var asked atomic.Int32
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer receiver.Close()
	var port string
	_, port, _ = net.SplitHostPort(receiver.Listener.Addr().String())

	for name, address := range map[string]string{"loopback": "127.0.0.1", "metadata": "169.254.169.254", "mapped": "::ffff:127.0.0.1"} {
		t.Run(name, func(t *testing.T) {
			var lookups atomic.Int32
			resolver := fakeResolver(t, func() netip.Addr {
				if lookups.Add(1) == 1 {
					return netip.MustParseAddr("93.184.216.34")
				}
				return netip.MustParseAddr(address)
			})
			if got, err := resolver.LookupNetIP(t.Context(), "ip4", "rebind.example.com."); err != nil || got[0].String() != "93.184.216.34" {
				t.Fatalf("the resolver says %v (%v) at first", got, err)
			}
			s := New(Options{Resolver: resolver})
			hook := notification.ChannelSpec{Webhook: &notification.Webhook{URL: notification.Secret("http://rebind.example.com:" + port + "/")}}
			if err := s.Check(hook); err != nil {
				t.Fatalf("a public name was refused: %v", err)
			}
			r := s.Send(t.Context(), hook, notice())
			if r.Err == "" || !strings.Contains(r.Err, "--notify-private") || asked.Load() != 0 {
				t.Errorf("got %+v and %d requests, want it refused", r, asked.Load())
			}
			if lookups.Load() < 2 {
				t.Error("the name was not resolved anew")
			}
		})
	}
	t.Run("allowed", func(t *testing.T) {
		own, _ := ParseAllowed([]string{"127.0.0.0/8"})
		s := New(Options{Private: own, Resolver: fakeResolver(t, func() netip.Addr { return netip.MustParseAddr("127.0.0.1") })})
		hook := notification.ChannelSpec{Webhook: &notification.Webhook{URL: notification.Secret("http://inside.example.com:" + port + "/")}}
		if r := s.Send(t.Context(), hook, notice()); r.Err != "" || asked.Load() != 1 {
			t.Errorf("got %+v and %d requests, want it taken", r, asked.Load())
		}
	})
}

// fakeResolver returns a resolver that asks a name server of the test, which answers every question with one address.
func fakeResolver(t *testing.T, answer func() netip.Addr) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		question := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(question)
			if err != nil {
				return
			}
			_, _ = server.WriteTo(dnsAnswer(question[:n], answer), from)
		}
	}()
	t.Cleanup(func() { _ = server.Close(); <-done })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

// dnsAnswer answers a question for the A record of a name with an address, and every other question with nothing.
func dnsAnswer(question []byte, answer func() netip.Addr) []byte {
	end := 12
	for question[end] != 0 {
		end += int(question[end]) + 1
	}
	end += 5 // The root, the type and the class.
	out := append([]byte(nil), question[:end]...)
	binary.BigEndian.PutUint16(out[2:], 0x8180) // An answer without an error.
	clear(out[6:12])
	if binary.BigEndian.Uint16(question[end-4:]) != 1 {
		return out
	}
	binary.BigEndian.PutUint16(out[6:], 1)
	out = append(out, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
	return append(out, answer().Unmap().AsSlice()...)
}
