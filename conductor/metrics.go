package conductor

import (
	"context"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/segno-jobs/segno/task"
)

// Metrics are what /metrics shows of a conductor.
type Metrics struct {
	registry *prometheus.Registry
	dispatch prometheus.Histogram
	commits  prometheus.Histogram
	batches  prometheus.Histogram
	requests *prometheus.HistogramVec
	ends     *prometheus.CounterVec
	runs     *prometheus.GaugeVec
	servers  *prometheus.GaugeVec
	queue    prometheus.Gauge
	age      prometheus.Gauge
	agents   prometheus.Gauge
	// heartbeat is the period of the fleet in seconds.
	heartbeat prometheus.Gauge
	notices   noticeMetrics
	prunings  *prometheus.CounterVec
	// refusedHooks counts requests to webhooks.
	refusedHooks prometheus.Counter
}

// NewMetrics returns metrics in a registry of their own.
func NewMetrics() *Metrics {
	fine := prometheus.ExponentialBuckets(0.0001, 2, 18)
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		dispatch: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "segno_dispatch_seconds", Help: "Time from the placement of an attempt to its committed claim.", Buckets: fine,
		}),
		commits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "segno_store_commit_seconds", Help: "Time that a commit of the store took.", Buckets: fine,
		}),
		batches: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "segno_store_commit_transactions", Help: "Transactions that were committed together.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 9),
		}),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "segno_http_request_seconds", Help: "Time to answer a request, by the pattern of its route.", Buckets: fine,
		}, []string{"route", "status"}),
		ends: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "segno_attempts_ended_total", Help: "Attempts that ended with an exit record, by the state of their run.",
		}, []string{"state"}),
		runs: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "segno_runs", Help: "Runs in the store by state.",
		}, []string{"state"}),
		servers: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "segno_job_servers", Help: "Job servers by contact.",
		}, []string{"contact"}),
		queue: prometheus.NewGauge(prometheus.GaugeOpts{Name: "segno_queue_length", Help: "Runs that wait for a server."}),
		age: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "segno_queue_oldest_seconds", Help: "How long the oldest queued run has waited.",
		}),
		agents: prometheus.NewGauge(prometheus.GaugeOpts{Name: "segno_agents_connected", Help: "Agents that are connected."}),
		heartbeat: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "segno_heartbeat_period_seconds", Help: "How often agents are to send heartbeats that have no short lease to renew.",
		}),
		refusedHooks: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "segno_webhooks_refused_total", Help: "Requests to webhooks whose signature was wrong.",
		}),
		notices: newNoticeMetrics(),
		prunings: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "segno_pruned_total", Help: "What was removed by the rules of retention: runs, plan_runs, logs, checkpoints, events and occurrences.",
		}, []string{"kind"}),
	}
	m.registry.MustRegister(m.dispatch, m.commits, m.batches, m.requests, m.ends, m.runs, m.servers, m.queue, m.age, m.agents, m.heartbeat, m.refusedHooks, m.prunings)
	m.notices.register(m.registry)
	for _, kind := range []string{"runs", "plan_runs", "logs", "checkpoints", "events", "occurrences"} {
		m.pruned(kind, 0)
	}
	return m
}

// Registry returns where the metrics are gathered.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

// Commit notes a commit of the store.
func (m *Metrics) Commit(took time.Duration, transactions int) {
	m.commits.Observe(took.Seconds())
	m.batches.Observe(float64(transactions))
}

// Request notes an answered request. The route is a pattern, never a raw path.
func (m *Metrics) Request(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Observe(took.Seconds())
}

func (m *Metrics) claimed(after time.Duration) { m.dispatch.Observe(after.Seconds()) }

func (m *Metrics) ended(state task.State) { m.ends.WithLabelValues(string(state)).Inc() }

func (m *Metrics) pruned(kind string, n int) { m.prunings.WithLabelValues(kind).Add(float64(n)) }

// Metrics returns the conductor's metrics.
func (c *Conductor) Metrics() *Metrics { return c.metrics }

const statsEvery = 5 * time.Second

// statsLoop counts what the store holds.
func (c *Conductor) statsLoop(ctx context.Context) error {
	c.count(ctx)
	return every(ctx, statsEvery, c.count)
}

func (c *Conductor) count(ctx context.Context) {
	stats, err := c.store.Stats(ctx)
	if err != nil {
		if ctx.Err() == nil {
			c.log.Error("counting what the store holds failed", "error", err)
		}
		return
	}
	for _, state := range task.States() {
		c.metrics.runs.WithLabelValues(string(state)).Set(float64(stats.RunsByState[state]))
	}
	c.metrics.servers.Reset()
	for contact, n := range stats.ServersByState {
		c.metrics.servers.WithLabelValues(contact).Set(float64(n))
	}
	c.metrics.queue.Set(float64(stats.QueueLength))
	c.backlog.counted(stats.QueueLength)
	age := 0.0
	if !stats.OldestQueuedAt.IsZero() {
		age = c.now().Sub(stats.OldestQueuedAt).Seconds()
	}
	c.metrics.age.Set(max(0, age))
	c.metrics.agents.Set(float64(c.sessions.count()))
	if c.options.Notices != nil {
		c.countOutbox(ctx)
	}
}
