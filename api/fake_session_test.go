package api_test

import (
	"context"
	"fmt"
	"sync"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/signin"
)

// browsers is the part of the fake that keeps sessions.
type browsers struct {
	signedIn sync.Map // signin.Session by its key
	// unreadable is returned instead of sessions if it is set.
	unreadable error
}

func (f *browsers) BeginSession(_ context.Context, s signin.Session) error {
	if f.unreadable == nil {
		f.signedIn.Store(s.Key, s)
	}
	return f.unreadable
}

func (f *browsers) Session(_ context.Context, key string) (signin.Session, error) {
	if f.unreadable != nil {
		return signin.Session{}, f.unreadable
	}
	if s, found := f.signedIn.Load(key); found {
		return s.(signin.Session), nil
	}
	return signin.Session{}, fmt.Errorf("there is no such session: %w", fault.NotFound)
}

func (f *browsers) EndSession(_ context.Context, key string) error {
	f.signedIn.Delete(key)
	return nil
}
