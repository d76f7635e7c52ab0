//go:build !linux

package main

import "errors"

// keepOrphans fails: job servers run on Linux.
func keepOrphans() error { return errors.New("the demo needs Linux, as job servers do") }

// killOrphans has nothing to do.
func killOrphans() error { return nil }
