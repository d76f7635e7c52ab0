package demo

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/segno-jobs/segno/cmd/segno/manifest"
	"github.com/segno-jobs/segno/policy"
)

// steps are the job's, in order, each with the file that it leaves.
var steps = []struct{ name, leaves string }{
	{"extract", "extracted.tsv"}, {"clean", "clean.tsv"}, {"aggregate", "groups.tsv"}, {"report", "report.txt"},
}

func TestTheJobAgreesWithTheSameSumsInGo(t *testing.T) {
	want := sumInGo(t)
	got := runJob(t, t.TempDir(), 0)
	for name, value := range want {
		if got[name] != value {
			t.Errorf("output %s: got %q, want %q", name, got[name], value)
		}
	}
	// What the story in README.md says.
	if want["costliest_species"] != "Canada goose" || want["strikes"] != "9976" {
		t.Errorf("the data tell another story now: %v", want)
	}
}

func TestAChainTakenUpAfterAnyStepEndsWithTheSameFigures(t *testing.T) {
	whole := t.TempDir()
	want := runJob(t, whole, 0)
	for first := 1; first < len(steps); first++ {
		t.Run("after "+steps[first-1].name, func(t *testing.T) {
			taken := t.TempDir()
			left := steps[first-1].leaves
			content, err := os.ReadFile(filepath.Join(whole, left))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(taken, left), content, 0o644); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, runJob(t, taken, first)); diff != "" {
				t.Errorf("outputs differ from an undisturbed run (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheJobTellsItsProgressUpwardsTo100(t *testing.T) {
	dir := t.TempDir()
	runJob(t, dir, 0)
	last := -1
	for _, call := range calls(t, dir) {
		rest, ok := strings.CutPrefix(call, "progress ")
		if !ok {
			continue
		}
		number, _, _ := strings.Cut(rest, " ")
		percent, err := strconv.Atoi(number)
		if err != nil || percent <= last || percent > 100 {
			t.Fatalf("progress %q after %d", rest, last)
		}
		last = percent
	}
	if last != 100 {
		t.Errorf("the last progress is %d, want 100", last)
	}
}

func TestTheJobFailsOnDataOfAnotherShape(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.csv.gz")
	f, err := os.Create(bad)
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	fmt.Fprintln(z, "only,three,columns")
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", script(t), "extract")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "SEGNO_PARAM_DATA="+bad)
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "line 1 has 3 columns, not 14") {
		t.Errorf("got %v and %q, want a failure that names the line", err, out)
	}
	if _, err := os.Stat(filepath.Join(dir, "extracted.tsv")); err == nil {
		t.Error("a failed step left its file")
	}
}

func TestWriteNamesTheFilesWhereTheyAre(t *testing.T) {
	dir := t.TempDir()
	setup, err := Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(setup)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"strikes.sh", "birdstrikes.csv.gz"} {
		path := filepath.Join(dir, name)
		if !strings.Contains(string(text), ": "+path+"\n") {
			t.Errorf("the set-up does not name %s", path)
		}
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	if strings.Contains(string(text), "program: "+placeholder) {
		t.Error("the placeholder is still there")
	}
}

func TestEachStepKeepsWhatTheNextOneReads(t *testing.T) {
	setup, err := Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	docs, err := manifest.Load(nil, setup)
	if err != nil {
		t.Fatal(err)
	}
	spec := docs[len(docs)-1].Task
	if spec == nil || len(spec.Job.Steps) != len(steps) || spec.OnUnavailable == nil || spec.OnUnavailable.Kind() != policy.Recover {
		t.Fatalf("the set-up ends with %+v, want a task that recovers", spec)
	}
	for i, s := range spec.Job.Steps[:len(steps)-1] {
		if want := []string{steps[i].leaves}; s.Name != steps[i].name || !slices.Equal(s.Keep, want) {
			t.Errorf("step %s keeps %q, want %q", s.Name, s.Keep, want)
		}
	}
}

func TestTheDataAreThoseNamedInTheReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(unpacked(t))
	if hash := hex.EncodeToString(sum[:]); !strings.Contains(string(readme), hash) {
		t.Errorf("README.md does not name the data's SHA-256 %s", hash)
	}
}

// sumInGo computes what the job must hand over, from the same data by another way.
func sumInGo(t *testing.T) map[string]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(string(unpacked(t)))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	used := []string{
		"Flight Date", "Origin State", "Phase of flight", "Wildlife Size", "Wildlife Species", "Time of day",
		"Effect Amount of damage", "Cost Total $", "Aircraft Airline Operator", "Aircraft Make Model", "Airport Name",
		"Speed IAS in knots",
	}
	type group struct{ year, phase, size, species string }
	seen, groups := map[string]bool{}, map[group]bool{}
	perSpecies, perPhase := map[string]int{}, map[string]int{}
	strikes, damaged, cost := 0, 0, 0
	for _, row := range rows[1:] {
		field := func(name string) string { return row[column[name]] }
		var key []string
		for _, name := range used {
			key = append(key, field(name))
		}
		joined := strings.Join(key, "\x00")
		if seen[joined] {
			continue
		}
		seen[joined] = true
		dollars, err := strconv.Atoi(field("Cost Total $"))
		if err != nil {
			t.Fatal(err)
		}
		strikes++
		if field("Effect Amount of damage") != "None" {
			damaged++
		}
		cost += dollars
		perSpecies[field("Wildlife Species")] += dollars
		perPhase[field("Phase of flight")] += dollars
		groups[group{field("Flight Date")[:4], field("Phase of flight"), field("Wildlife Size"), field("Wildlife Species")}] = true
	}
	return map[string]string{
		"strikes": strconv.Itoa(strikes), "damaged": strconv.Itoa(damaged), "cost_dollars": strconv.Itoa(cost),
		"costliest_species": most(perSpecies), "costliest_phase": most(perPhase), "groups": strconv.Itoa(len(groups)),
	}
}

func most(costs map[string]int) string {
	best := ""
	for name, cost := range costs {
		if best == "" || cost > costs[best] {
			best = name
		}
	}
	return best
}

func unpacked(t *testing.T) []byte {
	t.Helper()
	f, err := files.Open("birdstrikes.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func script(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("strikes.sh")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// runJob runs the steps from the given one on in dir, and returns the values that they handed over.
func runJob(t *testing.T, dir string, first int) map[string]string {
	t.Helper()
	// A stand-in for the helper on a job's PATH: it notes how it was called.
	helper := "#!/bin/sh\nprintf '%s\\n' \"$*\" >>\"$CALLS\"\n"
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "jobserver"), []byte(helper), 0o755); err != nil {
		t.Fatal(err)
	}
	data, err := filepath.Abs("birdstrikes.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range steps[first:] {
		cmd := exec.Command("sh", script(t), step.name)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "CALLS="+filepath.Join(dir, "calls"),
			"SEGNO_PARAM_DATA="+data, "SEGNO_PARAM_PACE=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("step %s: %v\n%s", step.name, err, out)
		}
		if _, err := os.Stat(filepath.Join(dir, step.leaves)); err != nil {
			t.Fatalf("step %s left no file: %v", step.name, err)
		}
	}
	outputs := map[string]string{}
	for _, call := range calls(t, dir) {
		if pair, ok := strings.CutPrefix(call, "output "); ok {
			name, value, _ := strings.Cut(pair, "=")
			outputs[name] = value
		}
	}
	return outputs
}

func calls(t *testing.T, dir string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}
