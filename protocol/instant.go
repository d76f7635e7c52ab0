package protocol

import "time"

// micros returns an instant as the contract writes it; the zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// instant is the inverse of micros.
func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// span reads a duration. What does not fit into one, or is negative, becomes 0.
func span(us int64) time.Duration {
	if us < 0 || us > int64(1<<63-1)/int64(time.Microsecond) {
		return 0
	}
	return time.Duration(us) * time.Microsecond
}
