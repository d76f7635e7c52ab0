package client

import (
	"context"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

// Watches says how the folder of a file trigger is watched, by server.
func (c *Client) Watches(ctx context.Context, owner task.Owner, trigger string) (wire.Page[wire.Watch], error) {
	return get[wire.Page[wire.Watch]](ctx, c, nil, triggerPath(owner, trigger, "watches")...)
}

// Webhook says how the webhook of a trigger is.
func (c *Client) Webhook(ctx context.Context, owner task.Owner, trigger string) (wire.TriggerWebhook, error) {
	return get[wire.TriggerWebhook](ctx, c, nil, triggerPath(owner, trigger, "webhook")...)
}

// MakeWebhookSecrets makes the secrets of a webhook anew. They are shown this once, and the earlier ones hold no more.
func (c *Client) MakeWebhookSecrets(ctx context.Context, owner task.Owner, trigger string, r task.WebhookSecretsRequest) (wire.WebhookSecrets, error) {
	return post[wire.WebhookSecrets](ctx, c, r, triggerPath(owner, trigger, "webhook-secrets")...)
}
