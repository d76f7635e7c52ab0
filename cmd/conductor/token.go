package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const tokenFile = "admin-token"

// adminToken returns the administrator's token. At the first start it makes one and writes it to the data folder.
func adminToken(data string) (token string, isNew bool, err error) {
	path := filepath.Join(data, tokenFile)
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		token, err = writeToken(path)
		return token, err == nil, err
	case err != nil:
		return "", false, fmt.Errorf("read the admin token: %w", err)
	}
	token = strings.TrimSpace(string(text))
	if len(token) < 32 {
		return "", false, fmt.Errorf("the admin token in %s has fewer than 32 characters; delete the file to get a new one", path)
	}
	return token, false, nil
}

// writeToken makes a new token, and puts it in the place of an older one in one step.
func writeToken(path string) (string, error) {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // crypto/rand.Read never fails
	token := base64.RawURLEncoding.EncodeToString(secret[:])
	f, err := os.CreateTemp(filepath.Dir(path), ".admin-token-*")
	if err != nil {
		return "", fmt.Errorf("write the admin token: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, writeErr := f.WriteString(token + "\n")
	if err := errors.Join(writeErr, f.Sync(), f.Close()); err != nil {
		return "", fmt.Errorf("write the admin token: %w", err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return "", fmt.Errorf("write the admin token: %w", err)
	}
	return token, nil
}
