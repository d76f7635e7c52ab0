package protocol

import (
	"bytes"
	"io"
	"net/http"
)

// wholeMost is up to which size a body goes in one piece with the head of its request.
const wholeMost = 24 << 10

// whole sends small bodies together with the heads of their requests. net/http sends the head by itself, for which the
// other end wakes up, unless it knows that the body is in memory already.
type whole struct{ *http.Transport }

// RoundTrip implements [http.RoundTripper].
func (t whole) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.ContentLength <= 0 || r.ContentLength > wholeMost {
		return t.Transport.RoundTrip(r)
	}
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, body)
	r.Body.Close()
	if err != nil {
		return nil, err
	}
	inMemory := *r // A round tripper leaves the request that it is given as it is.
	inMemory.Body = io.NopCloser(bytes.NewReader(body))
	return t.Transport.RoundTrip(&inMemory)
}
