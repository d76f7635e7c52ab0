package guard

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/segno-jobs/segno/task"
)

func TestMessagesAreWrittenAndReadAsTheStandardLibraryDoes(t *testing.T) {
	orders := []order{
		{}, {Do: doSpawn}, {Do: doStart, Run: "01RUN", Number: 7}, {Do: doStart, Run: `01"RUN`, Number: 7}, {Do: doStart, Run: "01RUN"},
		{Do: doStop, Run: "01RUN", Number: 7, Kind: task.ExitCancelled}, {Do: doValidate, Run: "01RUN", Number: 7, Sequence: 2, Refused: "é <"},
	}
	for i := range reflect.TypeFor[order]().NumField() {
		o := order{Do: doStart, Run: "01RUN", Number: 7}
		fill(t, reflect.ValueOf(&o).Elem().Field(i))
		orders = append(orders, o)
	}
	for _, o := range orders {
		var got order
		checkMessage(t, &o, &got)
	}
	notices := []notice{{}, {Is: isEnded, Run: "01RUN", Number: 7}, {Is: isEnded, Run: "01RUN", Number: 7, Beside: true}, {Is: isGrown, Run: "01RUN", Number: -1}}
	for i := range reflect.TypeFor[notice]().NumField() {
		n := notice{Is: isEnded, Run: "01RUN", Number: 7}
		fill(t, reflect.ValueOf(&n).Elem().Field(i))
		notices = append(notices, n)
	}
	for _, n := range notices {
		var got notice
		checkMessage(t, &n, &got)
	}
}

// fill sets a member of a message to something that it is not by itself.
func fill(t *testing.T, member reflect.Value) {
	t.Helper()
	switch {
	case member.Kind() == reflect.String:
		member.SetString("other")
	case member.CanInt():
		member.SetInt(12345)
	case member.Kind() == reflect.Bool:
		member.SetBool(true)
	default:
		t.Fatalf("no value of type %v", member.Type())
	}
}

func checkMessage(t *testing.T, m, got message) {
	t.Helper()
	want, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	text, err := m.text()
	if err != nil || string(text) != string(want) {
		t.Errorf("written %s, want %s, %v", text, want, err)
	}
	if err := got.read(text); err != nil || !reflect.DeepEqual(got, m) {
		t.Errorf("%s was read as %+v, %v", text, got, err)
	}
}

func TestAMessageThatIsNoneIsAnError(t *testing.T) {
	for _, text := range []string{"", "x", `{"do":"start"`, `{"do":"start","run":"a","number":1}}`, `{"do":"start","run":"a","number":"1"}`} {
		if err := new(order).read([]byte(text)); err == nil {
			t.Errorf("%q is taken for an order", text)
		}
		if err := new(notice).read([]byte(text)); err == nil {
			t.Errorf("%q is taken for a notice", text)
		}
	}
}

// TestTheMessagesOfAShortRunAreReadPlainly counts what is allocated: the texts alone.
func TestTheMessagesOfAShortRunAreReadPlainly(t *testing.T) {
	for text, m := range map[string]message{
		`{"do":"start","run":"01RUN","number":1}`:               new(order),
		`{"is":"ended","run":"01RUN","number":1,"beside":true}`: new(notice),
	} {
		if n := testing.AllocsPerRun(10, func() { _ = m.read([]byte(text)) }); n > 3 {
			t.Errorf("%s: %v allocations", text, n)
		}
	}
}
