package task

// WithDefaults returns the task with each setting that was left out at its default, so that two specs that mean the
// same are equal. It changes nothing that s refers to.
func (s Spec) WithDefaults() Spec {
	if s.StopGrace == 0 {
		s.StopGrace = Duration(DefaultStopGrace)
	}
	if s.OutputLimit == 0 {
		s.OutputLimit = DefaultOutputLimit
	}
	if s.Retries.Max > 0 && s.Retries.Backoff == 0 {
		s.Retries.Backoff = Duration(DefaultBackoff)
	}
	if s.Retries.Max > 0 && s.Retries.From == "" {
		s.Retries.From = RetryFromStart
	}
	if s.Resources.Slots == 0 {
		s.Resources.Slots = 1
	}
	if s.MaxConcurrent > 0 && s.WhenBusy == "" {
		s.WhenBusy = BusyQueue
	}
	if s.Job.Script != nil && len(s.Job.Script.Interpreter) == 0 {
		script := *s.Job.Script
		script.Interpreter = []string{"/bin/sh"}
		s.Job.Script = &script
	}
	return s
}
