package conductor

// wakeScheduler says that triggers have changed.
func (c *Conductor) wakeScheduler() {
	select {
	case c.schedule <- struct{}{}:
	default:
	}
}
