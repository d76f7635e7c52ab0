package api

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
)

// hooks is the path below which webhooks are called. It is no route of the API: who calls has a secret address in place of
// a token.
const (
	hooks    = "/hooks/"
	hookPath = hooks + "{address}"
)

// How often a webhook may be called, and how often a caller may be refused.
var (
	hookRate    = rate{burst: 60, every: time.Second / 10}
	refusalRate = rate{burst: 30, every: time.Second}
)

// eventTriggerRoutes are the routes of triggers that wait for events, below the path of their owner.
func (h triggerHandlers) eventTriggerRoutes(one, idOf string) []route {
	return []route{
		get(one+"/watches", "list"+idOf+"Watches", h.watches, "Say how the folder of a file trigger is watched, by server").gives(wire.Page[wire.Watch]{}),
		get(one+"/webhook", "get"+idOf+"Webhook", h.webhook, "Say how the webhook of a trigger is").gives(wire.TriggerWebhook{}),
		post(one+"/webhook-secrets", "make"+idOf+"WebhookSecrets", h.makeSecrets, "Make the address of a webhook and its key anew; they are shown this once").keeps(keepSecret).reads(task.WebhookSecretsRequest{}, optional).creates(wire.WebhookSecrets{}),
	}
}

func (h triggerHandlers) watches(c *call) (answer, error) {
	owner, name, err := h.trigger(c)
	if err != nil {
		return answer{}, err
	}
	told, err := h.s.service.Watches(c.ctx(), owner, name)
	if err != nil {
		return answer{}, err
	}
	return ok(wire.PageOf(page.Of[wire.Watch]{Items: mapped(told, wire.WatchOf)}, func(w wire.Watch) wire.Watch { return w }))
}

func mapped[T, W any](all []T, of func(T) W) []W {
	out := make([]W, len(all))
	for i, one := range all {
		out[i] = of(one)
	}
	return out
}

func (h triggerHandlers) webhook(c *call) (answer, error) {
	owner, name, err := h.trigger(c)
	if err != nil {
		return answer{}, err
	}
	state, err := h.s.service.Webhook(c.ctx(), owner, name)
	if err != nil {
		return answer{}, err
	}
	return ok(wire.TriggerWebhookOf(state))
}

func (h triggerHandlers) makeSecrets(c *call) (answer, error) {
	owner, name, err := h.trigger(c)
	if err != nil {
		return answer{}, err
	}
	var in task.WebhookSecretsRequest
	if err := c.readOptional(&in); err != nil {
		return answer{}, err
	}
	made, err := h.s.service.MakeWebhookSecrets(c.ctx(), owner, name, in)
	if err != nil {
		return answer{}, err
	}
	out := wire.WebhookSecrets{SigningKey: made.SigningKey}
	if made.Address != "" {
		out.Path = hooks + made.Address
		if h.s.publicURL != "" {
			out.URL = h.s.publicURL + out.Path
		}
	}
	return answer{status: http.StatusCreated, body: out}, nil
}

// hookRoute is the route of requests to webhooks. [Server.callHook] answers it without what routes of the API have in common.
func (s *Server) hookRoute() route {
	return route{
		method: http.MethodPost, path: hookPath, id: "callWebhook",
		summary: "Start a run by the secret address of a webhook; the body, of up to 1 MiB, is what the trigger's params refer to",
		outside: true, open: true, status: http.StatusAccepted, out: wire.WebhookAnswer{},
		headers: []headerDoc{
			{"X-Hub-Signature-256", "With the signature github: sha256= and the HMAC-SHA256 of the body."},
			{"X-GitHub-Delivery", "With the signature github or none: the id of the delivery. The same one is answered with the same run."},
			{"Webhook-Id", "With the signature standard or none: the id of the delivery."},
			{"Webhook-Timestamp", "With the signature standard: seconds since 1970, at most 5 minutes from now."},
			{"Webhook-Signature", "With the signature standard: v1, and the HMAC-SHA256 of id, time and body."},
			{"Idempotency-Key", "With the signature none: the id of the delivery."},
		},
		refuses: []int{http.StatusUnauthorized, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity, http.StatusTooManyRequests},
	}
}

// callHook is POST /hooks/{address}: a request that starts a run.
func (s *Server) callHook(e echo.Context) error {
	const pattern = http.MethodPost + " " + hookPath
	start, w := s.now(), e.Response().Writer
	apiHeaders(w.Header())
	c := &call{w: w, r: e.Request(), path: e, limit: task.MaxWebhookBody}
	a, err := s.hook(c)
	var status int
	if err != nil {
		status = s.fail(w, c.r, pattern, err)
	} else {
		status = s.write(c, a, pattern)
	}
	s.done(c.r, pattern, status, s.now().Sub(start))
	return nil
}

func (s *Server) hook(c *call) (answer, error) {
	address, from := c.path.Param("address"), caller(c.r)
	if wait := s.refusals.spent(from, s.now()); wait > 0 {
		return answer{}, tooOften(c.w, wait)
	}
	if len(address) > 128 {
		return answer{}, fmt.Errorf("no webhook has this address: %w", fault.NotFound)
	}
	if wait := s.hookCalls.take(address, s.now()); wait > 0 {
		return answer{}, tooOften(c.w, wait)
	}
	body, err := c.bytes()
	if err != nil {
		return answer{}, err
	}
	made, err := s.service.CallWebhook(c.ctx(), address, c.r.Header, body)
	if errors.Is(err, fault.NotFound) || errors.Is(err, fault.Unauthorized) {
		s.refusals.take(from, s.now())
	}
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusAccepted, body: wire.WebhookAnswerOf(made)}, nil
}

// caller is the host that a request comes from.
func caller(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// tooOften refuses a request and says when to come again.
func tooOften(w http.ResponseWriter, wait time.Duration) error {
	w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
	return &refusal{
		status: http.StatusTooManyRequests, slug: "too-many-requests", title: "Too many requests",
		detail: "this address is called too often; see the header Retry-After",
	}
}
