//go:build !linux

package main

import "io"

// hideInput leaves the terminal as it is.
func hideInput(io.Reader) (restore func()) { return func() {} }

// columns returns the width that every terminal has.
func columns(io.Writer) int { return 80 }

// rows returns the height that every terminal has.
func rows(io.Writer) int { return 24 }
