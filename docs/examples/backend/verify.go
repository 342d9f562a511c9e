package backend

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// Verify says whether a request is Millrace's, is whole, and is of these five minutes. header is r.Header.Get of net/http.
func Verify(secret string, header func(string) string, body []byte) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	seconds, notNumber := strconv.ParseInt(header("webhook-timestamp"), 10, 64)
	if err != nil || notNumber != nil || time.Since(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return false
	}
	code := hmac.New(sha256.New, key)
	code.Write([]byte(header("webhook-id") + "." + header("webhook-timestamp") + "."))
	code.Write(body)
	right := "v1," + base64.StdEncoding.EncodeToString(code.Sum(nil))
	for _, given := range strings.Fields(header("webhook-signature")) {
		if hmac.Equal([]byte(given), []byte(right)) {
			return true
		}
	}
	return false
}
