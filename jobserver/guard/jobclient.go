package guard

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// JobClient is a job's connection to its keeper, over SEGNO_SOCKET. Jobs can do the same with any HTTP client.
type JobClient struct {
	conn net.Conn
	in   *bufio.Reader
}

// DialJob connects to the socket of a job. The deadline of ctx holds for all that is done with the connection.
func DialJob(ctx context.Context, socket string) (*JobClient, error) {
	if socket == "" {
		return nil, errors.New("SEGNO_SOCKET is not set: this works only inside of a run")
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, fmt.Errorf("connect to the job server (SEGNO_SOCKET): %w", err)
	}
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			conn.Close()
			return nil, fmt.Errorf("connect to the job server: %w", err)
		}
	}
	return &JobClient{conn: conn, in: bufio.NewReader(conn)}, nil
}

// Close closes the connection.
func (c *JobClient) Close() error { return c.conn.Close() }

// Progress reports how far the job is: percent is 0 to 100.
func (c *JobClient) Progress(percent float64, message string) error {
	return c.post("/progress", struct {
		Percent float64 `json:"percent"`
		Message string  `json:"message,omitempty"`
	}{percent, message})
}

// Output sets an output value of the run. It is on the job server's disk when Output returns.
func (c *JobClient) Output(name, value string) error {
	return c.post("/output", struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}{name, value})
}

// post sends a request by hand: it takes a fraction of the memory and time of an http.Client, and jobs call it often.
func (c *JobClient) post(path string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.WriteString("POST " + path + " HTTP/1.1\r\nHost: job\r\nContent-Type: application/json\r\nContent-Length: " +
		strconv.Itoa(len(text)) + "\r\n\r\n")
	b.Write(text)
	if _, err := c.conn.Write(b.Bytes()); err != nil {
		return fmt.Errorf("send to the job server: %w", err)
	}
	return c.answer()
}

// Checkpoint hands over a checkpoint of files and folders, and returns nil only once it is durable at the conductor. A
// name that lies below the working directory is kept as it is, of any other its last part. An error of kind
// fault.Conflict says that the checkpoint will never be taken.
func (c *JobClient) Checkpoint(ctx context.Context, of task.Checkpoint, files []string) error {
	query := url.Values{"name": {of.Name}}
	if of.Label != "" {
		query.Set("label", of.Label)
	}
	if of.Instructions != "" {
		query.Set("instructions", of.Instructions)
	}
	out := bufio.NewWriterSize(c.conn, 64<<10)
	_, _ = out.WriteString("POST /checkpoint?" + query.Encode() + " HTTP/1.1\r\nHost: job\r\nContent-Type: application/x-tar\r\n" +
		"Transfer-Encoding: chunked\r\n\r\n")
	body := httputil.NewChunkedWriter(out)
	pieces := bufio.NewWriterSize(body, 64<<10)
	err := archiveFiles(ctx, pieces, files)
	if refused := new(fileError); errors.As(err, &refused) {
		return err // The half-sent request is refused with the end of the connection.
	}
	if err == nil {
		err = errors.Join(pieces.Flush(), body.Close())
	}
	if err == nil {
		_, _ = out.WriteString("\r\n") // Flush has its error.
		err = out.Flush()
	}
	// Where the job server stopped reading, it has said why.
	if answer := c.answer(); err == nil || answer != nil && !errors.Is(answer, errNoAnswer) {
		return answer
	}
	return fmt.Errorf("send to the job server: %w", err)
}

var errNoAnswer = errors.New("read the job server's answer")

// answer reads the answer to a request.
func (c *JobClient) answer() error {
	r, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	defer r.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(r.Body, maxJobBody))
	if err != nil {
		return fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	if r.StatusCode < 300 {
		return nil
	}
	var p struct {
		Detail string `json:"detail"`
	}
	if json.Unmarshal(answer, &p) != nil || p.Detail == "" {
		p.Detail = r.Status
	}
	if r.StatusCode == http.StatusConflict {
		return &conflict{p.Detail}
	}
	return errors.New(p.Detail)
}

// conflict is an answer of kind fault.Conflict that says nothing but what the job server said.
type conflict struct{ detail string }

func (e *conflict) Error() string        { return e.detail }
func (e *conflict) Is(target error) bool { return target == fault.Conflict }
