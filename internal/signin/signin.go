// Package signin is what a conductor keeps of a browser that has signed in. It stands in the store, so that whoever has
// signed in stays so when a conductor is restarted or another one takes over.
package signin

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Life is how long a session lasts: twelve hours.
const Life = 12 * time.Hour

// Most is how many sessions are kept at once. The one that ends first makes room for the next.
const Most = 1000

// Session is one browser's session.
type Session struct {
	// Key is the SHA-256 of the session's id, in hexadecimal. The id itself only the browser has.
	Key string
	// By is the name under which changes are recorded.
	By string
	// Credential is the SHA-256, in hexadecimal, of what the browser signed in with. A session is worth nothing without it:
	// with another token of the administrator, all sessions have ended.
	Credential string
	// CreatedAt and EndsAt are the first instant of the session and the one after its last.
	CreatedAt, EndsAt time.Time
}

// Begin makes a session of someone who has just shown a credential, and the id that the browser is given: 256 random bits.
func Begin(by, credential string, now time.Time) (id string, s Session) {
	id = rand.Text() + rand.Text()
	return id, Session{Key: Key(id), By: by, Credential: credential, CreatedAt: now, EndsAt: now.Add(Life)}
}

// Key is what the session with that id is kept under.
func Key(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:])
}

// Holds reports whether the session is worth something to who would have to show that credential now.
func (s Session) Holds(credential string, now time.Time) bool {
	return s.Credential == credential && now.Before(s.EndsAt)
}
