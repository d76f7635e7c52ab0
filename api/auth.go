package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"

	"github.com/segno-jobs/segno/internal/fault"
)

// admin is the name under which changes are recorded until there are accounts.
const admin = "admin"

// cookieName is the cookie of a browser's session.
const cookieName = "segno_session"

// caller returns the name of who sent the request: by the bearer token, else by the session of a browser.
func (s *Server) caller(r *http.Request) (string, error) {
	if given := r.Header.Get("Authorization"); given != "" {
		scheme, token, _ := strings.Cut(given, " ")
		if !strings.EqualFold(scheme, "Bearer") || !s.rightToken(token) {
			return "", fmt.Errorf("%w: the bearer token is not valid", fault.Unauthorized)
		}
		return admin, nil
	}
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return "", fmt.Errorf("%w: the request needs the header Authorization: Bearer <token>", fault.Unauthorized)
	}
	if err := s.origin.Check(r); err != nil {
		return "", fmt.Errorf("%w: %w", fault.Forbidden, err)
	}
	open, err := s.openSession(r.Context(), cookie.Value)
	return open.By, err
}

// rightToken compares in constant time.
func (s *Server) rightToken(token string) bool {
	sum := sha256.Sum256([]byte(strings.TrimSpace(token)))
	return subtle.ConstantTimeCompare(sum[:], s.tokenHash) == 1
}

func parseHash(text string) ([]byte, error) {
	sum, err := hex.DecodeString(text)
	if err != nil || len(sum) != sha256.Size {
		return nil, fmt.Errorf("the hash of the token must be %d hexadecimal digits", 2*sha256.Size)
	}
	return sum, nil
}
