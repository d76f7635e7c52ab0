package notification

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// Secret is a text that is never shown: it prints itself as "[secret]". Its JSON is the text itself, for the request that
// sets it and for the store; what the API answers has none.
type Secret string

// String returns a word in place of the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "[secret]"
}

// GoString returns a word in place of the secret.
func (s Secret) GoString() string { return s.String() }

// ChannelSpec is a channel as an operator writes it: a way to tell someone. Exactly one of Email and Webhook is set.
type ChannelSpec struct {
	Name        string   `json:"name" doc:"Name of the channel: 1 to 63 of a-z 0-9 - _ ."`
	Description string   `json:"description,omitempty" doc:"Whom the channel reaches."`
	Email       *Email   `json:"email,omitempty" doc:"E-mail over SMTP."`
	Webhook     *Webhook `json:"webhook,omitempty" doc:"HTTP POST of JSON, signed."`
	// Paused leaves deliveries waiting.
	Paused bool `json:"paused,omitempty" doc:"Whether nothing is sent for now; what is to be told waits."`
	// MaxAge is for how long a delivery is tried again; 0 means DefaultMaxAge.
	MaxAge task.Duration `json:"max_age,omitzero" doc:"How long a delivery is tried again, 1m to 168h; by default 24h."`
	// MaxTries is how often a delivery is tried; 0 means DefaultMaxTries.
	MaxTries int `json:"max_tries,omitempty" doc:"How often a delivery is tried, 1 to 1000; by default 50."`
}

// Email is a channel to mailboxes.
type Email struct {
	Host string `json:"host" doc:"Name or address of the SMTP server."`
	// Port is 587 by default, 465 with the security tls, and 25 with none.
	Port     int      `json:"port,omitempty" doc:"Port of the SMTP server; by default 587, with the security tls 465, with none 25."`
	Security Security `json:"security,omitempty" enum:"starttls,tls,none" doc:"starttls (the default; a server without it is refused), tls from the first byte, or none."`
	Username string   `json:"username,omitempty" doc:"User name at the SMTP server; without it there is no login."`
	Password Secret   `json:"password,omitempty" doc:"Password at the SMTP server. It is never shown again."`
	From     string   `json:"from" doc:"Sender, as segno@example.com or Segno <segno@example.com>."`
	To       []string `json:"to" doc:"Receivers, 1 to 50." nullable:"false"`
}

// Security is how a connection to an SMTP server is kept private.
type Security string

// The kinds of security. StartTLS is the default and refuses a server that does not offer it.
const (
	StartTLS Security = "starttls"
	TLS      Security = "tls"
	NoTLS    Security = "none"
)

// Webhook is a channel to an HTTP server.
type Webhook struct {
	// URL is a secret as well: many services have their key in it.
	URL    Secret `json:"url,omitempty" doc:"Address that is POSTed to, http or https. It is never shown again: it may hold a key."`
	Format Format `json:"format,omitempty" enum:"segno,slack" doc:"segno (the default): the whole notice; slack: its text alone, as Slack, Mattermost and others take it."`
	// Secret signs the body; see docs/notifications.md.
	Secret Secret `json:"secret,omitempty" doc:"Key of the signature (HMAC-SHA256), 16 to 256 characters. It is never shown again."`
	// Headers are sent besides; their values are secrets too.
	Headers map[string]Secret `json:"headers,omitempty" doc:"Further request headers, such as Authorization; at most 10. Their values are never shown again."`
}

// Format is the form of a webhook's body.
type Format string

// The formats. FormatSegno is the default.
const (
	FormatSegno Format = "segno"
	FormatSlack Format = "slack"
)

