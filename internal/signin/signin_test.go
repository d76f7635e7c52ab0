package signin_test

import (
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/signin"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestASessionHoldsForItsLifeAndWithItsCredential(t *testing.T) {
	_, s := signin.Begin("admin", "one", noon)
	for _, c := range []struct {
		name       string
		credential string
		at         time.Time
		want       bool
	}{
		{"at once", "one", noon, true},
		{"just before its end", "one", noon.Add(signin.Life - time.Nanosecond), true},
		{"at its end", "one", noon.Add(signin.Life), false},
		{"with another credential", "two", noon, false},
		{"with none", "", noon, false},
	} {
		if got := s.Holds(c.credential, c.at); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestTheIDIsKeptNowhere(t *testing.T) {
	id, s := signin.Begin("admin", "one", noon)
	other, _ := signin.Begin("admin", "one", noon)
	if id == other {
		t.Error("two sessions have the same id")
	}
	// 52 characters of base 32 are 260 bits.
	if len(id) < 52 {
		t.Errorf("the id %q has %d characters, want at least 52", id, len(id))
	}
	if strings.Contains(s.Key, id) || s.Key != signin.Key(id) {
		t.Errorf("got the key %q of the id %q", s.Key, id)
	}
}
