package notify

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// smtpServer is a mail server that keeps what it is given.
type smtpServer struct {
	listener net.Listener
	// tls is offered as STARTTLS, or spoken from the first byte where implicit is set. Nil offers none.
	tls      *tls.Config
	implicit bool
	// user and password, where they are set, are asked for.
	user, password string
	// refuse answers a command that begins with its key, such as "RCPT TO:<a@b.c>", with its value.
	refuse map[string]string
	// dropAfter closes the connection after the letter was taken, before the client says goodbye.
	dropAfter bool

	mu      sync.Mutex
	letters []letter
	clear   []string
	wait    sync.WaitGroup
}

type letter struct {
	from, content string
	to            []string
	secure        bool
}

func (s *smtpServer) start(t *testing.T) {
	t.Helper()
	var err error
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	s.wait.Go(func() {
		for {
			conn, err := s.listener.Accept()
			if err != nil {
				return
			}
			s.wait.Go(func() {
				defer conn.Close()
				s.serve(conn)
			})
		}
	})
	t.Cleanup(func() { _ = s.listener.Close(); s.wait.Wait() })
}

func (s *smtpServer) port() int {
	_, port, _ := net.SplitHostPort(s.listener.Addr().String())
	n, _ := strconv.Atoi(port)
	return n
}

func (s *smtpServer) got() []letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]letter(nil), s.letters...)
}

// inClear returns the lines that came unencrypted.
func (s *smtpServer) inClear() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.clear, "\n")
}

func (s *smtpServer) serve(conn net.Conn) {
	secure := s.implicit
	if s.implicit {
		conn = tls.Server(conn, s.tls)
	}
	lines := bufio.NewReader(conn)
	say := func(format string, args ...any) { fmt.Fprintf(conn, format+"\r\n", args...) }
	read := func() (string, bool) {
		line, err := lines.ReadString('\n')
		if !secure {
			s.mu.Lock()
			s.clear = append(s.clear, line)
			s.mu.Unlock()
		}
		return strings.TrimRight(line, "\r\n"), err == nil
	}
	say("220 test")
	authorized, now := s.user == "", letter{}
	for {
		line, ok := read()
		if !ok {
			return
		}
		if answer, refused := s.refusal(line); refused {
			say("%s", answer)
			continue
		}
		verb, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			say("250-test")
			if s.tls != nil && !secure {
				say("250-STARTTLS")
			}
			if s.user != "" && secure {
				say("250-AUTH PLAIN")
			}
			say("250 8BITMIME")
		case "STARTTLS":
			say("220 go on")
			conn = tls.Server(conn, s.tls)
			lines, secure = bufio.NewReader(conn), true
		case "AUTH":
			given, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(rest, "PLAIN "))
			if authorized = string(given) == "\x00"+s.user+"\x00"+s.password; !authorized {
				say("535 no: %s", given)
				continue
			}
			say("235 welcome")
		case "MAIL":
			if !authorized {
				say("530 who are you")
				continue
			}
			now = letter{from: rest, secure: secure}
			say("250 ok")
		case "RCPT":
			now.to = append(now.to, rest)
			say("250 ok")
		case "DATA":
			say("354 go on")
			for {
				line, ok := read()
				if !ok {
					return
				}
				if line == "." {
					break
				}
				now.content += line + "\n"
			}
			s.mu.Lock()
			s.letters = append(s.letters, now)
			s.mu.Unlock()
			say("250 taken")
			if s.dropAfter {
				return
			}
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (s *smtpServer) refusal(line string) (string, bool) {
	for prefix, answer := range s.refuse {
		if strings.HasPrefix(line, prefix) {
			return answer, true
		}
	}
	return "", false
}
