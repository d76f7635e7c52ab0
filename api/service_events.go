package api

import (
	"context"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// EventTriggerService is about triggers that wait for events.
type EventTriggerService interface {
	// Watches returns what the agents say of the folder of a file trigger.
	Watches(ctx context.Context, owner task.Owner, name string) ([]jobserver.ToldWatch, error)
	// Webhook says how a webhook is.
	Webhook(ctx context.Context, owner task.Owner, name string) (task.WebhookState, error)
	// MakeWebhookSecrets makes secrets of a webhook anew; those that were there before hold no more.
	MakeWebhookSecrets(ctx context.Context, owner task.Owner, name string, r task.WebhookSecretsRequest) (task.WebhookSecrets, error)
	// CallWebhook makes an occurrence of a request to an address. NotFound for one that no trigger has, Unauthorized for a
	// wrong signature.
	CallWebhook(ctx context.Context, address string, h task.Headers, body []byte) (task.Occurrence, error)
}
