package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/protocol"
)

// Identity is who a job server is. It is kept in its data folder, for its owner's eyes only.
type Identity struct {
	Name string `json:"name"`
	// Credential is the secret that the conductor gave when the host joined.
	Credential string `json:"credential"`
	// Conductors are the base URLs of the conductors, in the order in which they are tried.
	Conductors []string `json:"conductors"`
	// Slots is what the host joined with.
	Slots int `json:"slots,omitempty"`
}

const identityFile = "identity.json"

// Validate returns nil if an agent can work with the identity.
func (id Identity) Validate() error {
	var found []error
	if id.Name == "" {
		found = append(found, fault.Field("name", "must not be empty"))
	}
	if id.Credential == "" {
		found = append(found, fault.Field("credential", "must not be empty"))
	}
	if len(id.Conductors) == 0 {
		found = append(found, fault.Field("conductor", "must not be empty"))
	}
	for _, url := range id.Conductors {
		found = append(found, protocol.CheckURL(url))
	}
	return errors.Join(found...)
}

// LoadIdentity reads the identity of a data folder. It is fault.NotFound where the host has not joined yet.
func LoadIdentity(data string) (Identity, error) {
	var id Identity
	path := filepath.Join(data, identityFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return id, fmt.Errorf("%s does not exist; enrol this host first with: jobserver join: %w", path, fault.NotFound)
	}
	if err != nil {
		return id, fmt.Errorf("read identity: %w", err)
	}
	if err := json.Unmarshal(text, &id); err != nil {
		return id, fmt.Errorf("read identity %s: %w: %w", path, fault.Malformed, err)
	}
	if err := id.Validate(); err != nil {
		return id, fmt.Errorf("read identity %s: %w", path, err)
	}
	return id, nil
}

// Save writes the identity into a data folder, which is made where it does not exist. After an error, or a crash, the
// earlier identity is still there.
func (id Identity) Save(data string) error {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return fmt.Errorf("save identity: %w", err)
	}
	text, err := json.MarshalIndent(id, "", "  ")
	if err != nil {
		return fmt.Errorf("save identity: %w", err)
	}
	if err := replaceFile(filepath.Join(data, identityFile), append(text, '\n')); err != nil {
		return fmt.Errorf("save identity: %w", err)
	}
	return nil
}

// replaceFile writes a file that only its owner may read, all of it or nothing, durably.
func replaceFile(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // CreateTemp makes it 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // in vain once it was renamed
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
