package api_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/segno-jobs/segno/api"
	"github.com/segno-jobs/segno/task"
)

// instantRuns starts runs in no time, so that only the API is measured.
type instantRuns struct {
	*fake
	run task.Run
}

func (i *instantRuns) StartRun(context.Context, string, api.RunRequest) (task.Run, error) {
	return i.run, nil
}

func instantServer(b *testing.B) *api.Server {
	f := newFake()
	s := &instantRuns{fake: f, run: f.addRun("01JQ8Z6V4M9X2T7K5C3B1N0RSD", task.Queued).Run}
	server, err := api.New(s, api.Options{TokenHash: hashOf(token), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	return server
}

const runBody = `{"params": {"date": "2026-01-01", "region": "EU"}}`

// BenchmarkStartRunHandler is the route that is called most, without the network.
func BenchmarkStartRunHandler(b *testing.B) {
	h := instantServer(b).Handler()
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest("POST", "/api/v1/tasks/load/runs", strings.NewReader(runBody))
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", "01JQ8Z6V4M9X2T7K5C3B1N0RSD")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 201 {
			b.Fatal(w.Code, w.Body)
		}
	}
}

// BenchmarkStartRunLoopback is the same over a kept connection, with a caller that costs as little as it can.
func BenchmarkStartRunLoopback(b *testing.B) { loopback(b, instantServer(b).Handler()) }

// BenchmarkNothingLoopback is what net/http alone costs.
func BenchmarkNothingLoopback(b *testing.B) {
	loopback(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, "{}")
	}))
}

// processorTime is what this process has used of the processors, the caller's part included.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func loopback(b *testing.B, h http.Handler) {
	server := httptest.NewServer(h)
	defer server.Close()
	c, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	request := []byte(fmt.Sprintf("POST /api/v1/tasks/load/runs HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nIdempotency-Key: 01JQ8Z6V4M9X2T7K5C3B1N0RSD\r\nContent-Length: %d\r\n\r\n%s", token, len(runBody), runBody))
	in := bufio.NewReaderSize(c, 16<<10)
	b.ReportAllocs()
	before := processorTime(b)
	defer func() { b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/op") }()
	for b.Loop() {
		if _, err := c.Write(request); err != nil {
			b.Fatal(err)
		}
		res, err := http.ReadResponse(in, nil)
		if err != nil || res.StatusCode != 201 {
			b.Fatal(res, err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
	}
}
