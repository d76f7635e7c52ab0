package wire

import "github.com/segno-jobs/segno/task"

// Calendar is a stored calendar: the document of the operator with its version.
type Calendar struct {
	task.CalendarSpec
	Version   int64 `json:"version" doc:"Counts edits; also the ETag."`
	CreatedAt Time  `json:"created_at" format:"date-time"`
	UpdatedAt Time  `json:"updated_at" format:"date-time"`
}

// CalendarDay is what a calendar says of one day.
type CalendarDay struct {
	Date    string   `json:"date" format:"date"`
	Allowed []string `json:"allowed" doc:"Hours at which triggers may be due, such as 09:00-17:30; the whole day is 00:00-24:00." nullable:"false"`
	Entries []string `json:"entries" doc:"Names of the entries that fit the day." nullable:"false"`
}

// CalendarOf returns c as it is sent.
func CalendarOf(c task.Calendar) Calendar {
	return Calendar{CalendarSpec: c.CalendarSpec, Version: c.Version, CreatedAt: At(c.CreatedAt), UpdatedAt: At(c.UpdatedAt)}
}

// CalendarDayOf returns d as it is sent.
func CalendarDayOf(d task.CalendarDay) CalendarDay {
	return CalendarDay{Date: d.Date, Allowed: list(d.Allowed), Entries: list(d.Entries)}
}
