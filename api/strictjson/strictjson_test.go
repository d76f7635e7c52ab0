package strictjson_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/segno-jobs/segno/api/strictjson"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

type inner struct {
	Name string   `json:"name"`
	Args []string `json:"args"`
}

type doc struct {
	Text   string            `json:"text"`
	Count  int               `json:"count"`
	Small  int8              `json:"small"`
	Share  float64           `json:"share"`
	On     bool              `json:"on"`
	Wait   task.Duration     `json:"wait"`
	Size   task.Bytes        `json:"size"`
	Labels map[string]string `json:"labels"`
	Inner  *inner            `json:"inner"`
	List   []inner           `json:"list"`
}

func TestDecodeNamesTheFault(t *testing.T) {
	deep := strings.Repeat(`[`, 40) + strings.Repeat(`]`, 40)
	for _, c := range []struct {
		name, in string
		kind     error
		field    string
		says     string
	}{
		{"nothing", "", fault.Malformed, "", "empty"},
		{"spaces only", " \n", fault.Malformed, "", "empty"},
		{"cut off", `{"text": "a"`, fault.Malformed, "", "line 1, column 13"},
		{"cut off in a string", `{"text": "a`, fault.Malformed, "", "does not end"},
		{"trailing data", `{} {}`, fault.Malformed, "", "after the end"},
		{"a trailing comma", `{"text": "a",}`, fault.Malformed, "", "key"},
		{"a trailing comma in a list", `{"list": [{},]}`, fault.Malformed, "", "value is expected"},
		{"a comment", "{\n// no\n}", fault.Malformed, "", "line 2, column 1"},
		{"single quotes", `{'text': 1}`, fault.Malformed, "", "double quotes"},
		{"a leading zero", `{"count": 01}`, fault.Malformed, "", "no number"},
		{"a plus sign", `{"count": +1}`, fault.Malformed, "", "value is expected"},
		{"NaN", `{"share": NaN}`, fault.Malformed, "", "value is expected"},
		{"a bare point", `{"share": 1.}`, fault.Malformed, "", "digit"},
		{"an unknown escape", `{"text": "\x41"}`, fault.Malformed, "", "escape"},
		{"half a surrogate pair", `{"text": "\ud800"}`, fault.Malformed, "", "surrogate"},
		{"a surrogate pair turned round", `{"text": "\udc00\ud800"}`, fault.Malformed, "", "surrogate"},
		{"a line break in a string", "{\"text\": \"a\nb\"}", fault.Malformed, "", "control character"},
		{"invalid UTF-8", "{\"text\": \"\xff\"}", fault.Malformed, "", "UTF-8"},
		{"a list as document", `[]`, fault.Malformed, "", "must be an object, not a list"},
		{"null as document", `null`, fault.Malformed, "", "must be an object, not null"},
		{"too deep", `{"text": ` + deep + `}`, fault.Malformed, "", "nested"},
		{"an unknown key", `{"nope": 1}`, fault.Malformed, "nope", "is not known"},
		{"an unknown key inside", `{"inner": {"nope": 1}}`, fault.Malformed, "inner.nope", "is not known"},
		{"an unknown key in a list", `{"list": [{}, {"nope": 1}]}`, fault.Malformed, "list[1].nope", "is not known"},
		{"another case", `{"Text": "a"}`, fault.Malformed, "Text", "is text meant?"},
		{"a duplicate key", `{"text": "a", "text": "b"}`, fault.Malformed, "text", "more than once"},
		{"a duplicate key, escaped", `{"text": "a", "\u0074ext": "b"}`, fault.Malformed, "text", "more than once"},
		{"a duplicate key inside", `{"list": [{}, {"name": "a", "name": "a"}]}`, fault.Malformed, "list[1].name", "more than once"},
		{"a duplicate key in a map", `{"labels": {"a": "1", "a": "2"}}`, fault.Malformed, "labels.a", "more than once"},
		{"a duplicate key in lists of lists", `{"text": [[{"a": 1, "a": 1}]]}`, fault.Malformed, "text[0][0].a", "more than once"},
		{"a duplicate key among many", `{"labels": {"a":"","b":"","c":"","d":"","e":"","f":"","g":"","h":"","i":"","c":""}}`, fault.Malformed, "labels.c", "more than once"},
		{"a number for a string", `{"text": 1}`, fault.Invalid, "text", "must be a string, not a number"},
		{"a string for a number", `{"count": "1"}`, fault.Invalid, "count", "must be a whole number, not a string"},
		{"a fraction for a whole number", `{"count": 1.5}`, fault.Invalid, "count", "whole number"},
		{"an exponent for a whole number", `{"count": 1e2}`, fault.Invalid, "count", "whole number"},
		{"a number out of range", `{"small": 300}`, fault.Invalid, "small", "out of range"},
		{"a huge number", `{"count": 99999999999999999999}`, fault.Invalid, "count", "out of range"},
		{"a huge fraction", `{"share": 1e999}`, fault.Invalid, "share", "out of range"},
		{"a string for a boolean", `{"on": "true"}`, fault.Invalid, "on", "must be true or false"},
		{"an object for a list", `{"list": {}}`, fault.Invalid, "list", "must be a list, not an object"},
		{"a list for an object", `{"inner": []}`, fault.Invalid, "inner", "must be an object, not a list"},
		{"a number in a list of strings", `{"list": [{"args": ["a", 2]}]}`, fault.Invalid, "list[0].args[1]", "must be a string"},
		{"null in a list", `{"list": [{"args": [null]}]}`, fault.Invalid, "list[0].args[0]", "must not be null"},
		{"a number in a map", `{"labels": {"a": 1}}`, fault.Invalid, "labels.a", "must be a string"},
		{"null in a map", `{"labels": {"a": null}}`, fault.Invalid, "labels.a", "must not be null"},
		{"a duration without unit", `{"wait": "5"}`, fault.Invalid, "wait", "not a duration"},
		{"a number for a duration", `{"wait": 5}`, fault.Invalid, "wait", "duration"},
		{"a bad size", `{"size": "many"}`, fault.Invalid, "size", "not a size"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d doc
			err := strictjson.Decode([]byte(c.in), &d)
			if !errors.Is(err, c.kind) || (c.kind == fault.Invalid && errors.Is(err, fault.Malformed)) {
				t.Fatalf("got %v, want the kind %v", err, c.kind)
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %q, want it to say %q", err, c.says)
			}
			if c.field == "" {
				return
			}
			if f := fault.Fields(err); len(f) != 1 || f[0].Field != c.field {
				t.Errorf("got the fields %v, want %q", f, c.field)
			}
		})
	}
}

