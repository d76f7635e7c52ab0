package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/segno-jobs/segno/notification"
	"github.com/segno-jobs/segno/task"
)

// Channel is a notification channel as a file has it: that of the API, except that a secret may be the name of an
// environment variable or of a file in place of itself.
type Channel struct {
	Name        string        `json:"name"`
	Description string        `json:"description"`
	Email       *Email        `json:"email"`
	Webhook     *Webhook      `json:"webhook"`
	Paused      bool          `json:"paused"`
	MaxAge      task.Duration `json:"max_age"`
	MaxTries    int           `json:"max_tries"`
}

// Email is a channel to mailboxes.
type Email struct {
	Host     string                `json:"host"`
	Port     int                   `json:"port"`
	Security notification.Security `json:"security"`
	Username string                `json:"username"`
	Password Secret                `json:"password"`
	From     string                `json:"from"`
	To       []string              `json:"to"`
}

// Webhook is a channel to an HTTP server.
type Webhook struct {
	URL     Secret              `json:"url"`
	Format  notification.Format `json:"format"`
	Secret  Secret              `json:"secret"`
	Headers map[string]Secret   `json:"headers"`
}

// Secret is a text, or where it is: {env: NAME} or {file: path}, the path from the folder of the document.
type Secret struct {
	text, env, file string
}

// maxSecretFile is the largest file that holds a secret.
const maxSecretFile = 64 << 10

// UnmarshalJSON reads a string, or an object with either env or file.
func (s *Secret) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		*s = Secret{text: text}
		return nil
	}
	var where map[string]string
	if err := json.Unmarshal(data, &where); err != nil || len(where) != 1 || where["env"] == "" && where["file"] == "" {
		return errors.New("a secret is a text, {env: NAME} or {file: path}")
	}
	*s = Secret{env: where["env"], file: where["file"]}
	return nil
}

// ParseSecret reads a secret as a flag has it: env:NAME, file:path or, of the standard input, a dash.
func ParseSecret(text string, stdin io.Reader, getenv func(string) string) (notification.Secret, error) {
	kind, where, _ := strings.Cut(text, ":")
	switch {
	case text == "-":
		data, err := io.ReadAll(io.LimitReader(stdin, maxSecretFile))
		return notification.Secret(strings.TrimRight(string(data), "\r\n")), err
	case kind == "env" && where != "":
		return Secret{env: where}.read("", getenv)
	case kind == "file" && where != "":
		return Secret{file: where}.read("", getenv)
	}
	return "", errors.New("where a secret is, is said as env:NAME, file:PATH or - for standard input")
}

// read returns the secret itself. A line break at the end of a file does not belong to it.
func (s Secret) read(folder string, getenv func(string) string) (notification.Secret, error) {
	switch {
	case s.env != "":
		value := getenv(s.env)
		if value == "" {
			return "", fmt.Errorf("the environment variable %s is not set", s.env)
		}
		return notification.Secret(value), nil
	case s.file != "":
		path := s.file
		if !filepath.IsAbs(path) {
			path = filepath.Join(folder, path)
		}
		f, err := os.Open(path)
		if err != nil {
			return "", fmt.Errorf("read a secret: %w", err)
		}
		defer func() { _ = f.Close() }()
		data, err := io.ReadAll(io.LimitReader(f, maxSecretFile))
		if err != nil {
			return "", fmt.Errorf("read a secret: %w", err)
		}
		return notification.Secret(strings.TrimRight(string(data), "\r\n")), nil
	}
	return notification.Secret(s.text), nil
}

// Spec returns the channel with its secrets, which are read from where the document says. An error names the line.
func (d Document) Spec(getenv func(string) string) (notification.ChannelSpec, error) {
	c, folder := d.Channel, filepath.Dir(d.File)
	spec := notification.ChannelSpec{
		Name: c.Name, Description: c.Description, Paused: c.Paused, MaxAge: c.MaxAge, MaxTries: c.MaxTries,
	}
	var errs []error
	read := func(field string, s Secret) notification.Secret {
		value, err := s.read(folder, getenv)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %s: %w", d.Where(field), field, err))
		}
		return value
	}
	if e := c.Email; e != nil {
		spec.Email = &notification.Email{
			Host: e.Host, Port: e.Port, Security: e.Security, Username: e.Username, Password: read("email.password", e.Password),
			From: e.From, To: e.To,
		}
	}
	if w := c.Webhook; w != nil {
		spec.Webhook = &notification.Webhook{URL: read("webhook.url", w.URL), Format: w.Format, Secret: read("webhook.secret", w.Secret)}
		for name, s := range w.Headers {
			if spec.Webhook.Headers == nil {
				spec.Webhook.Headers = map[string]notification.Secret{}
			}
			spec.Webhook.Headers[name] = read("webhook.headers."+name, s)
		}
	}
	return spec, errors.Join(errs...)
}
