package plainjson

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// sample has a member for each thing that a Text reads.
type sample struct {
	Name   string            `json:"name"`
	Number int64             `json:"number"`
	List   []string          `json:"list,omitempty"`
	Map    map[string]string `json:"map,omitempty"`
	Flag   bool              `json:"flag,omitempty"`
}

func read(text []byte) (s sample, ok bool) {
	t := Of(text)
	t.Must(`{"name":`)
	s.Name = t.String()
	t.Must(`,"number":`)
	s.Number = t.Int()
	if t.Has(`,"list":`) {
		s.List = t.Strings()
	}
	if t.Has(`,"map":`) {
		s.Map = t.StringMap()
	}
	s.Flag = t.Has(`,"flag":true`)
	t.Must(`}`)
	return s, t.Done()
}

func TestWhatIsWrittenAsExpectedIsRead(t *testing.T) {
	for _, want := range []sample{
		{}, {Name: "a b/c", Number: -1}, {Number: 999_999_999_999_999_999}, {List: []string{"x"}}, {List: []string{"", "y"}, Flag: true},
		{Map: map[string]string{"k": "v"}}, {Name: "n", Number: 10, List: []string{"l"}, Map: map[string]string{"": "", "m": "~"}, Flag: true},
	} {
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := read(text); !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v", text, got, ok)
		}
		for cut := range text {
			if got, ok := read(text[:cut]); ok {
				t.Errorf("%s: got %+v", text[:cut], got)
			}
		}
	}
}

func TestWhatIsWrittenOtherwiseFails(t *testing.T) {
	for _, text := range []string{
		``, ` {"name":"","number":1}`, `{"name":"","number":1} `, `{ "name":"","number":1}`, `{"number":1,"name":""}`,
		`{"name":"","number":1,"new":2}`, `{"name":"a\"b","number":1}`, `{"name":"a\u003cb","number":1}`, `{"name":"é","number":1}`,
		"{\"name\":\"a\nb\",\"number\":1}", "{\"name\":\"\x7f\",\"number\":1}", "{\"name\":\"\xff\",\"number\":1}",
		`{"name":"","number":01}`, `{"name":"","number":-0}`, `{"name":"","number":-}`, `{"name":"","number":}`, `{"name":"","number":1.5}`,
		`{"name":"","number":1e3}`, `{"name":"","number":+1}`, `{"name":"","number":1000000000000000000}`, `{"name":null,"number":1}`,
		`{"name":"","number":1,"list":[]}`, `{"name":"","number":1,"list":["a",]}`, `{"name":"","number":1,"list":[1]}`,
		`{"name":"","number":1,"map":{}}`, `{"name":"","number":1,"map":{"a":1}}`, `{"name":"","number":1,"map":{"a":"b",}}`,
	} {
		if got, ok := read([]byte(text)); ok {
			t.Errorf("%s: got %+v", text, got)
		}
	}
}

// TestWhatIsReadIsWhatTheStandardLibraryReads changes texts at any place.
func TestWhatIsReadIsWhatTheStandardLibraryReads(t *testing.T) {
	taken := 0
	rapid.Check(t, func(t *rapid.T) {
		text, err := json.Marshal(sample{
			Name: rapid.String().Draw(t, "name"), Number: rapid.Int64().Draw(t, "number"),
			List: rapid.SliceOf(rapid.StringMatching(`[ -~]*`)).Draw(t, "list"),
			Map:  rapid.MapOf(rapid.StringMatching(`[a-z]*`), rapid.StringMatching(`[ -~]*`)).Draw(t, "map"),
			Flag: rapid.Bool().Draw(t, "flag"),
		})
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "changed") {
			text[rapid.IntRange(0, len(text)-1).Draw(t, "place")] = rapid.SampledFrom([]byte(`"\{}[]:,-01a `)).Draw(t, "with")
		}
		got, ok := read(text)
		if !ok {
			return
		}
		taken++
		var want sample
		if err := json.Unmarshal(text, &want); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s: got %+v, want %+v, %v", text, got, want, err)
		}
	})
	if taken == 0 {
		t.Error("no text was read")
	}
}
