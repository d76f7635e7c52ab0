package wire

import "github.com/segno-jobs/segno/task"

// Retention is for how long runs, events and occurrences are kept, as stored.
type Retention struct {
	task.RetentionSettings
	Version int64 `json:"version" doc:"Counts edits; also the ETag."`
	// UpdatedAt is nil while the defaults hold.
	UpdatedAt *Time `json:"updated_at" format:"date-time" doc:"Null while the defaults hold."`
}

// RetentionOf returns r as it is sent.
func RetentionOf(r task.StoredRetention) Retention {
	w := Retention{RetentionSettings: r.RetentionSettings, Version: r.Version}
	if !r.UpdatedAt.IsZero() {
		at := At(r.UpdatedAt)
		w.UpdatedAt = &at
	}
	return w
}
