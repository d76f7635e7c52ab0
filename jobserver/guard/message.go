package guard

import (
	"encoding/json"
	"strconv"

	"github.com/segno-jobs/segno/internal/plainjson"
	"github.com/segno-jobs/segno/jobserver/spool"
	"github.com/segno-jobs/segno/task"
)

// message is an order or a notice. On its way it is JSON. Those of a short run, which have an attempt and little else, are
// read and written without encoding/json: a process that has slept meanwhile pays for each table that it touches.
type message interface {
	text() ([]byte, error)
	read(text []byte) error
}

func (o *order) text() ([]byte, error) {
	if *o == (order{Do: o.Do, Run: o.Run, Number: o.Number}) && spool.CheckRef(o.ref()) == nil {
		return append(appendRef([]byte(`{"do":"`+o.Do+`"`), o.ref()), '}'), nil
	}
	return json.Marshal(o)
}

func (o *order) read(text []byte) error {
	t := plainjson.Of(text)
	t.Must(`{"do":`)
	plain := order{Do: t.String()}
	plain.Run, plain.Number = plainRef(&t)
	if t.Must(`}`); t.Done() {
		*o = plain
		return nil
	}
	return json.Unmarshal(text, o)
}

func (n *notice) text() ([]byte, error) {
	if *n == (notice{Is: n.Is, Run: n.Run, Number: n.Number, Beside: n.Beside}) && spool.CheckRef(n.ref()) == nil {
		text := appendRef([]byte(`{"is":"`+n.Is+`"`), n.ref())
		if n.Beside {
			text = append(text, `,"beside":true`...)
		}
		return append(text, '}'), nil
	}
	return json.Marshal(n)
}

func (n *notice) read(text []byte) error {
	t := plainjson.Of(text)
	t.Must(`{"is":`)
	plain := notice{Is: t.String()}
	plain.Run, plain.Number = plainRef(&t)
	plain.Beside = t.Has(`,"beside":true`)
	if t.Must(`}`); t.Done() {
		*n = plain
		return nil
	}
	return json.Unmarshal(text, n)
}

// appendRef appends the attempt of a message, whose name holds nothing that JSON escapes.
func appendRef(text []byte, ref task.Ref) []byte {
	text = append(append(text, `,"run":"`...), ref.Run...)
	return strconv.AppendInt(append(text, `","number":`...), int64(ref.Number), 10)
}

// plainRef reads what appendRef wrote.
func plainRef(t *plainjson.Text) (run task.RunID, number int) {
	t.Must(`,"run":`)
	run = task.RunID(t.String())
	t.Must(`,"number":`)
	return run, int(t.Int())
}
