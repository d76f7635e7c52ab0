package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/internal/version"
)

const (
	defaultConductor = "http://127.0.0.1:7700"
	envConductor     = "SEGNO_CONDUCTOR"
	envToken         = "SEGNO_TOKEN"
	// maxToken is more bytes than a token has.
	maxToken = 16 << 10
)

// connection is which conductor to call, and as whom. It is what `segno login` saves.
type connection struct {
	Conductor string `yaml:"conductor"`
	Token     string `yaml:"token"`
}

// connection returns the conductor and the token by flags, environment and context, in this order. The saved token
// goes to the conductor that it was saved for and to no other.
func (a *app) connection() (connection, error) {
	saved, err := a.readContext()
	if err != nil {
		return connection{}, err
	}
	c := connection{
		Conductor: first(a.conductor, a.getenv(envConductor), saved.Conductor, defaultConductor),
		Token:     first(a.token, a.getenv(envToken)),
	}
	if c.Token == "" && sameURL(c.Conductor, saved.Conductor) {
		c.Token = saved.Token
	}
	return c, nil
}

// origin says where the address of the conductor comes from.
func (a *app) origin() string {
	saved, err := a.readContext()
	switch {
	case a.conductor != "":
		return "--conductor"
	case a.getenv(envConductor) != "":
		return envConductor
	case err == nil && saved.Conductor != "":
		return `"segno login"`
	}
	return "the default; name another with --conductor, " + envConductor + ` or "segno login"`
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func sameURL(a, b string) bool { return strings.TrimRight(a, "/") == strings.TrimRight(b, "/") }

func (a *app) contextFile() string { return filepath.Join(a.configDir, "segno", "context.yaml") }

// readContext returns what was saved; nothing where nothing was.
func (a *app) readContext() (connection, error) {
	var c connection
	if a.configDir == "" {
		return c, nil
	}
	text, err := os.ReadFile(a.contextFile())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return c, nil
	case err != nil:
		return c, fmt.Errorf("read the saved login: %w", err)
	}
	if err := yaml.Unmarshal(text, &c); err != nil {
		return c, fmt.Errorf("read the saved login in %s: %w", a.contextFile(), err)
	}
	return c, nil
}

// writeContext saves the login for this user alone. A reader sees the old file or the new one.
func (a *app) writeContext(c connection) error {
	if a.configDir == "" {
		return errors.New("save the login: this user has no folder for configuration ($HOME is not set)")
	}
	text, err := yaml.Marshal(c)
	if err != nil {
		return fmt.Errorf("save the login: %w", err)
	}
	file := a.contextFile()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fmt.Errorf("save the login: %w", err)
	}
	// A temporary file is made with mode 0600.
	f, err := os.CreateTemp(filepath.Dir(file), ".context-*")
	if err != nil {
		return fmt.Errorf("save the login: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("save the login: %w", err)
	}
	if err := os.Rename(f.Name(), file); err != nil {
		return fmt.Errorf("save the login: %w", err)
	}
	return nil
}

func newLoginCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "login", Short: "Save which conductor to call, and the token", Args: cobra.NoArgs,
		Long: `login tries the conductor and the token, and saves both in the user's configuration folder, readable by this user
alone. The token is asked for, or read from standard input, unless --token or SEGNO_TOKEN gives it.`,
		Example: `  segno login --conductor http://127.0.0.1:7700
  segno login --conductor http://127.0.0.1:7700 <data/admin-token`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.login(cmd.Context()) },
	}
}

func (a *app) login(ctx context.Context) error {
	saved, err := a.readContext()
	if err != nil {
		return err
	}
	login := connection{
		Conductor: first(a.conductor, a.getenv(envConductor), saved.Conductor, defaultConductor),
		Token:     first(a.token, a.getenv(envToken)),
	}
	if login.Token == "" {
		if login.Token, err = a.askToken(login.Conductor); err != nil {
			return err
		}
	}
	c, err := client.New(login.Conductor, login.Token, client.Options{UserAgent: "segno/" + version.Version})
	if err != nil {
		return usage(err)
	}
	session, err := c.Session(ctx)
	if err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	if err := a.writeContext(login); err != nil {
		return err
	}
	answer := map[string]string{"conductor": login.Conductor, "by": session.By, "file": a.contextFile()}
	return a.print(answer, func() {
		a.printf("Signed in to %s as %s. Saved in %s.\n", login.Conductor, printable(session.By), a.contextFile())
	})
}

// askToken reads a token from standard input, without showing it on a terminal.
func (a *app) askToken(conductor string) (string, error) {
	if a.inTerminal {
		fmt.Fprintf(a.err, "Token for %s: ", conductor)
		restore := hideInput(a.in)
		defer func() {
			restore()
			fmt.Fprintln(a.err)
		}()
	}
	line, err := bufio.NewReader(io.LimitReader(a.in, maxToken)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the token: %w", err)
	}
	token := strings.TrimSpace(line)
	if token == "" {
		return "", usagef("no token was given; the conductor writes that of its first start to admin-token in its data folder")
	}
	return token, nil
}

func newLogoutCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "logout", Short: "Forget what login saved", Example: "  segno logout", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			err := os.Remove(a.contextFile())
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("forget the login: %w", err)
			}
			return nil
		},
	}
}
