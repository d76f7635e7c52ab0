package store_test

import (
	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/store"
)

var _ conductor.Store = (*store.DB)(nil)
