package api

import (
	"bytes"
	"encoding/json"
)

// maxPooled is the largest buffer that is kept for the next answer.
const maxPooled = 64 << 10

// responseBuffer is where an answer is written before it is sent, so that its length is known and an error can still
// become a problem.
type responseBuffer struct {
	data    bytes.Buffer
	encoder *json.Encoder
}

func (b *responseBuffer) encode(v any) error {
	if b.encoder == nil {
		b.encoder = json.NewEncoder(&b.data)
		b.encoder.SetEscapeHTML(false)
	}
	return b.encoder.Encode(v)
}

// release gives the buffer back. One that grew large is left to the garbage collector.
func (b *responseBuffer) release() {
	if b.data.Cap() > maxPooled {
		return
	}
	b.data.Reset()
	buffers.Put(b)
}
