package chaos

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// messages stands between agents and conductor, and does with their calls what networks and proxies do: it loses
// calls and answers, delays them, and delivers copies, some of them when the original is long past.
type messages struct {
	to     http.RoundTripper
	stream http.Handler
	// bad is whether it does anything of that.
	bad atomic.Bool
	// deaf has it lose all deliveries of records from the next content of a checkpoint on, and nothing else.
	deaf, hasContent atomic.Bool

	mu     sync.Mutex
	rnd    *rand.Rand
	counts map[string]int
	copies sync.WaitGroup
}

// throughMessages has job servers that join from now on call the conductor through a host that mistreats their messages
// while bad is set.
func (w *world) throughMessages() *messages {
	w.t.Helper()
	target := &url.URL{Scheme: "http", Host: w.conductor.address() + ":" + port}
	m := &messages{rnd: rand.New(rand.NewPCG(w.rnd.Uint64(), 0)), counts: map[string]int{}}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", w.socket)
	}}
	m.to = transport
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport, proxy.FlushInterval = transport, -1
	proxy.ErrorHandler = func(rw http.ResponseWriter, _ *http.Request, _ error) { rw.WriteHeader(http.StatusBadGateway) }
	m.stream = proxy

	socket := filepath.Join(filepath.Dir(w.socket), "messages")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		w.t.Fatal(err)
	}
	server := &http.Server{Handler: m, ReadHeaderTimeout: time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	w.t.Cleanup(func() {
		_ = server.Close()
		<-ended
		m.copies.Wait()
		transport.CloseIdleConnections()
	})
	h := newHost(w.t, "proxy", w.Dir, 99)
	w.proxy = h
	h.on()
	w.net.plug(h)
	h.tell(order{Do: "forward", From: "tcp:0.0.0.0:" + port, To: "unix:" + socket})
	w.via = "http://" + h.address() + ":" + port
	return m
}

// fate is what becomes of a call.
type fate struct {
	name string
	// wait is for how long it is held back, late after how long a copy follows; 0 is no copy.
	wait, late time.Duration
	// lost calls do not arrive, mute ones are not answered.
	lost, mute bool
	// twice has it arrive twice at the same time.
	twice bool
}

func (m *messages) fate() fate {
	m.mu.Lock()
	defer m.mu.Unlock()
	between := func(low, high time.Duration) time.Duration { return low + time.Duration(m.rnd.Int64N(int64(high-low))) }
	f := fate{name: "passed"}
	switch n := m.rnd.IntN(100); {
	case n < 10:
		f = fate{name: "lost", lost: true}
	case n < 20:
		f = fate{name: "answer lost", mute: true}
	case n < 35:
		f = fate{name: "delayed", wait: between(50*time.Millisecond, 1500*time.Millisecond)}
	case n < 50:
		f = fate{name: "twice at once", twice: true}
	case n < 70:
		f = fate{name: "again later", late: between(100*time.Millisecond, 8*time.Second)}
	}
	m.counts[f.name]++
	return f
}

// String tells what became of the calls.
func (m *messages) String() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return fmt.Sprint(m.counts)
}

func (m *messages) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if m.deaf.Load() && strings.HasSuffix(r.URL.Path, "/PutCheckpoint") {
		m.hasContent.Store(true)
	}
	if m.deaf.Load() && m.hasContent.Load() && strings.HasSuffix(r.URL.Path, "/Deliver") {
		panic(http.ErrAbortHandler)
	}
	if !m.bad.Load() || strings.HasSuffix(r.URL.Path, "/Subscribe") || strings.HasSuffix(r.URL.Path, "/Poll") {
		m.stream.ServeHTTP(rw, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	f := m.fate()
	time.Sleep(f.wait)
	if f.lost {
		panic(http.ErrAbortHandler)
	}
	if f.twice || f.late > 0 {
		m.copies.Go(func() {
			time.Sleep(f.late)
			if res, err := m.send(context.WithoutCancel(r.Context()), r, body); err == nil {
				_ = res.Body.Close()
			}
		})
	}
	res, err := m.send(r.Context(), r, body)
	if err != nil || f.mute {
		panic(http.ErrAbortHandler)
	}
	defer func() { _ = res.Body.Close() }()
	maps.Copy(rw.Header(), res.Header)
	rw.WriteHeader(res.StatusCode)
	_, _ = io.Copy(rw, res.Body)
}

func (m *messages) send(ctx context.Context, r *http.Request, body []byte) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	copied := r.Clone(ctx)
	copied.RequestURI, copied.URL.Scheme, copied.URL.Host = "", "http", "conductor"
	copied.Body, copied.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	res, err := m.to.RoundTrip(copied)
	if err != nil {
		cancel()
		return nil, err
	}
	all, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	cancel()
	res.Body = io.NopCloser(bytes.NewReader(all))
	return res, err
}
