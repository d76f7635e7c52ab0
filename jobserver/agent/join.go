package agent

import (
	"context"
	"errors"
	"fmt"
	"os"

	"connectrpc.com/connect"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/protocol"
)

// JoinOptions are what a host joins with.
type JoinOptions struct {
	Data  string
	Token string
	// Conductors are base URLs; the first that answers is asked.
	Conductors []string
	// Server has the name, kind, labels, slots, power and agent version.
	Server jobserver.Server
	// Force replaces an identity that the folder has already.
	Force bool
}

// Validate returns nil if a conductor may be asked with the options, else all their faults.
func (o JoinOptions) Validate() error {
	var found []error
	if o.Token == "" {
		found = append(found, fault.Field("token", "must not be empty"))
	}
	if len(o.Conductors) == 0 {
		found = append(found, fault.Field("conductor", "must not be empty"))
	}
	for _, url := range o.Conductors {
		found = append(found, protocol.CheckURL(url))
	}
	return errors.Join(append(found, o.Server.WithDefaults().Validate())...)
}

// Join enrols this host and writes its identity into the data folder. It is fault.Conflict where the folder has an
// identity already, and fault.Forbidden where the conductor refuses the token. The folder is tried before the token is
// used up.
func Join(ctx context.Context, o JoinOptions) (Identity, error) {
	if err := o.Validate(); err != nil {
		return Identity{}, err
	}
	if id, err := LoadIdentity(o.Data); !errors.Is(err, fault.NotFound) && !o.Force {
		if err != nil {
			return Identity{}, fmt.Errorf("the folder %s has an identity that cannot be read; replace it with --force: %w", o.Data, err)
		}
		return Identity{}, fmt.Errorf("the folder %s belongs to the job server %s already; replace it with --force: %w",
			o.Data, id.Name, fault.Conflict)
	}
	if err := tryFolder(o.Data); err != nil {
		return Identity{}, err
	}

	hostname, _ := os.Hostname()
	req := protocol.JoinToProto(o.Token, hostname, o.Server.WithDefaults())
	var failures []error
	for _, url := range o.Conductors {
		client := protocol.NewClient(url, "")
		callCtx, cancel := callContext(ctx)
		res, err := client.Join(callCtx, connect.NewRequest(req))
		cancel()
		client.Close()
		if errors.Is(err, fault.Unavailable) || errors.Is(err, context.DeadlineExceeded) {
			failures = append(failures, fmt.Errorf("join at %s: %w", url, err))
			continue
		}
		if err != nil {
			return Identity{}, fmt.Errorf("join at %s: %w", url, err)
		}
		id := Identity{
			Name: res.Msg.GetName(), Credential: res.Msg.GetCredential(), Conductors: o.Conductors,
			Slots: o.Server.WithDefaults().Slots,
		}
		return id, id.Save(o.Data)
	}
	return Identity{}, errors.Join(failures...)
}

// tryFolder makes the data folder and sees whether it can be written to.
func tryFolder(data string) error {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	f, err := os.CreateTemp(data, ".try-*")
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
