package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/systemtest"
	"github.com/segno-jobs/segno/task"
)

// request sends a request to a conductor as its administrator and reads the answer into out.
func request(t *testing.T, s *systemtest.System, method, path string, body, out any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if !strings.HasPrefix(path, "/hooks/") {
		req.Header.Set("Authorization", "Bearer "+s.Token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		t.Fatalf("%s %s: %s: %s (%v)", method, path, res.Status, answer, err)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		t.Fatalf("%s %s: %v in %s", method, path, err, answer)
	}
}

// noting is a job that notes a parameter in a file.
func noting(file, param string) task.Job {
	return systemtest.Shell(`echo "$SEGNO_PARAM_%s" >> %s`, param, file)
}

// isNoted reports whether exactly this was noted, in whatever order, or says what was.
func isNoted(file string, want ...string) (bool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return false, err
	}
	got := slices.Sorted(strings.SplitSeq(strings.TrimSpace(string(text)), "\n"))
	if !slices.Equal(got, want) {
		return false, fmt.Errorf("%q was noted", got)
	}
	return true, nil
}

func TestEachFileIsRunOnceOverKillsOfAgentAndConductor(t *testing.T) {
	s := systemtest.New(t)
	s.StartConductor()
	js := s.StartServer("js-1")
	in, ran := t.TempDir(), filepath.Join(t.TempDir(), "ran")
	s.Group("etl", "js-1")
	s.Task("load", "etl", noting(ran, "FILE_NAME"))
	put := func(name string) {
		if err := os.WriteFile(filepath.Join(in, name), []byte("1,2,3\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("before.csv")
	var made struct{ Kind string }
	request(t, s, http.MethodPost, "/api/v1/tasks/load/triggers", task.TriggerSpec{Name: "in", File: &task.FileTrigger{
		Server: "js-1", Path: in, Mask: "*.csv", Settle: task.Duration(200 * time.Millisecond), Poll: task.Duration(time.Second),
	}}, &made)
	watched := func() {
		s.Eventually("the folder is watched", func(context.Context) (bool, error) {
			var told struct{ Items []struct{ Files int } }
			request(t, s, http.MethodGet, "/api/v1/tasks/load/triggers/in/watches", nil, &told)
			return len(told.Items) == 1 && told.Items[0].Files > 0, nil
		})
	}
	expect := func(names ...string) {
		t.Helper()
		s.Eventually(fmt.Sprintf("%v were run", names), func(context.Context) (bool, error) {
			return isNoted(ran, names...)
		})
	}
	watched()
	put("a.csv")
	put("a.tmp")
	expect("a.csv")

	js.Kill()
	put("b.csv")
	js.Start()
	expect("a.csv", "b.csv")

	s.Conductor.Kill()
	put("c.csv")
	s.Eventually("the event waits on the agent", func(context.Context) (bool, error) {
		journals, err := filepath.Glob(filepath.Join(js.Data, "watch", "*.watch"))
		if err != nil || len(journals) != 1 {
			return false, err
		}
		text, err := os.ReadFile(journals[0])
		return bytes.Contains(text, []byte(`{"event":`)) && bytes.Contains(text, []byte("c.csv")), err
	})
	js.Kill()
	if err := os.Remove(filepath.Join(in, "c.csv")); err != nil {
		t.Fatal(err)
	}
	s.StartConductor()
	js.Start()
	put("d.csv")
	expect("a.csv", "b.csv", "c.csv", "d.csv")
	var runs struct{ Items []struct{ ID string } }
	request(t, s, http.MethodGet, "/api/v1/runs?task=load", nil, &runs)
	if len(runs.Items) != 4 {
		t.Errorf("there are %d runs of 4 files", len(runs.Items))
	}
}

func TestAChainOfTasksAndAWebhookRunInRealPrograms(t *testing.T) {
	s := systemtest.Start(t, "js-1")
	ran := filepath.Join(t.TempDir(), "ran")
	s.Group("etl", "js-1")
	s.Task("extract", "etl", systemtest.Shell(`jobserver output rows=42`), func(spec *task.Spec) {
		spec.Params = map[string]string{"branch": "none"}
	})
	s.Task("load", "etl", noting(ran, "ROWS"), func(spec *task.Spec) { spec.Params = map[string]string{"rows": "none"} })
	var made struct{ Kind string }
	request(t, s, http.MethodPost, "/api/v1/tasks/load/triggers", task.TriggerSpec{
		Name: "next", After: &task.AfterTrigger{Task: "extract", On: task.ChainOK}, Params: map[string]string{"rows": "${{ run.outputs.rows }}"},
	}, &made)
	request(t, s, http.MethodPost, "/api/v1/tasks/extract/triggers", task.TriggerSpec{
		Name: "push", Webhook: &task.WebhookTrigger{}, Params: map[string]string{"branch": "${{ body.ref }}"},
	}, &made)
	var secrets struct{ Path string }
	request(t, s, http.MethodPost, "/api/v1/tasks/extract/triggers/push/webhook-secrets", struct{}{}, &secrets)
	var answer struct{ Run task.RunID }
	request(t, s, http.MethodPost, secrets.Path, map[string]string{"ref": "main"}, &answer)
	if run := s.AwaitRun(answer.Run, task.Succeeded); run.Params["branch"] != "main" {
		t.Errorf("the run has the params %v", run.Params)
	}
	s.Eventually("the chained task has the output of the first", func(context.Context) (bool, error) {
		return isNoted(ran, "42")
	})
}
