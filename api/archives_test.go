package api_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/archive"
	"github.com/segno-jobs/segno/task"
)

// pack is a zip with one file.
func pack(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create("run.sh")
	if err == nil {
		_, err = io.WriteString(f, text)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (h *harness) push(version string, content []byte) reply {
	return h.raw("PUT", "/api/v1/archives/load/versions/"+version, bytes.NewReader(content), "Authorization", "Bearer "+token, "Content-Type", "application/zip")
}

func TestAnArchiveIsUploadedOnceAndDownloadedAsItWas(t *testing.T) {
	h := serve(t)
	content := pack(t, "echo one")
	var v wire.ArchiveVersion
	h.push("1.0", content).want(201).into(&v)
	if v.Archive != "load" || v.Size != int64(len(content)) || v.SHA256 != hashOf(string(content)) || v.Manifest.Format != archive.Zip || v.UploadedBy == "" {
		t.Errorf("%+v", v)
	}
	h.push("1.0", content).want(200)
	h.push("1.0", pack(t, "echo two")).problem(409)
	h.push("1.1", pack(t, "echo two")).want(201)

	got := h.do("GET", "/api/v1/archives/load/versions/1.0/content", "").want(200)
	if !bytes.Equal(got.body, content) || got.header.Get("Content-Type") != "application/zip" || !strings.Contains(got.header.Get("Content-Disposition"), "load-1.0.zip") {
		t.Errorf("%d bytes with %v", len(got.body), got.header)
	}
	if part := h.do("GET", "/api/v1/archives/load/versions/1.0/content", "", "Range", "bytes=2-3").want(206); string(part.body) != string(content[2:4]) {
		t.Errorf("bytes 2 to 3 are %q", part.body)
	}
	var all wire.Page[wire.ArchiveSummary]
	h.do("GET", "/api/v1/archives", "").want(200).into(&all)
	if len(all.Items) != 1 || all.Items[0].Latest.Version != "1.1" || all.Items[0].Tasks == nil {
		t.Errorf("%+v", all)
	}
	h.do("GET", "/api/v1/archives/load/versions/latest", "").want(200).into(&v)
	if v.Version != "1.1" {
		t.Errorf("the latest is %s", v.Version)
	}
	var d wire.ArchiveDetail
	h.do("GET", "/api/v1/archives/load", "").want(200).into(&d)
	h.do("DELETE", "/api/v1/archives/load/versions/1.1", "").want(204)
	h.do("DELETE", "/api/v1/archives/load/versions/1.1", "").problem(404)
	if len(d.Versions) != 2 {
		t.Errorf("%+v", d)
	}
}

func TestAVersionSaysWhatNeedsItAndIsDeletedByForceAlone(t *testing.T) {
	h := serve(t)
	h.push("1.0", pack(t, "echo one")).want(201)
	h.needs = archive.Needs{Tasks: []string{"load"}, Recoverable: archive.Runs{Count: 12, Newest: []task.RunID{"01B", "01A"}}, Servers: []string{"js-1"}}
	var needs wire.ArchiveNeeds
	h.do("GET", "/api/v1/archives/load/versions/latest/needs", "").want(200).into(&needs)
	if needs.Tasks[0] != "load" || needs.OpenRuns.Newest == nil || needs.RecoverableRuns.Count != 12 || len(needs.RecoverableRuns.Newest) != 2 || needs.Servers[0] != "js-1" {
		t.Errorf("it is needed for %+v", needs)
	}
	h.do("GET", "/api/v1/archives/load/versions/2/needs", "").problem(404)
	const version = "/api/v1/archives/load/versions/1.0"
	h.do("DELETE", version, "").problem(409)
	h.do("DELETE", version+"?force=no", "").problem(422)
	h.do("DELETE", version+"?force=true", "").want(204)
}

func TestUploadsThatCannotBeAreRefusedWithTheReason(t *testing.T) {
	h := serve(t)
	if p := h.push("latest", pack(t, "x")).problem(422); field(p, "version") == "" {
		t.Errorf("%+v", p)
	}
	if p := h.push("1", []byte("#!/bin/sh\n")).problem(422); !strings.Contains(p.Detail, "neither a zip nor a tar.gz") {
		t.Errorf("%+v", p)
	}
	put := func(path string, headers ...string) reply {
		return h.raw("PUT", "/api/v1/archives/"+path, bytes.NewReader(pack(t, "x")), append([]string{"Authorization", "Bearer " + token}, headers...)...)
	}
	if p := put("Load/versions/1").problem(422); field(p, "name") == "" {
		t.Errorf("%+v", p)
	}
	for _, sum := range []string{"abc", strings.Repeat("a", 64)} {
		if p := put("load/versions/1?sha256=" + sum).problem(422); field(p, "sha256") == "" {
			t.Errorf("%+v", p)
		}
	}
	put("load/versions/1?sha=x").problem(400)
	put("load/versions/1", "Content-Encoding", "gzip").problem(415)
	h.do("GET", "/api/v1/archives/load/versions/"+strings.Repeat("x", 70), "").problem(404)
	h.do("GET", "/api/v1/archives/nothing", "").problem(404)
}

func TestAnUploadThatIsTooLargeIsRefusedBeforeItIsRead(t *testing.T) {
	h := serve(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "PUT /api/v1/archives/load/versions/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n", token, archive.MaxSize+1)
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); !strings.HasPrefix(line, "HTTP/1.1 413 ") {
		t.Errorf("got %q, %v", line, err)
	}
}
