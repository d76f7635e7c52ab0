package main

import (
	"strings"
	"testing"
)

func read(t *testing.T, lines ...string) (*report, string) {
	t.Helper()
	var out strings.Builder
	r := &report{out: &out, output: map[string]*strings.Builder{}}
	if err := r.read(strings.NewReader(strings.Join(lines, "\n"))); err != nil {
		t.Fatal(err)
	}
	return r, out.String()
}

func TestCountsTestsAndShowsTheOutputOfThoseThatFailed(t *testing.T) {
	r, out := read(t,
		`{"Action":"output","Package":"a","Test":"TestOne","Output":"quiet\n"}`,
		`{"Action":"pass","Package":"a","Test":"TestOne"}`,
		`{"Action":"output","Package":"a","Test":"TestTwo","Output":"loud\n"}`,
		`{"Action":"fail","Package":"a","Test":"TestTwo"}`,
		`{"Action":"skip","Package":"a","Test":"TestThree"}`,
		`{"Action":"fail","Package":"a","Elapsed":1.5}`,
		`{"Action":"skip","Package":"without tests"}`,
	)
	if r.passed != 1 || r.failed != 1 || r.skipped != 1 {
		t.Errorf("got %d passed, %d failed, %d skipped, want one of each", r.passed, r.failed, r.skipped)
	}
	if strings.Contains(out, "quiet") || !strings.Contains(out, "loud") || !strings.Contains(out, "fail     1.50s  a") {
		t.Errorf("got output:\n%s", out)
	}
}

func TestAPackageThatDoesNotBuildHasFailed(t *testing.T) {
	r, out := read(t,
		`{"ImportPath":"a","Action":"build-output","Output":"a.go:1: no\n"}`,
		`{"ImportPath":"a","Action":"build-fail"}`,
		`{"Action":"fail","Package":"a"}`,
	)
	if r.failed != 1 || !strings.Contains(out, "a.go:1: no") {
		t.Errorf("got %d failed and:\n%s", r.failed, out)
	}
}

func TestATestThatAPanicCutOffIsShown(t *testing.T) {
	r, out := read(t,
		`{"Action":"output","Package":"a","Test":"TestOne","Output":"goroutine 1\n"}`,
		`{"Action":"output","Package":"b","Test":"TestTwo","Output":"of another\n"}`,
		`{"Action":"fail","Package":"a"}`,
	)
	if r.failed != 1 || !strings.Contains(out, "goroutine 1") || strings.Contains(out, "of another") {
		t.Errorf("got %d failed and:\n%s", r.failed, out)
	}
}

func TestPassesOnWhatIsNoEvent(t *testing.T) {
	if _, out := read(t, "go: downloading x v1"); out != "go: downloading x v1" {
		t.Errorf("got %q", out)
	}
}
