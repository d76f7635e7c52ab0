package conductor

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
)

// noticeMetrics are what /metrics shows of notifications.
type noticeMetrics struct {
	tries                 *prometheus.CounterVec
	waiting, oldest, dead prometheus.Gauge
}

func newNoticeMetrics() noticeMetrics {
	return noticeMetrics{
		tries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "segno_notification_tries_total", Help: "Tries to deliver a notification, by how they ended: delivered or failed.",
		}, []string{"result"}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "segno_notifications_waiting", Help: "Notifications that wait in the outbox.",
		}),
		oldest: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "segno_notifications_oldest_seconds", Help: "How long the oldest notification has waited in the outbox.",
		}),
		dead: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "segno_notifications_dead", Help: "Notifications that were given up and are kept for an operator.",
		}),
	}
}

func (m noticeMetrics) register(r *prometheus.Registry) {
	r.MustRegister(m.tries, m.waiting, m.oldest, m.dead)
}

// told counts a try to deliver a notification.
func (m *Metrics) told(result string) { m.notices.tries.WithLabelValues(result).Inc() }

func (c *Conductor) countOutbox(ctx context.Context) {
	b, err := c.options.Notices.Backlog(ctx)
	if err != nil {
		if ctx.Err() == nil {
			c.log.Error("counting the outbox failed", "error", err)
		}
		return
	}
	m := c.metrics.notices
	m.waiting.Set(float64(b.Waiting))
	m.dead.Set(float64(b.Dead))
	age := 0.0
	if !b.Oldest.IsZero() {
		age = max(0, c.now().Sub(b.Oldest).Seconds())
	}
	m.oldest.Set(age)
}
