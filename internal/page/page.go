// Package page holds the shape of a list that is read a page at a time.
package page

// Limits on how many items one page may have.
const (
	DefaultLimit = 50
	MaxLimit     = 500
)

// Request asks for one page. The zero value asks for the first page of DefaultLimit items.
type Request struct {
	// Limit is the most items to return, 1 to MaxLimit; 0 means DefaultLimit.
	Limit int
	// Cursor is Of.Next of the page before, or empty for the first page. It is opaque.
	Cursor string
}

// Size returns Limit brought into its range.
func (r Request) Size() int {
	switch {
	case r.Limit <= 0:
		return DefaultLimit
	case r.Limit > MaxLimit:
		return MaxLimit
	}
	return r.Limit
}

// Of is one page of a list.
type Of[T any] struct {
	Items []T
	// Next is the cursor of the following page; it is empty after the last one.
	Next string
}
