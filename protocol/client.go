package protocol

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/protocol/segnov1/segnov1connect"
)

// Client is an agent's way to one conductor. Errors are of the kinds of package fault.
type Client struct {
	segnov1connect.ConductorServiceClient
	http *http.Client
}

// NewClient returns a client of the conductor at a base URL such as "http://127.0.0.1:7700". The credential is sent
// with every call; it is empty only for Join. Nothing is dialled before the first call.
func NewClient(baseURL, credential string) *Client {
	c := &http.Client{Transport: whole{&http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:   5 * time.Second,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true,
		MaxIdleConnsPerHost:   4,
		IdleConnTimeout:       90 * time.Second,
		ResponseHeaderTimeout: PollWait + CallTimeout,
		WriteBufferSize:       32 << 10,
	}}}
	return &Client{
		http: c,
		ConductorServiceClient: segnov1connect.NewConductorServiceClient(c, baseURL,
			connect.WithInterceptors(bearer(credential)),
			connect.WithReadMaxBytes(MaxMessage),
			connect.WithSendMaxBytes(MaxMessage),
			connect.WithAcceptCompression("gzip", nil, nil),
		),
	}
}

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// bearer sends a credential with every call, and gives errors their kind.
type bearer string

func (b bearer) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		b.sign(req.Header())
		res, err := next(ctx, req)
		return res, ErrorFromConnect(err)
	}
}

func (b bearer) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return func(ctx context.Context, spec connect.Spec) connect.StreamingClientConn {
		conn := next(ctx, spec)
		b.sign(conn.RequestHeader())
		return conn
	}
}

func (b bearer) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}

func (b bearer) sign(h http.Header) {
	if b != "" {
		h.Set("Authorization", "Bearer "+string(b))
	}
}

// Credential returns the credential that a call carries, or fault.Unauthorized.
func Credential(h http.Header) (string, error) {
	scheme, credential, ok := strings.Cut(h.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || credential == "" {
		return "", errNoCredential
	}
	return credential, nil
}

var errNoCredential = connect.NewError(connect.CodeUnauthenticated, fault.Unauthorized)

// CheckURL refuses what cannot be the base URL of a conductor with a sentence that says why.
func CheckURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return fault.Field("conductor", "must be a URL such as http://127.0.0.1:7700: %q", s)
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return fault.Field("conductor", "must be a URL that begins with http:// or https://: %q", s)
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return fault.Field("conductor", "must be a URL without user, query and fragment: %q", s)
	}
	return nil
}
