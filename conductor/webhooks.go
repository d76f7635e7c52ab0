package conductor

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// WebhookStore keeps the secrets of webhooks: of an address its hash alone.
type WebhookStore interface {
	// SetWebhook stores the hash of a webhook's address and the key of its signature, each where it is not empty, in place of
	// the earlier ones. NotFound without the trigger.
	SetWebhook(ctx context.Context, owner task.Owner, name, addressHash, key string, now time.Time) error
	// WebhookByAddress returns the trigger whose address has the hash, and its key.
	WebhookByAddress(ctx context.Context, addressHash string) (d task.DueTrigger, key string, err error)
	// Webhook says how a webhook is; the zero value before its address was made.
	Webhook(ctx context.Context, owner task.Owner, name string) (task.WebhookState, error)
	// RefuseWebhook counts a request whose signature was wrong.
	RefuseWebhook(ctx context.Context, owner task.Owner, name string, now time.Time) error
}

// MakeWebhookSecrets makes a new address for a webhook, unless keepAddress is set, and a new key for its signature: the
// given one, else a random one unless keepKey is set. What was there before holds no more. What is made is returned this
// once.
func (c *Conductor) MakeWebhookSecrets(ctx context.Context, owner task.Owner, name string, r task.WebhookSecretsRequest) (task.WebhookSecrets, error) {
	store, err := c.eventTriggers()
	if err != nil {
		return task.WebhookSecrets{}, err
	}
	d, err := store.EventTrigger(ctx, owner, name)
	if err != nil {
		return task.WebhookSecrets{}, err
	}
	if d.Trigger.Webhook == nil {
		return task.WebhookSecrets{}, fmt.Errorf("the trigger %s is no webhook, but of the kind %s: %w", name, d.Trigger.Kind(), fault.Conflict)
	}
	if err := r.Validate(); err != nil {
		return task.WebhookSecrets{}, err
	}
	var made task.WebhookSecrets
	hash := ""
	if !r.KeepAddress {
		made.Address = newSecret()
		hash = hashSecret(made.Address)
	}
	switch {
	case r.SigningKey != "":
		made.SigningKey = r.SigningKey
	case d.Trigger.Webhook.Signed() && !r.KeepSigningKey:
		var b [32]byte
		_, _ = rand.Read(b[:]) // it never fails
		made.SigningKey = task.WebhookKeyOf(b[:])
	}
	if err := store.SetWebhook(ctx, owner, name, hash, made.SigningKey, c.now()); err != nil {
		return task.WebhookSecrets{}, err
	}
	c.watch.eventsChanged()
	return made, nil
}

// Webhook says how a webhook is.
func (c *Conductor) Webhook(ctx context.Context, owner task.Owner, name string) (task.WebhookState, error) {
	store, err := c.eventTriggers()
	if err != nil {
		return task.WebhookState{}, err
	}
	return store.Webhook(ctx, owner, name)
}

// CallWebhook makes an occurrence of a request to a webhook's address, and returns it as it is stored. The same delivery
// gives the same one again. NotFound for an address that no trigger has, Unauthorized for a wrong signature.
func (c *Conductor) CallWebhook(ctx context.Context, address string, h task.Headers, body []byte) (task.Occurrence, error) {
	store, err := c.eventTriggers()
	if err != nil {
		return task.Occurrence{}, err
	}
	d, key, err := store.WebhookByAddress(ctx, hashSecret(address))
	if errors.Is(err, fault.NotFound) {
		return task.Occurrence{}, fmt.Errorf("no webhook has this address: %w", fault.NotFound)
	}
	if err != nil {
		return task.Occurrence{}, err
	}
	now := c.now()
	delivery, err := verified(d.Trigger, key, h, body, now)
	if errors.Is(err, fault.Unauthorized) {
		c.metrics.refusedHooks.Inc()
		c.log.Warn("a request to a webhook had a wrong signature", "owner", d.Trigger.Owner, "trigger", d.Trigger.Name, "error", err)
		return task.Occurrence{}, errors.Join(err, store.RefuseWebhook(ctx, d.Trigger.Owner, d.Trigger.Name, now))
	}
	if err != nil {
		return task.Occurrence{}, err
	}
	event := "delivery " + delivery
	if delivery == "" {
		event = "request " + newSecret()[:22]
	}
	made, err := c.settleEvent(d, happening{
		event: event, at: now, values: task.NewBodyValues(body),
		cause: task.Cause{Kind: task.CauseTrigger, By: d.Trigger.Name},
	})
	if err != nil {
		return task.Occurrence{}, err
	}
	hs := []task.Happening{made}
	stored, errs := store.Happen(ctx, hs, now)
	if errs[0] != nil {
		return task.Occurrence{}, errs[0]
	}
	c.happened(ctx, hs, stored)
	return stored[0], nil
}

// verified checks the signature of a request, where one is asked for.
func verified(t task.Trigger, key string, h task.Headers, body []byte, now time.Time) (delivery string, err error) {
	if t.Webhook.Signed() && key == "" {
		return "", fmt.Errorf("the trigger asks for a signature, and has no key for it yet: %w", fault.Unauthorized)
	}
	return t.Webhook.Verify(key, h, body, now)
}
