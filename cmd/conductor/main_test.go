package main

import (
	"testing"

	"github.com/segno-jobs/segno/internal/systemtest"
)

func TestMain(m *testing.M) { systemtest.Main(m) }
