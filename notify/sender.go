package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"time"

	"github.com/segno-jobs/segno/notification"
)

// Options are the settings of a sender. The zero value of each field stands for its default.
type Options struct {
	// Private says which addresses beside those of the public internet webhooks may reach; by default none. Mail servers are
	// usually inside, and may be anywhere.
	Private Allowed
	// Version is told to receivers.
	Version string
	// RootCAs are whom certificates must come from; nil means those of the host.
	RootCAs *x509.CertPool
	// Resolver resolves names; nil means that of the host.
	Resolver *net.Resolver
	// Now is the clock of signatures and letters, time.Now by default.
	Now func() time.Time
}

const (
	dialTimeout = 5 * time.Second
	// webhookTimeout and mailTimeout bound one try.
	webhookTimeout = 10 * time.Second
	mailTimeout    = 15 * time.Second
)

// Sender tells channels. Its methods may be called from any goroutine.
type Sender struct {
	options Options
	http    *http.Client
}

// New returns a sender.
func New(o Options) *Sender {
	if o.Now == nil {
		o.Now = time.Now
	}
	dialer := &net.Dialer{Timeout: dialTimeout, Control: o.Private.control, Resolver: o.Resolver}
	return &Sender{options: o, http: &http.Client{
		Timeout:       webhookTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: dialTimeout, DisableKeepAlives: true, DisableCompression: true,
			MaxResponseHeaderBytes: 16 << 10, TLSClientConfig: &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12},
		},
	}}
}

// Send tells a channel of a notice. It returns when the receiver has taken or refused it, when the time for a try is over,
// or when ctx ends. What it says of a failure holds no secret of the channel.
func (s *Sender) Send(ctx context.Context, c notification.ChannelSpec, n notification.Notice) notification.Result {
	var r notification.Result
	switch {
	case c.Email != nil:
		r = s.mail(ctx, *c.Email, n)
	case c.Webhook != nil:
		r = s.post(ctx, *c.Webhook, n)
	default:
		r = notification.Result{Err: "the channel has neither email nor webhook", Refused: true}
	}
	r.Err = c.Redact(r.Err)
	return r
}
