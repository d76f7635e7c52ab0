package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/segno-jobs/segno/internal/systemtest"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/protocol/segnov1/segnov1connect"
	"github.com/segno-jobs/segno/store"
)

// BenchmarkHeartbeats measures what the heartbeats of a fleet cost a conductor in processor time: once its agents keep the
// period that they are told, and without that at 1.5 s. The agents are simulated in this process, and send what an idle job
// server sends.
func BenchmarkHeartbeats(b *testing.B) {
	for _, n := range []int{1000, 2000, 10000} {
		for _, heed := range []bool{true, false} {
			b.Run(fmt.Sprintf("agents=%d/heed=%t", n, heed), func(b *testing.B) {
				for b.Loop() {
					measureHeartbeats(b, n, heed)
				}
			})
		}
	}
}

// measureFor is for how long is measured, once each agent is there and has been told its period.
const measureFor = 20 * time.Second

func measureHeartbeats(b *testing.B, n int, heed bool) {
	s := systemtest.New(b)
	enrol(b, filepath.Join(s.ConductorData(), "segno.db"), n)
	s.StartConductor()
	f := newBeaters(s.URL, heed)
	defer f.stop()
	f.start(b.Context(), n)
	for f.told.Load() < int64(n) {
		time.Sleep(100 * time.Millisecond)
	}
	time.Sleep(3 * jobserver.DefaultHeartbeat)
	begun, used, beats := time.Now(), processorTime(b, s.Conductor.PID()), f.answered.Load()
	time.Sleep(measureFor)
	took := time.Since(begun).Seconds()
	cores := (processorTime(b, s.Conductor.PID()) - used).Seconds() / took
	rate := float64(f.answered.Load()-beats) / took
	b.ReportMetric(cores, "cores")
	b.ReportMetric(rate, "beats/s")
	b.ReportMetric(cores/rate*1e6, "µs/beat")
	b.ReportMetric(time.Duration(f.period.Load()).Seconds(), "s/period")
	b.ReportMetric(float64(f.failed.Load()), "failed")
	b.ReportMetric(0, "ns/op")
}

// enrol stores job servers with the credentials that the simulated agents have.
func enrol(b *testing.B, path string, n int) {
	b.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		b.Fatal(err)
	}
	db, err := store.Open(b.Context(), path, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	var all sync.WaitGroup
	for part := range 32 {
		all.Go(func() {
			for i := part; i < n; i += 32 {
				now, id := time.Now(), strconv.Itoa(i)
				token := jobserver.JoinToken{ID: id, Hash: "token " + id, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
				v := jobserver.Server{Name: "js-" + id, Kind: jobserver.KindJob, Slots: 8, Power: 1}
				if err := db.CreateJoinToken(b.Context(), token); err != nil {
					b.Error(err)
				}
				if _, err := db.JoinServer(b.Context(), token.Hash, credentialHash("credential "+id), v, now); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// credentialHash is what is stored of a credential.
func credentialHash(credential string) string {
	sum := sha256.Sum256([]byte(credential))
	return hex.EncodeToString(sum[:])
}

// beaters are agents that send heartbeats and do nothing else.
type beaters struct {
	client           segnov1connect.ConductorServiceClient
	transport        *http.Transport
	heed             bool
	cancel           context.CancelFunc
	all              sync.WaitGroup
	answered, failed atomic.Int64
	// told counts the agents that were answered at least once.
	told atomic.Int64
	// period is what was told last.
	period atomic.Int64
}

func newBeaters(url string, heed bool) *beaters {
	t := &http.Transport{
		DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext, MaxIdleConnsPerHost: 1 << 16, DisableCompression: true,
	}
	return &beaters{
		transport: t, heed: heed,
		client: segnov1connect.NewConductorServiceClient(&http.Client{Transport: t}, url, connect.WithAcceptCompression("gzip", nil, nil)),
	}
}

func (f *beaters) start(ctx context.Context, n int) {
	ctx, f.cancel = context.WithCancel(ctx)
	for i := range n {
		f.all.Go(func() { f.beat(ctx, strconv.Itoa(i)) })
	}
}

func (f *beaters) stop() {
	f.cancel()
	f.all.Wait()
	f.transport.CloseIdleConnections()
}

func (f *beaters) beat(ctx context.Context, id string) {
	hello := &segnov1.Hello{Instance: jobserver.InstanceName(1, id), BootId: "boot-" + id, AgentVersion: "1.0", Batches: true}
	sample := jobserver.Sample{
		CPUs: 8, CPUIdle: 0.734, CPUNice: 0.01, CPUTotal: 0.266, Load1: 1.53, Load5: 1.41, Load15: 1.2, MemoryTotal: 16 << 30,
		MemoryAvailable: 9 << 30, SwapTotal: 1 << 30, SwapFree: 1 << 30, DiskTotal: 100 << 30, DiskFree: 41 << 30,
	}
	period := jobserver.DefaultHeartbeat
	next := time.Now().Add(rand.N(3 * period))
	for told := false; ; {
		timer := time.NewTimer(time.Until(next))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		hello.Clock = time.Now().UnixMicro()
		sample.CPUIdle = rand.Float64()
		req := connect.NewRequest(protocol.HeartbeatToProto(hello, sample, nil, false))
		req.Header().Set("Authorization", "Bearer credential "+id)
		res, err := f.client.Heartbeat(ctx, req)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			f.failed.Add(1)
		default:
			f.answered.Add(1)
			every, _ := protocol.SettingsFromProto(res.Msg.GetSettings())
			f.period.Store(int64(every))
			if f.heed {
				period = every
			}
			if !told {
				told = true
				f.told.Add(1)
			}
		}
		next = time.Now().Add(time.Duration(float64(period) * (0.9 + 0.1*rand.Float64())))
	}
}

// processorTime is what a process has used so far, for itself and in the kernel.
func processorTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err1 != nil || err2 != nil {
		b.Fatalf("%q has no processor time", stat)
	}
	const tick = 10 * time.Millisecond // what the kernel shows, whatever it counts in
	return time.Duration(user+system) * tick
}
