package wire

// SessionRequest is the body of POST /session.
type SessionRequest struct {
	Token string `json:"token" doc:"The bearer token."`
}

// Session is who the caller is.
type Session struct {
	// By is the name under which the caller's changes are recorded.
	By string `json:"by" doc:"Name under which the caller's changes are recorded."`
	// ExpiresAt is null for a bearer token.
	ExpiresAt *Time `json:"expires_at" doc:"When the session of a browser ends; null with a bearer token." format:"date-time"`
}