func TestDecodeReadsWhatEncodingJSONReads(t *testing.T) {
	in := ` {"text": "aé\u00e9\ud83d\ude00\n\/", "count": -12, "small": 127, "share": 1.5e3, "on": true, "wait": "90s",
		"size": "1MiB", "labels": {"a": "b", "": "c"}, "inner": {"name": "n", "args": []}, "list": [{"args": ["x", "y"]}, {}]} `
	var got, want doc
	if err := strictjson.Decode([]byte(in), &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(in), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestDecodeLeavesWhatIsNullOrMissing(t *testing.T) {
	d := doc{Text: "kept", Count: 3, Labels: map[string]string{"a": "b"}}
	if err := strictjson.Decode([]byte(`{"text": null, "labels": null, "inner": null}`), &d); err != nil {
		t.Fatal(err)
	}
	if d.Text != "kept" || d.Count != 3 || d.Labels["a"] != "b" || d.Inner != nil {
		t.Errorf("got %+v, want nothing changed", d)
	}
}

func TestDecodeTellsOfSeveralFaultsAtOnce(t *testing.T) {
	var d doc
	err := strictjson.Decode([]byte(`{"text": 1, "count": "x", "on": 3}`), &d)
	if got := len(fault.Fields(err)); got != 3 {
		t.Errorf("got %d faults in %v, want 3", got, err)
	}
	many := `{"list": [` + strings.Repeat(`1,`, 5000) + `1]}`
	if got := len(fault.Fields(strictjson.Decode([]byte(many), &d))); got == 0 || got > 20 {
		t.Errorf("got %d faults, want a few of 5,001", got)
	}
}

func TestMergeIsRFC7396(t *testing.T) {
	// The examples of RFC 7396, appendix A, that are objects.
	for _, c := range []struct{ doc, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		got := mergeJSON(t, c.doc, c.patch)
		var a, b any
		_ = json.Unmarshal([]byte(got), &a)
		_ = json.Unmarshal([]byte(c.want), &b)
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s with %s: got %s, want %s", c.doc, c.patch, got, c.want)
		}
	}
}

func TestMergeOfADocumentOfAnOperator(t *testing.T) {
	before := task.Spec{
		Name: "load", Target: task.Target{VirtualServer: "etl"}, Params: map[string]string{"a": "1", "b": "2"},
		Job: task.Job{Command: []string{"x"}}, Timeout: task.Duration(1e9), Priority: 3,
	}
	patch := []byte(`{"params": {"a": null, "c": "3"}, "timeout": null, "job": {"command": null, "steps": [{"name": "one", "command": ["y"]}]}}`)
	if err := strictjson.CheckPatch[task.Spec](patch); err != nil {
		t.Fatal(err)
	}
	got, err := strictjson.Merge(before, task.Spec{}, patch)
	want := before
	want.Params, want.Timeout = map[string]string{"b": "2", "c": "3"}, 0
	want.Job = task.Job{Steps: []task.Step{{Name: "one", Command: []string{"y"}}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestMergeReplacesARatingAsAWhole(t *testing.T) {
	before := virtualserver.Spec{Name: "etl", Rating: virtualserver.Rating{Preset: "plain"}}
	patch := []byte(`{"rating": {"indicators": [{"name": "cpu_idle", "min": 0.1, "max": 1, "weight": 4}]}}`)
	if err := strictjson.CheckPatch[virtualserver.Spec](patch); err != nil {
		t.Fatal(err)
	}
	got, err := strictjson.Merge(before, virtualserver.Spec{}, patch)
	if err != nil || got.Rating.Preset != "" || len(got.Rating.Indicators) != 1 {
		t.Errorf("got %+v, %v", got.Rating, err)
	}
	if _, err := strictjson.Merge(before, virtualserver.Spec{}, []byte(`{"rating": {"indicators": [], "nope": 1}}`)); !errors.Is(err, fault.Invalid) {
		t.Errorf("got %v, want a rating with an unknown key refused", err)
	}
}

func TestCheckPatchIsStrict(t *testing.T) {
	for _, c := range []struct {
		name, in string
		kind     error
		field    string
	}{
		{"an unknown key to remove", `{"nope": null}`, fault.Malformed, "nope"},
		{"an unknown key inside", `{"job": {"nope": null}}`, fault.Malformed, "job.nope"},
		{"a duplicate key", `{"name": "a", "name": "b"}`, fault.Malformed, "name"},
		{"a wrong type", `{"job": {"command": "sh"}}`, fault.Invalid, "job.command"},
		{"null inside of a list", `{"job": {"command": [null]}}`, fault.Invalid, "job.command[0]"},
		{"a bad duration", `{"timeout": "x"}`, fault.Invalid, "timeout"},
		{"no object", `[]`, fault.Malformed, ""},
	} {
		err := strictjson.CheckPatch[task.Spec]([]byte(c.in))
		if !errors.Is(err, c.kind) {
			t.Errorf("%s: got %v, want the kind %v", c.name, err, c.kind)
		}
		if f := fault.Fields(err); c.field != "" && (len(f) != 1 || f[0].Field != c.field) {
			t.Errorf("%s: got the fields %v, want %s", c.name, f, c.field)
		}
	}
	if err := strictjson.CheckPatch[task.Spec]([]byte(`{"params": {"a": null}, "timeout": null}`)); err != nil {
		t.Errorf("got %v, want keys to be removable", err)
	}
}

// FuzzDecode compares with encoding/json: what that refuses is refused, and what is accepted is read alike.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"text": "a\u00e9", "count": 3}`, `{"inner": {"args": ["x"]}}`, `{"list": [{"name": "\ud83d\ude00"}]}`,
		`{"labels": {"a": "b"}, "wait": "1s", "size": "64MiB"}`, `{"text": "a", "text": "b"}`, `[{"a":1}]`, `{"share": -0.5e-7}`, "{\"a\": \"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var got, want doc
		err := strictjson.Decode(in, &got)
		strict := json.Unmarshal(in, &want)
		if err != nil {
			if !errors.Is(err, fault.Malformed) && !errors.Is(err, fault.Invalid) {
				t.Fatalf("%q: got %v, want a kind", in, err)
			}
			return
		}
		if strict != nil {
			t.Fatalf("%q: read %+v, but encoding/json says %v", in, got, strict)
		}
		if a, b := compact(got), compact(want); a != b {
			t.Fatalf("%q: got %s, want %s", in, a, b)
		}
	})
}

func compact(v any) string {
	data, _ := json.Marshal(v)
	return string(data)
}

func mergeJSON(t *testing.T, doc, patch string) string {
	t.Helper()
	got, err := wire.Merge(json.RawMessage(doc), json.RawMessage(patch))
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}
