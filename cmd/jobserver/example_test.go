package main

import (
	"testing"

	"github.com/segno-jobs/segno/internal/config"
	"github.com/segno-jobs/segno/internal/config/configtest"
)

func TestTheExampleConfigurationIsTrue(t *testing.T) {
	s := defaultSettings()
	configtest.Example(t, config.Bind(envPrefix, &s), "../../deploy/jobserver.yaml")
}
