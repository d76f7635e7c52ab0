package task_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"

	"github.com/segno-jobs/segno/task"
)

func TestBytesReadsNumbersAndUnits(t *testing.T) {
	for text, want := range map[string]task.Bytes{
		`0`: 0, `1048576`: 1 << 20, `"1048576"`: 1 << 20, `1.048576e+06`: 1 << 20, `"64MiB"`: 64 << 20, `"1.5GB"`: 1.5e9,
		`"1 KiB"`: 1024, `"7B"`: 7, `" 2TiB "`: 2 << 40, `9007199254740993`: 1<<53 + 1, `4611686018427387904`: 1 << 62, `null`: 0,
	} {
		var got task.Bytes
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", text, got, err, want)
		}
	}
}

func TestBytesRefusesWhatIsNoSize(t *testing.T) {
	for _, text := range []string{
		`-1`, `"-1MiB"`, `"NaN"`, `"Inf"`, `"nanB"`, `""`, `"MiB"`, `"0x10"`, `"1_000"`, `"0x1p4"`, `"1e400"`, `true`, `{}`, `[1]`, `"12XB"`,
		`4611686018427387905`, `"4194305TiB"`, `"9e99"`,
	} {
		var got task.Bytes
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s: got %d, want an error", text, got)
		}
	}
}

// A file of the operator's goes from YAML through JSON, which makes numbers of some and strings of others.
func TestSizesAndDurationsAreReadFromYAMLThroughJSON(t *testing.T) {
	var tree map[string]any
	file := "output_limit: 1048576\nresources: {memory: 1GiB, cpu: 2}\ntimeout: 90s\n"
	if err := yaml.Unmarshal([]byte(file), &tree); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	var s task.Spec
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	if s.OutputLimit != 1<<20 || s.Resources.Memory != 1<<30 || s.Resources.CPU != 2 || s.Timeout != task.Duration(90*time.Second) {
		t.Errorf("got %+v", s)
	}
}

func TestASizeComesBackAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := task.Bytes(rapid.Int64Range(0, 1<<62).Draw(t, "bytes"))
		if rapid.Bool().Draw(t, "whole") {
			b = b >> 30 << 30
		}
		data, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		var got task.Bytes
		if err := json.Unmarshal(data, &got); err != nil || got != b {
			t.Fatalf("%s: got %d, %v, want %d", data, got, err, b)
		}
	})
}

func TestADurationIsAStringWithUnits(t *testing.T) {
	var d task.Duration
	if err := json.Unmarshal([]byte(`"1h30m"`), &d); err != nil || d != task.Duration(90*time.Minute) {
		t.Errorf("got %v, %v", d, err)
	}
	for _, text := range []string{`90`, `"90"`, `"soon"`, `true`, `"1e9h"`} {
		if err := json.Unmarshal([]byte(text), &d); err == nil {
			t.Errorf("%s: got %v, want an error", text, d)
		}
	}
	if err := json.Unmarshal([]byte(`"`+strings.Repeat("9", 10000)+`"`), &d); err == nil || len(err.Error()) > 200 {
		t.Error("a long text must be refused in a short sentence")
	}
}

func FuzzBytes(f *testing.F) {
	for _, s := range []string{"1", "64MiB", "1.5GB", "-1", "nan", "1e18", "4611686018427387904"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var b, again task.Bytes
		if b.UnmarshalText([]byte(text)) != nil {
			return
		}
		if b < 0 || b > 1<<62 {
			t.Fatalf("%q: got %d", text, b)
		}
		if err := again.UnmarshalText([]byte(b.String())); err != nil || again != b {
			t.Fatalf("%q: got %v and then %v, %v", text, b, again, err)
		}
	})
}

func FuzzDuration(f *testing.F) {
	for _, s := range []string{"90s", "2m", "-1h", "0", "1ns", "2562047h47m16.854775807s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var d, again task.Duration
		if d.UnmarshalText([]byte(text)) != nil {
			return
		}
		written, err := d.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		if d == math.MinInt64 {
			return // time.Duration prints its least value without a way back before Go reads it.
		}
		if err := again.UnmarshalText(written); err != nil || again != d {
			t.Fatalf("%q: got %v and then %v, %v", text, d, again, err)
		}
	})
}
