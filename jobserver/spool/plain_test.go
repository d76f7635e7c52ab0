package spool

import (
	"encoding/json"
	"maps"
	"reflect"
	"testing"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// commandHeaders are headers of ordinary jobs, each with something that others do not have.
func commandHeaders() []Header {
	plain := header()
	full := header()
	full.Guard = "123-456"
	full.Execution.Job.Env = map[string]string{"A": "b", "C": ""}
	full.Execution.Params = map[string]string{"day": "2026-03-04"}
	full.Execution.ScheduledFor = at.Add(time.Hour)
	full.Execution.Traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	full.Execution.Timeout, full.Execution.StopGrace = time.Hour, 10*time.Second
	full.Execution.MemoryLimit = 1 << 30
	full.Execution.Lease = &jobserver.Lease{Deadline: 5 * time.Hour, Grace: time.Second, Held: true}
	leased := header()
	leased.Execution.Lease = &jobserver.Lease{}
	return []Header{plain, full, leased}
}

func TestTheHeaderOfACommandIsReadWithoutReflection(t *testing.T) {
	for _, h := range commandHeaders() {
		text, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := plainHeader(text); !ok || !reflect.DeepEqual(got, h) {
			t.Errorf("%s: got %+v, %v", text, got, ok)
		}
	}
}

// TestHeadersAreReadWhole sets each member of a header, those of later versions of it too, to something that is not empty.
func TestHeadersAreReadWhole(t *testing.T) {
	for _, h := range commandHeaders() {
		check := func(what string) {
			t.Helper()
			text, err := encodeHeader(h)
			if err != nil {
				t.Fatal(err)
			}
			got, size, err := decodeHeader(append(text, "behind"...))
			if err != nil || size != len(text) || !reflect.DeepEqual(got, h) {
				t.Errorf("%s: got %+v, want %+v, %v", what, got, h, err)
			}
		}
		check("as it is")
		for _, part := range []reflect.Value{
			reflect.ValueOf(&h).Elem(), reflect.ValueOf(&h.Execution).Elem(), reflect.ValueOf(&h.Execution.Job).Elem(),
		} {
			for i := range part.NumField() {
				field := part.Field(i)
				before := reflect.ValueOf(field.Interface())
				for _, value := range filled(t, field.Type()) {
					field.Set(value)
					check(part.Type().Field(i).Name)
				}
				field.Set(before)
			}
		}
	}
}

// filled returns values of a type that are not empty; of texts also such as JSON escapes.
func filled(t *testing.T, of reflect.Type) []reflect.Value {
	t.Helper()
	v := reflect.New(of).Elem()
	switch {
	case of == reflect.TypeFor[time.Time]():
		return []reflect.Value{reflect.ValueOf(at.Add(time.Minute)), reflect.ValueOf(at.In(time.FixedZone("", 3600)))}
	case of.Kind() == reflect.String:
		var texts []reflect.Value
		for _, s := range []string{"text", `"quoted\"`, "a && b > c", "line\nline", "é", "\u2028"} {
			texts = append(texts, reflect.ValueOf(s).Convert(of))
		}
		return texts
	case of.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanInt():
		var numbers []reflect.Value
		for _, n := range []int64{1, -1, 10, 1<<31 - 1} {
			numbers = append(numbers, reflect.ValueOf(n).Convert(of))
		}
		if of.Bits() == 64 {
			numbers = append(numbers, reflect.ValueOf(int64(-1<<63)).Convert(of), reflect.ValueOf(int64(1<<63-1)).Convert(of))
		}
		return numbers
	case of == reflect.TypeFor[[]string]():
		return []reflect.Value{reflect.ValueOf([]string{"one", "", "<two>"})}
	case of.Kind() == reflect.Slice:
		return []reflect.Value{reflect.Append(v, filled(t, of.Elem())...)}
	case of.Kind() == reflect.Map:
		return []reflect.Value{reflect.ValueOf(map[string]string{"a": "b", "é": `"`}), reflect.ValueOf(map[string]string{"<": ">"})}
	case of.Kind() == reflect.Pointer:
		p := reflect.New(of.Elem())
		p.Elem().Set(filled(t, of.Elem())[0])
		return []reflect.Value{p}
	case of.Kind() == reflect.Struct:
		for i := range of.NumField() {
			if of.Field(i).Tag.Get("json") != "-" {
				v.Field(i).Set(filled(t, of.Field(i).Type)[0])
			}
		}
	default:
		t.Fatalf("no value of type %v", of)
	}
	return []reflect.Value{v}
}

func TestExitsAreWrittenAsTheStandardLibraryWritesThem(t *testing.T) {
	plain := task.Exit{Kind: task.ExitExited, Code: 3, CPU: time.Second, PeakMemory: 4, Ran: time.Minute}
	exits := map[string]task.Exit{"plain": plain, "empty": {}, "ok": {Kind: task.ExitExited}}
	for i := range reflect.TypeFor[task.Exit]().NumField() {
		e := plain
		field := reflect.ValueOf(&e).Elem().Field(i)
		for _, value := range filled(t, field.Type()) {
			field.Set(value)
			exits[field.Type().String()+value.String()] = e
		}
	}
	exits[""] = task.Exit{Kind: task.ExitExited, Code: -1, CPU: -5, PeakMemory: -1 << 63, Ran: 1<<63 - 1}
	for e := range maps.Values(exits) {
		want, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		text, err := encodeExit(e)
		if err != nil || string(text) != string(want) {
			t.Errorf("%+v was written as %s, want %s, %v", e, text, want, err)
		}
		if got, err := decodeExit(text); err != nil || *got != e {
			t.Errorf("%s was read as %+v, %v", text, got, err)
		}
	}
	text, _ := encodeExit(plain)
	if _, ok := plainExit(text); !ok {
		t.Error("an ordinary exit is read with reflection")
	}
}
