//go:build !linux

package main

import "errors"

// keepOrphans fails: job servers run on Linux.
func keepOrphans() error { return errors.New("the demo needs Linux, as job servers do") }

// killTree has nothing to do.
func killTree(int) error { return nil }

// killOrphans has nothing to do.
func killOrphans() error { return nil }