// Channel is a stored channel.
type Channel struct {
	ChannelSpec
	// Version counts edits, from 1. It is the ETag.
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Defaults and limits of a channel.
const (
	DefaultMaxAge   = 24 * time.Hour
	DefaultMaxTries = 50
	MinMaxAge       = time.Minute
	MaxMaxAge       = 7 * 24 * time.Hour
	MaxMaxTries     = 1000
	MaxReceivers    = 50
	MaxAddress      = 320
	MaxURL          = 2048
	MinSecret       = 16
	MaxSecret       = 256
	MaxHeaders      = 10
	MaxHeaderValue  = 1024
)

// Age returns for how long a delivery is tried again.
func (c ChannelSpec) Age() time.Duration {
	if c.MaxAge == 0 {
		return DefaultMaxAge
	}
	return time.Duration(c.MaxAge)
}

// Tries returns how often a delivery is tried.
func (c ChannelSpec) Tries() int {
	if c.MaxTries == 0 {
		return DefaultMaxTries
	}
	return c.MaxTries
}

// WithDefaults returns the channel with its defaults filled in, so that two spellings of the same channel are equal.
func (c ChannelSpec) WithDefaults() ChannelSpec {
	c.MaxAge, c.MaxTries = task.Duration(c.Age()), c.Tries()
	if c.Email != nil {
		e := *c.Email
		e.Port, e.Security = e.PortOrDefault(), e.SecurityOrDefault()
		c.Email = &e
	}
	if c.Webhook != nil && c.Webhook.Format == "" {
		w := *c.Webhook
		w.Format = FormatSegno
		c.Webhook = &w
	}
	return c
}

// SecurityOrDefault returns the security, StartTLS where none is set.
func (e Email) SecurityOrDefault() Security {
	if e.Security == "" {
		return StartTLS
	}
	return e.Security
}

// PortOrDefault returns the port, or the usual one of the security.
func (e Email) PortOrDefault() int {
	switch {
	case e.Port != 0:
		return e.Port
	case e.SecurityOrDefault() == TLS:
		return 465
	case e.SecurityOrDefault() == NoTLS:
		return 25
	}
	return 587
}

// Validate returns nil if the channel may be stored, else all its faults as field errors. Whether its address may be
// reached is not its matter; see package notify.
func (c ChannelSpec) Validate() error {
	var errs []error
	errs = append(errs, task.CheckName("name", c.Name), task.CheckText("description", c.Description, task.MaxDescription))
	switch {
	case (c.Email == nil) == (c.Webhook == nil):
		errs = append(errs, fault.Field("", "must have either email or webhook"))
	case c.Email != nil:
		errs = append(errs, fault.Under("email", c.Email.validate()))
	default:
		errs = append(errs, fault.Under("webhook", c.Webhook.validate()))
	}
	if age := time.Duration(c.MaxAge); age != 0 && (age < MinMaxAge || age > MaxMaxAge) {
		errs = append(errs, fault.Field("max_age", "must be from %s to %s, not %s", MinMaxAge, MaxMaxAge, age))
	}
	if c.MaxTries < 0 || c.MaxTries > MaxMaxTries {
		errs = append(errs, fault.Field("max_tries", "must be from 1 to %d, not %d", MaxMaxTries, c.MaxTries))
	}
	return errors.Join(errs...)
}

func (e Email) validate() error {
	var errs []error
	if e.Host == "" || len(e.Host) > 253 || !plain(e.Host) || strings.ContainsAny(e.Host, " /@") {
		errs = append(errs, fault.Field("host", "must be the name or the address of a host"))
	}
	if e.Port < 0 || e.Port > 65535 {
		errs = append(errs, fault.Field("port", "must be from 1 to 65535, not %d", e.Port))
	}
	if s := e.SecurityOrDefault(); s != StartTLS && s != TLS && s != NoTLS {
		errs = append(errs, fault.Field("security", "must be %s, %s or %s, not %.40q", StartTLS, TLS, NoTLS, s))
	} else if s == NoTLS && (e.Username != "" || e.Password != "") {
		errs = append(errs, fault.Field("security", "must not be none with a login: it would be sent in clear"))
	}
	errs = append(errs, checkLine("username", e.Username, 0, MaxSecret), checkLine("password", string(e.Password), 0, MaxSecret))
	if e.Password != "" && e.Username == "" {
		errs = append(errs, fault.Field("username", "must not be empty with a password"))
	}
	errs = append(errs, checkAddress("from", e.From))
	if len(e.To) == 0 || len(e.To) > MaxReceivers {
		errs = append(errs, fault.Field("to", "must be 1 to %d addresses, not %d", MaxReceivers, len(e.To)))
	}
	for i, to := range e.To {
		field := fmt.Sprintf("to[%d]", i)
		errs = append(errs, checkAddress(field, to))
		if slices.Contains(e.To[:i], to) {
			errs = append(errs, fault.Field(field, "stands in the list twice"))
		}
	}
	return errors.Join(errs...)
}

func (w Webhook) validate() error {
	var errs []error
	url := string(w.URL)
	switch {
	case !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://"):
		errs = append(errs, fault.Field("url", "must begin with https:// or http://"))
	case len(url) > MaxURL || !plain(url) || strings.Contains(url, " "):
		errs = append(errs, fault.Field("url", "must be at most %d printable characters without spaces", MaxURL))
	}
	if w.Format != "" && w.Format != FormatSegno && w.Format != FormatSlack {
		errs = append(errs, fault.Field("format", "must be %s or %s, not %.40q", FormatSegno, FormatSlack, w.Format))
	}
	if w.Secret != "" {
		errs = append(errs, checkLine("secret", string(w.Secret), MinSecret, MaxSecret))
	}
	if len(w.Headers) > MaxHeaders {
		errs = append(errs, fault.Field("headers", "must be at most %d, not %d", MaxHeaders, len(w.Headers)))
	}
	for _, name := range slices.Sorted(maps.Keys(w.Headers)) {
		field := fmt.Sprintf("headers.%.63s", name)
		if !validHeader(name) {
			errs = append(errs, fault.Field(field, "must have a name of letters, digits and - that Segno does not set itself"))
		}
		errs = append(errs, checkLine(field, string(w.Headers[name]), 1, MaxHeaderValue))
	}
	return errors.Join(errs...)
}

// ownHeaders are headers of a request that are not for an operator to set.
var ownHeaders = []string{
	"host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection", "te", "trailer", "upgrade",
	"user-agent", "expect", "webhook-id", "webhook-timestamp", "webhook-signature",
}

func validHeader(name string) bool {
	if name == "" || len(name) > task.MaxName || slices.Contains(ownHeaders, strings.ToLower(name)) {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
	})
}

// checkAddress refuses what can be no address of a mailbox; package notify reads it in full.
func checkAddress(field, address string) error {
	at := strings.LastIndexByte(address, '@')
	if at < 1 || at == len(address)-1 || len(address) > MaxAddress || strings.ContainsFunc(address, isControl) {
		return fault.Field(field, "must be an address such as ops@example.com, of at most %d bytes", MaxAddress)
	}
	return task.CheckText(field, address, MaxAddress)
}

// checkLine refuses a text that is not one line of at least least and at most most bytes.
func checkLine(field, text string, least, most int) error {
	if len(text) < least || len(text) > most {
		return fault.Field(field, "must have %d to %d characters", least, most)
	}
	if strings.ContainsFunc(text, isControl) {
		return fault.Field(field, "must not contain control characters")
	}
	return task.CheckText(field, text, most)
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// plain reports whether a text is printable ASCII.
func plain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}
