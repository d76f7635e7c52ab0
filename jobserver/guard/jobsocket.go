package guard

import (
	"context"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// maxJobBody is the most bytes that a job may send in one request.
const maxJobBody = 64 << 10

// jobSocket is the job's side of a keeper: HTTP over a Unix socket. It is made once and serves one attempt after the
// other. What a job asks for is handed to the keeper's loop.
type jobSocket struct {
	server *http.Server
	// wake is an eventfd that is readable while there are requests.
	wake   int
	served chan struct{}

	mu       sync.Mutex
	requests []func(*keeper)
}

// jobRequest is what a job hands over; exactly one of progress and value is set.
type jobRequest struct {
	progress *task.Progress
	value    *task.ValueRecord
}

func listenJob(path string) (*jobSocket, error) {
	if err := unix.Unlink(path); err != nil && err != unix.ENOENT {
		return nil, fmt.Errorf("remove old socket %s: %w", path, err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("make eventfd: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		unix.Close(wake)
		return nil, fmt.Errorf("listen for jobs: %w", err)
	}
	s := &jobSocket{wake: wake, served: make(chan struct{})}
	s.server = s.newServer()
	go func() {
		defer close(s.served)
		_ = s.server.Serve(l)
	}()
	return s, nil
}

// newServer returns a server for requests of jobs.
func (s *jobSocket) newServer() *http.Server {
	return &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    32 << 10,
		// Whatever a job sends on its own socket is for the job to know.
		ErrorLog: log.New(io.Discard, "", 0),
	}
}

func (s *jobSocket) close() {
	s.server.Close()
	<-s.served
}

func (s *jobSocket) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /progress", s.progress)
	mux.HandleFunc("POST /output", s.output)
	mux.HandleFunc("POST /checkpoint", s.checkpoint)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		problem(w, http.StatusNotFound, "Not found", "there is POST /progress, POST /output and POST /checkpoint")
	})
	return mux
}

func (s *jobSocket) progress(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Percent *float64 `json:"percent"`
		Message string   `json:"message"`
	}
	if err := decodeStrictly(r.Body, &body); err != nil {
		refuse(w, err)
		return
	}
	if err := CheckProgress(body.Percent, body.Message); err != nil {
		refuse(w, err)
		return
	}
	s.hand(w, r, jobRequest{progress: &task.Progress{Percent: *body.Percent, Message: body.Message}})
}

// CheckProgress returns an error of kind Invalid for progress that no job may report.
func CheckProgress(percent *float64, message string) error {
	switch {
	case percent == nil:
		return fault.Field("percent", "must be given")
	case math.IsNaN(*percent) || *percent < 0 || *percent > 100:
		return fault.Field("percent", "must be 0 to 100")
	case len(message) > task.MaxProgressMessage:
		return fault.Field("message", "must have at most %d bytes", task.MaxProgressMessage)
	case !utf8.ValidString(message):
		return fault.Field("message", "must be UTF-8")
	}
	return nil
}

func (s *jobSocket) output(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Name  string  `json:"name"`
		Value *string `json:"value"`
	}
	err := decodeStrictly(r.Body, &body)
	if err == nil && body.Value == nil {
		err = fault.Field("value", "must be given")
	}
	if err == nil {
		err = CheckOutput(body.Name, *body.Value)
	}
	if err != nil {
		refuse(w, err)
		return
	}
	s.hand(w, r, jobRequest{value: &task.ValueRecord{Name: body.Name, Value: *body.Value}})
}

// CheckOutput returns an error of kind Invalid for an output value that no job may set.
func CheckOutput(name, value string) error {
	if name == "" || len(name) > task.MaxName {
		return fault.Field("name", "must have 1 to %d characters", task.MaxName)
	}
	for _, c := range []byte(name) {
		if c != '-' && c != '_' && c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return fault.Field("name", "must consist of letters, digits, - _ and .")
		}
	}
	if len(value) > task.MaxOutputValue {
		return fault.Field("value", "must have at most %d bytes", task.MaxOutputValue)
	}
	if !utf8.ValidString(value) {
		return fault.Field("value", "must be UTF-8")
	}
	return nil
}

// hand hands a request to the keeper and answers with what becomes of it.
func (s *jobSocket) hand(w http.ResponseWriter, r *http.Request, q jobRequest) {
	err := s.ask(r.Context(), func(k *keeper, reply chan<- error) { reply <- k.accept(q) })
	if err != nil {
		refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// ask has the keeper's loop do something for the job whose request has the context ctx, and returns what it replies, or
// the error of ctx. The reply has room for one.
func (s *jobSocket) ask(ctx context.Context, do func(k *keeper, reply chan<- error)) error {
	reply := make(chan error, 1)
	s.post(func(k *keeper) {
		if k.attempt != nil && k.attempt.door != doorOf(ctx) {
			reply <- fmt.Errorf("the attempt has ended: %w", fault.Conflict)
			return
		}
		do(k, reply)
	})
	select {
	case err := <-reply:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// post has the keeper's loop do something.
func (s *jobSocket) post(do func(*keeper)) {
	s.mu.Lock()
	s.requests = append(s.requests, do)
	s.mu.Unlock()
	// It fails where 2^64-2 calls wait, or the keeper is about to end.
	_, _ = unix.Write(s.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
}

// take returns what waits to be done.
func (s *jobSocket) take() []func(*keeper) {
	var count [8]byte
	_, _ = unix.Read(s.wake, count[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.requests
	s.requests = nil
	return all
}

// answer sees to the requests of the job, and to what has been done beside the loop.
func (k *keeper) answer() {
	for _, do := range k.job.take() {
		do(k)
	}
}

// accept puts what the job handed over into the spool. A value is in the file when it returns; of progress, the newest
// is written every progressEvery.
func (k *keeper) accept(q jobRequest) error {
	a := k.attempt
	switch {
	case a == nil || a.phase == committing:
		return fmt.Errorf("no attempt is running: %w", fault.Conflict)
	case k.full:
		return fmt.Errorf("the disk of the job server is full: %w", fault.Unavailable)
	case q.progress != nil:
		a.progress = q.progress
		if now := sinceBoot(); now >= a.progressAt {
			k.writeProgress(now)
		}
		return nil
	}
	if _, known := a.values[q.value.Name]; !known && len(a.values) >= task.MaxOutputValues {
		return fault.Field("name", "is one more than the %d values that a run may set", task.MaxOutputValues)
	}
	if a.values == nil {
		a.values = map[string]struct{}{}
	}
	a.values[q.value.Name] = struct{}{}
	if err := a.spool.Value(time.Now(), *q.value); err != nil {
		return err
	}
	k.flush(sinceBoot())
	return nil
}

// writeProgress appends the newest progress.
func (k *keeper) writeProgress(now time.Duration) {
	a := k.attempt
	p := *a.progress
	a.progress, a.progressAt = nil, now+progressEvery
	if err := a.spool.Progress(time.Now(), p); err != nil {
		k.log.Error("progress of a job could not be written", "error", err)
		return
	}
	a.flushBy(now + flushDelay)
}
