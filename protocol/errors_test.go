package protocol

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"connectrpc.com/connect"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/protocol/segnov1/segnov1connect"
)

// refuser answers every call with an error, and remembers the credential that came with it.
type refuser struct {
	segnov1connect.UnimplementedConductorServiceHandler
	err        error
	credential string
}

func (r *refuser) Claim(_ context.Context, req *connect.Request[segnov1.ClaimRequest]) (*connect.Response[segnov1.ClaimResponse], error) {
	r.credential, _ = Credential(req.Header())
	return nil, r.err
}

func (r *refuser) Subscribe(_ context.Context, req *connect.Request[segnov1.SubscribeRequest], s *connect.ServerStream[segnov1.Command]) error {
	r.credential, _ = Credential(req.Header())
	return r.err
}

func serve(t *testing.T, h segnov1connect.ConductorServiceHandler) *httptest.Server {
	mux := http.NewServeMux()
	mux.Handle(segnov1connect.NewConductorServiceHandler(h, HandlerOptions()...))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func TestAnErrorKeepsItsKindOverTheWire(t *testing.T) {
	for _, kind := range []error{
		fault.Invalid, fault.NotFound, fault.Conflict, fault.Fenced, fault.Unauthorized, fault.Forbidden, fault.TooLarge,
		fault.Unavailable,
	} {
		h := &refuser{err: fmt.Errorf("claim run 7: %w", kind)}
		c := NewClient(serve(t, h).URL, "secret")
		defer c.Close()
		_, err := c.Claim(t.Context(), connect.NewRequest(&segnov1.ClaimRequest{}))
		if !errors.Is(err, kind) || !strings.Contains(err.Error(), "claim run 7") {
			t.Errorf("call: got %v, want the kind %v and what was being done", err, kind)
		}
		if h.credential != "secret" {
			t.Errorf("got credential %q with the call, want it sent", h.credential)
		}

		h.credential = ""
		stream, err := c.Subscribe(t.Context(), connect.NewRequest(&segnov1.SubscribeRequest{}))
		if err == nil {
			stream.Receive()
			err = ErrorFromConnect(stream.Err())
			_ = stream.Close()
		}
		if !errors.Is(err, kind) || h.credential != "secret" {
			t.Errorf("stream: got %v with credential %q, want the kind %v", err, h.credential, kind)
		}
	}
}

func TestAnErrorOfNoKindTellsNothingToTheOtherSide(t *testing.T) {
	c := NewClient(serve(t, &refuser{err: errors.New("open /secret/path: broken")}).URL, "")
	defer c.Close()
	_, err := c.Claim(t.Context(), connect.NewRequest(&segnov1.ClaimRequest{}))
	if connect.CodeOf(err) != connect.CodeInternal || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want internal without the cause", err)
	}
}

func TestWhatIsNotImplementedCanBeToldApart(t *testing.T) {
	c := NewClient(serve(t, &refuser{}).URL, "")
	defer c.Close()
	_, err := c.Poll(t.Context(), connect.NewRequest(&segnov1.PollRequest{}))
	if connect.CodeOf(err) != connect.CodeUnimplemented {
		t.Errorf("got %v, want unimplemented", err)
	}
}

func TestTheStreamTellsProxiesNotToHoldItBack(t *testing.T) {
	s := serve(t, &refuser{})
	c := NewClient(s.URL, "")
	defer c.Close()
	stream, err := c.Subscribe(t.Context(), connect.NewRequest(&segnov1.SubscribeRequest{}))
	if err != nil {
		t.Fatal(err)
	}
	stream.Receive()
	if got := stream.ResponseHeader().Get("X-Accel-Buffering"); got != "no" {
		t.Errorf("got X-Accel-Buffering %q, want no", got)
	}
	_ = stream.Close()
}

func TestOnlyARefusalForGoodIsAVerdict(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want segnov1.Verdict
	}{
		{nil, segnov1.Verdict_VERDICT_CLAIMED},
		{fault.Fenced, segnov1.Verdict_VERDICT_FENCED},
		{fault.NotFound, segnov1.Verdict_VERDICT_FENCED},
	} {
		if got, err := VerdictOf(tt.err); got != tt.want || err != nil {
			t.Errorf("%v: got %v, %v, want %v", tt.err, got, err, tt.want)
		}
	}
	if _, err := VerdictOf(fmt.Errorf("commit: %w", fault.Unavailable)); !errors.Is(err, fault.Unavailable) {
		t.Errorf("got %v, want the call to fail while the store is unavailable", err)
	}
}

func TestACredentialIsRead(t *testing.T) {
	for header, want := range map[string]string{"Bearer x": "x", "bearer y": "y", "Basic z": "", "Bearer ": "", "": ""} {
		h := http.Header{}
		h.Set("Authorization", header)
		got, err := Credential(h)
		if got != want || (want == "") != errors.Is(err, fault.Unauthorized) {
			t.Errorf("%q: got %q, %v, want %q", header, got, err, want)
		}
	}
}

func TestAConductorURLIsChecked(t *testing.T) {
	for _, good := range []string{"http://127.0.0.1:7700", "https://segno.example.org/behind/proxy"} {
		if err := CheckURL(good); err != nil {
			t.Errorf("%s: got %v, want no error", good, err)
		}
	}
	for _, bad := range []string{"", "127.0.0.1:7700", "ftp://host", "http://", "http://h?x=1", "http://u:p@h", "http://\x00"} {
		if err := CheckURL(bad); !errors.Is(err, fault.Invalid) {
			t.Errorf("%q: got %v, want %v", bad, err, fault.Invalid)
		}
	}
}
