package notification

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Public returns the channel without its secrets.
func (c ChannelSpec) Public() ChannelSpec {
	if c.Email != nil {
		e := *c.Email
		e.Password = ""
		c.Email = &e
	}
	if c.Webhook != nil {
		c.Webhook = &Webhook{Format: c.Webhook.Format}
	}
	return c
}

// SecretsSet returns the paths of the secrets that the channel has, such as "webhook.url", in order.
func (c ChannelSpec) SecretsSet() []string {
	set := []string{}
	if c.Email != nil && c.Email.Password != "" {
		set = append(set, "email.password")
	}
	if w := c.Webhook; w != nil {
		for _, name := range slices.Sorted(maps.Keys(w.Headers)) {
			set = append(set, "webhook.headers."+name)
		}
		if w.Secret != "" {
			set = append(set, "webhook.secret")
		}
		if w.URL != "" {
			set = append(set, "webhook.url")
		}
	}
	return set
}

// Address returns where the channel goes, without secrets: "smtp.example:587", or a webhook's scheme and host.
func (c ChannelSpec) Address() string {
	switch {
	case c.Email != nil:
		return c.Email.Host + ":" + strconv.Itoa(c.Email.PortOrDefault())
	case c.Webhook != nil:
		scheme, rest, _ := strings.Cut(string(c.Webhook.URL), "://")
		host, _, _ := strings.Cut(rest, "/")
		host, _, _ = strings.Cut(host, "?")
		host, _, _ = strings.Cut(host, "#")
		return scheme + "://" + host[strings.LastIndexByte(host, '@')+1:]
	}
	return ""
}

// minBareSecret is the length from which on the path of a URL is a secret also without its slash. A shorter one, such as
// "hook", may be a word of any sentence.
const minBareSecret = 10

// Redact returns text without what the channel keeps secret, for errors that a receiver or a library has worded.
func (c ChannelSpec) Redact(text string) string {
	var secrets []string
	if c.Email != nil {
		secrets = append(secrets, string(c.Email.Password))
	}
	if w := c.Webhook; w != nil {
		secrets = append(secrets, string(w.URL), string(w.Secret))
		for _, v := range w.Headers {
			secrets = append(secrets, string(v))
		}
		// What follows the host is the part of the URL that may hold a key; a library may tell it by itself.
		if _, path, ok := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(string(w.URL), "https://"), "http://"), "/"); ok {
			if len(path) < minBareSecret {
				path = "/" + path
			}
			secrets = append(secrets, path)
		}
	}
	// The longest first, so that a secret that is part of another one does not spoil it.
	slices.SortFunc(secrets, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for _, s := range secrets {
		if len(s) > 3 {
			text = strings.ReplaceAll(text, s, "[secret]")
		}
	}
	return text
}
