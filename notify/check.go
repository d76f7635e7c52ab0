package notify

import (
	"errors"
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/notification"
)

// Check returns field errors where the addresses of a channel cannot be used, or may not be reached. It resolves no names:
// what they stand for is checked when it is dialled.
func (s *Sender) Check(c notification.ChannelSpec) error {
	switch {
	case c.Email != nil:
		return fault.Under("email", checkMail(*c.Email))
	case c.Webhook != nil:
		return fault.Under("webhook", s.checkURL(string(c.Webhook.URL)))
	}
	return nil
}

func checkMail(e notification.Email) error {
	var errs []error
	if _, err := mail.ParseAddress(e.From); err != nil {
		errs = append(errs, fault.Field("from", "must be an address such as segno@example.com or Segno <segno@example.com>"))
	}
	for i, to := range e.To {
		if _, err := mail.ParseAddress(to); err != nil {
			errs = append(errs, fault.Field(fmt.Sprintf("to[%d]", i), "must be an address such as ops@example.com"))
		}
	}
	return errors.Join(errs...)
}

func (s *Sender) checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Opaque != "" || u.Hostname() == "" {
		return fault.Field("url", "must be an address such as https://hooks.example.com/path")
	}
	if u.User != nil {
		return fault.Field("url", "must not hold a user name or password; use headers for them")
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.Atoi(p); err != nil || n < 1 || n > 65535 {
			return fault.Field("url", "must have a port from 1 to 65535")
		}
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	addr, err := netip.ParseAddr(host)
	if err != nil && (host == "localhost" || strings.HasSuffix(host, ".localhost")) {
		addr, err = netip.AddrFrom4([4]byte{127, 0, 0, 1}), nil
	}
	if err != nil {
		return nil // A name: what it stands for is checked when it is dialled.
	}
	if err := s.options.Private.refuse(addr); err != nil {
		return fault.Field("url", "must not be a private address: %s", strings.TrimSuffix(err.Error(), ": "+fault.Forbidden.Error()))
	}
	return nil
}
