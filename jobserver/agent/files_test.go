package agent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
)

// fakeWatches is what a conductor has to do with file triggers.
type fakeWatches struct {
	version uint64
	list    []*segnov1.Watch
	// reports counts the reports of each event, by path.
	reports map[string]int
	states  []jobserver.WatchState
}

func (c *fakeConductor) GetWatches(_ context.Context, req *connect.Request[segnov1.GetWatchesRequest]) (*connect.Response[segnov1.GetWatchesResponse], error) {
	if err := c.enter("watches", req.Header()); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return connect.NewResponse(&segnov1.GetWatchesResponse{Version: c.files.version, Watches: c.files.list}), nil
}

func (c *fakeConductor) ReportFiles(_ context.Context, req *connect.Request[segnov1.ReportFilesRequest]) (*connect.Response[segnov1.ReportFilesResponse], error) {
	if err := c.enter("report", req.Header()); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	res := &segnov1.ReportFilesResponse{}
	for _, m := range req.Msg.GetEvents() {
		if c.files.reports == nil {
			c.files.reports = map[string]int{}
		}
		c.files.reports[m.GetPath()]++
		res.Taken = append(res.Taken, m.GetId())
	}
	c.files.states = nil
	for _, m := range req.Msg.GetStates() {
		c.files.states = append(c.files.states, protocol.WatchStateFromProto(m))
	}
	c.note()
	if c.lose("report") {
		return nil, fmt.Errorf("the answer is lost: %w", fault.Unavailable)
	}
	return connect.NewResponse(res), nil
}

// watch has the conductor tell of one trigger for new files in a folder.
func (c *fakeConductor) watch(folder, mask string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.files.version++
	c.files.list = []*segnov1.Watch{protocol.WatchToProto(jobserver.Watch{
		OwnerKind: "task", Owner: "load", Trigger: "in", Version: 1, Born: time.Unix(1000, 0),
		File: task.FileTrigger{Path: folder, Mask: mask, On: task.FileExists, Settle: task.Duration(task.MinSettle), Poll: task.Duration(task.MinPoll)},
	})}
}

func TestFilesAreReportedUntilTheConductorHasThem(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	n := 0
	c.lose = func(call string) bool {
		if call == "report" {
			n++
		}
		return call == "report" && n%3 != 0
	}
	folder := t.TempDir()
	c.watch(folder, "*.csv")
	url, _ := c.serve(t)
	startAgent(t, h, url)
	var paths []string
	for i := range 3 {
		path := filepath.Join(folder, fmt.Sprintf("%d.csv", i))
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	c.until(t, "the files are reported", func() bool {
		return !slices.ContainsFunc(paths, func(p string) bool { return c.files.reports[p] == 0 })
	})
	c.until(t, "nothing waits any more", func() bool {
		return len(c.files.states) == 1 && c.files.states[0].Files == 3 && c.files.states[0].Pending == 0 && n >= 3
	})
}

func TestAnEditOfATriggerReachesTheAgentWithTheSettings(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	folder := t.TempDir()
	c.watch(filepath.Join(folder, "missing"), "*")
	url, _ := c.serve(t)
	startAgent(t, h, url)
	c.until(t, "the agent says that the folder is missing", func() bool {
		return len(c.files.states) == 1 && c.files.states[0].Problem != ""
	})
	path := filepath.Join(folder, "a")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.watch(folder, "*")
	c.until(t, "the file is reported", func() bool { return c.files.reports[path] > 0 })
}
