package memstore_test

import (
	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/sim/memstore"
)

var _ conductor.Store = (*memstore.Store)(nil)
