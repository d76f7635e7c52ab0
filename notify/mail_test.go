package notify

import (
	"context"
	"crypto/tls"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/notification"
)

// certified returns the configuration of a TLS server on this host, and a sender that trusts it.
func certified(t *testing.T) (*tls.Config, *Sender) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	t.Cleanup(server.Close)
	config := &tls.Config{Certificates: server.TLS.Certificates}
	return config, New(Options{RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs})
}

func mailbox(s *smtpServer, edit ...func(*notification.Email)) notification.ChannelSpec {
	e := notification.Email{
		Host: "127.0.0.1", Port: s.port(), From: "Segno <segno@example.com>", To: []string{"ops@example.com", "Ada <ada@example.com>"},
	}
	for _, f := range edit {
		f(&e)
	}
	return notification.ChannelSpec{Name: "ops", Email: &e}
}

func login(e *notification.Email) { e.Username, e.Password = "segno", "a-secret" }

func TestALetterGoesOverSTARTTLSWithALogin(t *testing.T) {
	config, sender := certified(t)
	server := &smtpServer{tls: config, user: "segno", password: "a-secret"}
	server.start(t)
	c := mailbox(server, login)
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	if r := sender.Send(t.Context(), c, notice()); r.Err != "" {
		t.Fatal(r.Err)
	}
	wantLetter(t, server)
	if strings.Contains(server.inClear(), "AUTH") || strings.Contains(server.inClear(), "MAIL") {
		t.Errorf("sent in clear: %s", server.inClear())
	}
}

func TestALetterGoesOverTLSFromTheFirstByte(t *testing.T) {
	config, sender := certified(t)
	server := &smtpServer{tls: config, implicit: true, user: "segno", password: "a-secret"}
	server.start(t)
	c := mailbox(server, login, func(e *notification.Email) { e.Security = notification.TLS })
	if r := sender.Send(t.Context(), c, notice()); r.Err != "" {
		t.Fatal(r.Err)
	}
	wantLetter(t, server)
}

func wantLetter(t *testing.T, server *smtpServer) {
	t.Helper()
	got := server.got()
	if len(got) != 1 || !got[0].secure || !strings.Contains(got[0].from, "<segno@example.com>") || len(got[0].to) != 2 {
		t.Fatalf("got %+v, want one letter to two", got)
	}
	m, err := mail.ReadMessage(strings.NewReader(got[0].content))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Subject": "[Segno] load-orders failed on js-1", "Message-Id": "<" + notice().ID + "@example.com>",
		"Auto-Submitted": "auto-generated", "X-Segno-Id": notice().ID, "X-Segno-Event": "run_failed",
		"From": `"Segno" <segno@example.com>`,
	} {
		if m.Header.Get(name) != want {
			t.Errorf("%s: got %q, want %q", name, m.Header.Get(name), want)
		}
	}
	if at, err := m.Header.Date(); err != nil || !at.Equal(notice().At) {
		t.Errorf("got date %v (%v)", at, err)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil || !strings.Contains(string(body), "a < b & c.") {
		t.Errorf("got body %s (%v)", body, err)
	}
}

func TestAServerWithoutSTARTTLSGetsNeitherPasswordNorLetter(t *testing.T) {
	_, sender := certified(t)
	server := &smtpServer{user: "segno", password: "a-secret"}
	server.start(t)
	r := sender.Send(t.Context(), mailbox(server, login), notice())
	if r.Err == "" || r.Refused || len(server.got()) > 0 || strings.Contains(server.inClear(), "AUTH") {
		t.Errorf("got %+v and %v", r, server.got())
	}
}

func TestACertificateOfAMailServerIsChecked(t *testing.T) {
	config, _ := certified(t)
	server := &smtpServer{tls: config}
	server.start(t)
	if r := New(Options{}).Send(t.Context(), mailbox(server), notice()); !strings.Contains(r.Err, "certificate") || len(server.got()) > 0 {
		t.Errorf("got %+v", r)
	}
}

func TestALetterGoesInClearOnlyWhereThatIsAskedFor(t *testing.T) {
	_, sender := certified(t)
	server := &smtpServer{}
	server.start(t)
	c := mailbox(server, func(e *notification.Email) { e.Security = notification.NoTLS })
	if r := sender.Send(t.Context(), c, notice()); r.Err != "" || len(server.got()) != 1 {
		t.Errorf("got %+v", r)
	}
}

