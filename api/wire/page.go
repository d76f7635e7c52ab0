package wire

import "github.com/segno-jobs/segno/internal/page"

// Page is one page of a list.
type Page[T any] struct {
	// Items is never null.
	Items []T `json:"items" doc:"The items of this page." nullable:"false"`
	// NextCursor is null after the last page.
	NextCursor *string `json:"next_cursor" doc:"What to give as cursor for the next page; null after the last one."`
}

// PageOf returns the page p with each item mapped by f.
func PageOf[D, W any](p page.Of[D], f func(D) W) Page[W] {
	out := Page[W]{Items: make([]W, len(p.Items))}
	for i, item := range p.Items {
		out.Items[i] = f(item)
	}
	if p.Next != "" {
		out.NextCursor = &p.Next
	}
	return out
}

// text returns a pointer to s, or nil where s is empty.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// filled returns m, or an empty map in place of nil.
func filled[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		return map[K]V{}
	}
	return m
}

// list returns s, or an empty list in place of nil.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
