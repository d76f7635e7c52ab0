package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"github.com/segno-jobs/segno/notification"
)

// mail sends a notice as a letter to all mailboxes of a channel at once: all of them take it, or none does.
func (s *Sender) mail(ctx context.Context, e notification.Email, n notification.Notice) notification.Result {
	letter, err := s.letter(e, n)
	if err != nil {
		return notification.Result{Err: "the letter cannot be written: " + err.Error(), Refused: true}
	}
	ctx, cancel := context.WithTimeout(ctx, mailTimeout)
	defer cancel()
	if err := s.deliver(ctx, e, letter); err != nil && !letter.IsDelivered() {
		return mailResult(ctx, err)
	}
	return notification.Result{}
}

// letter writes the letter. The library encodes what a header cannot hold, line breaks among it. The id of the letter is
// that of the delivery, so that a double can be told.
func (s *Sender) letter(e notification.Email, n notification.Notice) (*gomail.Msg, error) {
	from, err := netmail.ParseAddress(e.From)
	if err != nil {
		return nil, fmt.Errorf("read the sender: %w", err)
	}
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := m.From(e.From); err != nil {
		return nil, fmt.Errorf("read the sender: %w", err)
	}
	if err := m.To(e.To...); err != nil {
		return nil, fmt.Errorf("read the receivers: %w", err)
	}
	m.Subject("[Segno] " + n.Title)
	m.SetDateWithValue(n.At)
	m.SetMessageIDWithValue(n.ID + "@" + from.Address[strings.LastIndexByte(from.Address, '@')+1:])
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader("X-Segno-Id", n.ID)
	m.SetGenHeader("X-Segno-Event", string(n.Event))
	m.SetBodyString(gomail.TypeTextPlain, n.Body())
	return m, nil
}

// deliver brings the letter to the server. The connection ends with ctx at the latest.
func (s *Sender) deliver(ctx context.Context, e notification.Email, letter *gomail.Msg) error {
	security := e.SecurityOrDefault()
	config := &tls.Config{ServerName: e.Host, RootCAs: s.options.RootCAs, MinVersion: tls.VersionTLS12}
	// The library leaves a connection open on which the greeting failed, and its deadlines know nothing of ctx.
	done, closeAll := context.WithCancel(ctx)
	defer closeAll()
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		dialer := net.Dialer{Timeout: dialTimeout, Resolver: s.options.Resolver}
		raw, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(done, func() { _ = raw.Close() })
		if security != notification.TLS {
			return raw, nil
		}
		secure := tls.Client(raw, config)
		return secure, secure.HandshakeContext(ctx)
	}
	options := []gomail.Option{
		gomail.WithPort(e.PortOrDefault()), gomail.WithTimeout(mailTimeout), gomail.WithTLSConfig(config),
		gomail.WithDialContextFunc(dial),
	}
	switch security {
	case notification.TLS:
		options = append(options, gomail.WithSSL())
	case notification.NoTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if e.Username != "" {
		// The connection is encrypted: a password without is refused when the channel is saved.
		options = append(options, gomail.WithUsername(e.Username), gomail.WithPassword(string(e.Password)),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	client, err := gomail.NewClient(e.Host, options...)
	if err != nil {
		return fmt.Errorf("set the connection up: %w", err)
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = client.CloseWithSMTPClient(session) }()
	return client.SendWithSMTPClient(session, letter)
}

// mailResult says how a letter failed. A server that refuses a sender, a receiver or the content for good would refuse it
// again; one that refuses the connection or the login may be set right.
func mailResult(ctx context.Context, err error) notification.Result {
	r := notification.Result{Err: "the mail server did not take it: " + err.Error()}
	if e, ok := errors.AsType[*gomail.SendError](err); ok {
		r.Refused = e.ErrorCode() >= 500 && !e.IsTemp()
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		r.Err = "the mail server did not answer in time"
	}
	return r
}
