package main

import (
	"testing"

	"github.com/segno-jobs/segno/internal/config/configtest"
)

func TestTheExampleConfigurationIsTrue(t *testing.T) {
	_, bound := bindSettings()
	configtest.Example(t, bound, "../../deploy/conductor.yaml")
}
