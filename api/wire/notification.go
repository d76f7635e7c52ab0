package wire

import (
	"time"

	"github.com/segno-jobs/segno/notification"
)

// Channel is a stored channel: the document of the operator without its secrets, and with its version.
type Channel struct {
	notification.ChannelSpec
	Address    string   `json:"address" doc:"Where it goes, without secrets: host and port of a mail server, or scheme and host of a webhook."`
	SecretsSet []string `json:"secrets_set" doc:"Secrets that are set, such as webhook.url; what they are is not shown." nullable:"false"`
	Version    int64    `json:"version" doc:"Counts edits; also the ETag."`
	CreatedAt  Time     `json:"created_at" format:"date-time"`
	UpdatedAt  Time     `json:"updated_at" format:"date-time"`
}

// ChannelOf returns c as it is sent, without its secrets.
func ChannelOf(c notification.Channel) Channel {
	return Channel{
		ChannelSpec: c.Public(), Address: c.Address(), SecretsSet: c.SecretsSet(),
		Version: c.Version, CreatedAt: At(c.CreatedAt), UpdatedAt: At(c.UpdatedAt),
	}
}

// ChannelTest is how a test of a channel went.
type ChannelTest struct {
	ID        string `json:"id" doc:"Id that the receiver was told."`
	Delivered bool   `json:"delivered" doc:"Whether the receiver has taken it."`
	Error     string `json:"error,omitempty" doc:"Why it has not."`
	Took      string `json:"took" doc:"How long that took, such as \"120ms\"."`
}

// ChannelTestOf returns a test of a channel as it is sent.
func ChannelTestOf(n notification.Notice, r notification.Result, took time.Duration) ChannelTest {
	return ChannelTest{ID: n.ID, Delivered: r.Err == "", Error: r.Err, Took: took.Round(time.Millisecond).String()}
}

// NotificationRule is a stored rule: the document of the operator with its version.
type NotificationRule struct {
	notification.RuleSpec
	Version   int64 `json:"version" doc:"Counts edits; also the ETag."`
	CreatedAt Time  `json:"created_at" format:"date-time"`
	UpdatedAt Time  `json:"updated_at" format:"date-time"`
}

// NotificationRuleOf returns r as it is sent.
func NotificationRuleOf(r notification.Rule) NotificationRule {
	return NotificationRule{RuleSpec: r.RuleSpec, Version: r.Version, CreatedAt: At(r.CreatedAt), UpdatedAt: At(r.UpdatedAt)}
}

// Delivery is one notice on its way to one channel.
type Delivery struct {
	ID        string              `json:"id" doc:"Told to the receiver, and the same on every try."`
	Channel   string              `json:"channel"`
	Event     notification.Kind   `json:"event" doc:"What it is about, such as run_failed."`
	Title     string              `json:"title"`
	State     notification.State  `json:"state" enum:"waiting,delivered,dead" doc:"dead ones are not tried again unless someone asks for it."`
	Tries     int                 `json:"tries" doc:"Tries since it was made or last revived."`
	NextAt    *Time               `json:"next_at" format:"date-time" doc:"When it is tried next at the earliest; null once it has ended."`
	LastError string              `json:"last_error" doc:"Why the last try failed."`
	CreatedAt Time                `json:"created_at" format:"date-time"`
	EndedAt   *Time               `json:"ended_at" format:"date-time"`
	Notice    notification.Notice `json:"notice" doc:"What is told, as a webhook gets it."`
}

// DeliveryOf returns d as it is sent.
func DeliveryOf(d notification.Delivery) Delivery {
	out := Delivery{
		ID: d.ID, Channel: d.Channel, Event: d.Notice.Event, Title: d.Notice.Title, State: d.State, Tries: d.Tries,
		LastError: d.LastError, CreatedAt: At(d.CreatedAt), EndedAt: optional(d.EndedAt), Notice: d.Notice,
	}
	if d.State == notification.Waiting {
		out.NextAt = AtOrNil(d.NextAt)
	}
	return out
}
