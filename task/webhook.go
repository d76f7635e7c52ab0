package task

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
)

// WebhookTrigger starts a run for each request to an address that only its callers know. The address and the key of the
// signature are no part of it: they are made, kept and shown apart from it.
type WebhookTrigger struct {
	// Signature says how requests must be signed; empty is SignatureNone.
	Signature WebhookSignature `json:"signature,omitempty" enum:"none,github,standard" doc:"How requests must be signed: none (the default), github (X-Hub-Signature-256) or standard (Standard Webhooks, with a time against replay)."`
}

// WebhookSignature is a way in which requests are signed, by HMAC-SHA256 with a key that both sides know.
type WebhookSignature string

// The ways in which requests are signed.
const (
	SignatureNone WebhookSignature = "none"
	// SignatureGitHub is a signature of the body in X-Hub-Signature-256. Nothing in it keeps an old request from being sent
	// again under another id.
	SignatureGitHub WebhookSignature = "github"
	// SignatureStandard is the signature of Standard Webhooks: of the delivery's id, its time and the body, in
	// webhook-id, webhook-timestamp and webhook-signature.
	SignatureStandard WebhookSignature = "standard"
)

// Limits of webhooks.
const (
	// MaxWebhookBody is the most bytes of a request's body.
	MaxWebhookBody = 1 << 20
	// WebhookTolerance is how far the time of a request may be from now.
	WebhookTolerance = 5 * time.Minute
	// MaxDeliveryID is the longest id of a delivery.
	MaxDeliveryID = 200
	// MinWebhookKey and MaxWebhookKey bound the key of a signature, in bytes.
	MinWebhookKey = 16
	MaxWebhookKey = 255
)

// keyPrefix is what keys of Standard Webhooks begin with; base64 of the key's bytes follows.
const keyPrefix = "whsec_"

// WebhookKeyOf writes random bytes as a key.
func WebhookKeyOf(random []byte) string {
	return keyPrefix + base64.StdEncoding.EncodeToString(random)
}

// Signed reports whether requests must be signed.
func (w WebhookTrigger) Signed() bool { return w.Signature != "" && w.Signature != SignatureNone }

// Validate checks the way in which requests are signed.
func (w WebhookTrigger) Validate() error {
	return oneOf("signature", w.Signature, SignatureNone, SignatureGitHub, SignatureStandard)
}

// CheckWebhookKey returns a field error unless key may sign requests.
func CheckWebhookKey(field, key string) error {
	if err := CheckText(field, key, MaxWebhookKey); err != nil {
		return err
	}
	if len(key) < MinWebhookKey {
		return fault.Field(field, "must be at least %d bytes", MinWebhookKey)
	}
	if coded, is := strings.CutPrefix(key, keyPrefix); is {
		if _, err := base64.StdEncoding.DecodeString(coded); err != nil {
			return fault.Field(field, "must have base64 behind %s", keyPrefix)
		}
	}
	return nil
}

// Headers reads the headers of a request.
type Headers interface{ Get(name string) string }

// Verify checks that a request was signed with the key, and returns the id under which its sender delivers it, or "" where
// it gives none. It is fault.Unauthorized for a request that was not.
func (w WebhookTrigger) Verify(key string, h Headers, body []byte, now time.Time) (delivery string, err error) {
	switch w.Signature {
	case SignatureGitHub:
		delivery, err = h.Get("X-GitHub-Delivery"), verifyGitHub(key, h, body)
	case SignatureStandard:
		delivery, err = h.Get("Webhook-Id"), verifyStandard(key, h, body, now)
	default:
		for _, name := range []string{"Idempotency-Key", "Webhook-Id", "X-GitHub-Delivery"} {
			if delivery == "" {
				delivery = h.Get(name)
			}
		}
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", fault.Unauthorized, err)
	}
	if err := CheckText("delivery", delivery, MaxDeliveryID); err != nil {
		return "", err
	}
	if strings.ContainsFunc(delivery, isControl) {
		return "", fault.Field("delivery", "must not contain control characters")
	}
	return delivery, nil
}

func verifyGitHub(key string, h Headers, body []byte) error {
	given, is := strings.CutPrefix(h.Get("X-Hub-Signature-256"), "sha256=")
	sum, err := hex.DecodeString(given)
	if !is || err != nil {
		return fmt.Errorf("the request must have its signature in X-Hub-Signature-256, as sha256=<hexadecimal>")
	}
	if !hmac.Equal(sum, sign([]byte(key), body)) {
		return errWrongSignature
	}
	return nil
}

func verifyStandard(key string, h Headers, body []byte, now time.Time) error {
	id, stamp := h.Get("Webhook-Id"), h.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if id == "" || err != nil {
		return fmt.Errorf("the request must have webhook-id, webhook-timestamp and webhook-signature")
	}
	want := sign(keyBytes(key), []byte(id), []byte("."), []byte(stamp), []byte("."), body)
	if !anySignature(h.Get("Webhook-Signature"), want) {
		return errWrongSignature
	}
	if off := now.Sub(time.Unix(seconds, 0)); off > WebhookTolerance || off < -WebhookTolerance {
		return fmt.Errorf("the request's webhook-timestamp is more than %s from now", WebhookTolerance)
	}
	return nil
}

// anySignature reports whether one of the signatures in a header, of which a sender that changes its key gives several, is
// the one that is wanted.
func anySignature(header string, want []byte) bool {
	found := false
	for one := range strings.FieldsSeq(header) {
		coded, is := strings.CutPrefix(one, "v1,")
		sum, err := base64.StdEncoding.DecodeString(coded)
		if is && err == nil && hmac.Equal(sum, want) {
			found = true
		}
	}
	return found
}

var errWrongSignature = fmt.Errorf("the signature is not that of this body with this trigger's key")

func keyBytes(key string) []byte {
	if coded, is := strings.CutPrefix(key, keyPrefix); is {
		if b, err := base64.StdEncoding.DecodeString(coded); err == nil {
			return b
		}
	}
	return []byte(key)
}

func sign(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		mac.Write(p)
	}
	return mac.Sum(nil)
}

// WebhookSecretsRequest says which secrets of a webhook are to be made anew: all that it does not say to keep.
type WebhookSecretsRequest struct {
	KeepAddress    bool   `json:"keep_address,omitempty" doc:"Leave the address as it is."`
	KeepSigningKey bool   `json:"keep_signing_key,omitempty" doc:"Leave the key of the signature as it is."`
	SigningKey     string `json:"signing_key,omitempty" doc:"Key of the signature, such as one that the sender has made; by default a random one is made."`
}

// Validate refuses a key that is too short, and a request that keeps a key and gives one.
func (r WebhookSecretsRequest) Validate() error {
	if r.SigningKey == "" {
		return nil
	}
	if r.KeepSigningKey {
		return fault.Field("keep_signing_key", "must be left out where a signing_key is given")
	}
	return CheckWebhookKey("signing_key", r.SigningKey)
}

// WebhookSecrets are the secrets of a webhook that were just made; empty ones were kept.
type WebhookSecrets struct {
	// Address is the part of the address that only its callers know.
	Address    string
	SigningKey string
}

// WebhookState says how a webhook is.
type WebhookState struct {
	// MadeAt is when its address was made; nil where it has none yet.
	MadeAt *time.Time
	// HasKey is true where there is a key for its signature.
	HasKey bool
	// Refused counts the requests whose signature was wrong, RefusedAt is when the last of them came.
	Refused   int64
	RefusedAt *time.Time
}