func TestNothingThatAJobSaysBecomesAHeader(t *testing.T) {
	_, sender := certified(t)
	server := &smtpServer{}
	server.start(t)
	c := mailbox(server, func(e *notification.Email) { e.Security = notification.NoTLS })
	n := notice()
	n.Title = "näive\r\nBcc: all@example.com\r\n\r\nhello"
	n.Text = "first\r\n.\r\nMAIL FROM:<x@example.com>\r\nBcc: all@example.com"
	if r := sender.Send(t.Context(), c, n); r.Err != "" {
		t.Fatal(r.Err)
	}
	got := server.got()
	if len(got) != 1 || len(got[0].to) != 2 {
		t.Fatalf("got %+v, want one letter to two", got)
	}
	m, err := mail.ReadMessage(strings.NewReader(got[0].content))
	if err != nil {
		t.Fatal(err)
	}
	if m.Header.Get("Bcc") != "" {
		t.Errorf("a header was smuggled in: %v", m.Header)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || !strings.Contains(subject, "näive") {
		t.Errorf("got subject %q (%v)", subject, err)
	}
}

func TestAMailServerSaysWhetherToTryAgain(t *testing.T) {
	_, sender := certified(t)
	for name, c := range map[string]struct {
		refuse  map[string]string
		refused bool
	}{
		"an unknown mailbox":       {map[string]string{"RCPT TO:<ada@": "550 no such user"}, true},
		"a sender that may not":    {map[string]string{"MAIL": "553 not you"}, true},
		"a mailbox that is full":   {map[string]string{"RCPT TO:<ada@": "452 full"}, false},
		"a server that greylists":  {map[string]string{"DATA": "451 later"}, false},
		"a server that has no use": {map[string]string{"EHLO": "554 closed", "HELO": "554 closed"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			server := &smtpServer{refuse: c.refuse}
			server.start(t)
			r := sender.Send(t.Context(), mailbox(server, func(e *notification.Email) { e.Security = notification.NoTLS }), notice())
			if r.Err == "" || r.Refused != c.refused || len(server.got()) > 0 {
				t.Errorf("got %+v and letters %v, want refused %v", r, server.got(), c.refused)
			}
		})
	}
}

func TestALetterThatWasTakenIsDeliveredAlthoughTheConnectionBreaks(t *testing.T) {
	_, sender := certified(t)
	server := &smtpServer{dropAfter: true}
	server.start(t)
	r := sender.Send(t.Context(), mailbox(server, func(e *notification.Email) { e.Security = notification.NoTLS }), notice())
	if r.Err != "" || len(server.got()) != 1 {
		t.Errorf("got %+v, want it delivered", r)
	}
}

func TestAWrongPasswordIsNotToldAndMayBeSetRight(t *testing.T) {
	config, sender := certified(t)
	server := &smtpServer{tls: config, user: "segno", password: "another"}
	server.start(t)
	r := sender.Send(t.Context(), mailbox(server, login), notice())
	if r.Err == "" || r.Refused || strings.Contains(r.Err, "a-secret") {
		t.Errorf("got %+v", r)
	}
}

func TestASilentMailServerIsLeftWhenTheContextEnds(t *testing.T) {
	_, sender := certified(t)
	server := &smtpServer{refuse: map[string]string{"EHLO": "250-but\r\n250-never"}}
	server.start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if r := sender.Send(ctx, mailbox(server), notice()); !strings.Contains(r.Err, "in time") {
		t.Errorf("got %+v", r)
	}
}

func TestCheckReadsTheAddressesOfMailboxes(t *testing.T) {
	c := notification.ChannelSpec{Name: "ops", Email: &notification.Email{Host: "mail", From: "segno@@example.com", To: []string{"ops@example.com", "a b@example.com"}}}
	err := New(Options{}).Check(c)
	if err == nil || !strings.Contains(err.Error(), "email.from") || !strings.Contains(err.Error(), "email.to[1]") || strings.Contains(err.Error(), "to[0]") {
		t.Errorf("got %v", err)
	}
}
