package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// The headers of a webhook's request, by the Standard Webhooks specification.
const (
	headerID        = "Webhook-Id"
	headerTimestamp = "Webhook-Timestamp"
	headerSignature = "Webhook-Signature"
)

// Sign returns the signature of a webhook's request: "v1," and, in base64, the HMAC-SHA256 of the id, the Unix time in
// seconds and the body, with a dot between them. Of a secret that begins with whsec_ the rest, in base64, is the key; of
// another one the text itself is.
func Sign(secret, id string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, key(secret))
	mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func key(secret string) []byte {
	if encoded, ok := strings.CutPrefix(secret, "whsec_"); ok {
		if k, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			return k
		}
	}
	return []byte(secret)
}
