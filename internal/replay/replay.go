// Package replay holds the answer to a request with an Idempotency-Key, so that the same request gets it again.
package replay

import "encoding/json"

// Answer is a saved answer.
type Answer struct {
	// Fingerprint is a hash of the request; the same key with another fingerprint is a Conflict.
	Fingerprint string
	Status      int
	Body        json.RawMessage
	ETag        string
}
