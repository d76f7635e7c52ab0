package store

import "sync"

// memoized is how many texts a memo holds; one that is full begins anew.
const memoized = 4096

// memo keeps what stored texts say, so that one that is read again and again is decoded once: those of triggers at each of
// their ticks. It cannot be out of date, as what a text says never changes. Its zero value is empty.
type memo[T any] struct {
	mu    sync.Mutex
	known map[string]T
}

// decode returns what text says, as the function of this name does. The result is shared: nothing in it may be changed.
func (m *memo[T]) decode(text, what, name string) (T, error) {
	m.mu.Lock()
	v, found := m.known[text]
	m.mu.Unlock()
	if found {
		return v, nil
	}
	if err := decode(text, &v, what, name); err != nil {
		return v, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil || len(m.known) >= memoized {
		m.known = map[string]T{}
	}
	m.known[text] = v
	return v, nil
}
