package virtualserver_test

import (
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/virtualserver"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// candidate is an idle server of four cores, 16 GiB, eight slots and power 1, with a fresh sample.
func candidate(name string, changes ...func(*virtualserver.Candidate)) virtualserver.Candidate {
	c := virtualserver.Candidate{
		Server: jobserver.Server{
			Name: name, Kind: jobserver.KindJob, Mode: jobserver.Active, State: jobserver.Online,
			Slots: 8, Power: 1, LastSeen: noon.Add(-time.Second),
			Sample: &jobserver.Sample{
				At: noon.Add(-time.Second), CPUs: 4, CPUIdle: 1,
				MemoryTotal: 16 << 30, MemoryAvailable: 14 << 30, SwapTotal: 2 << 30, SwapFree: 2 << 30,
				DiskTotal: 100 << 30, DiskFree: 50 << 30,
			},
		},
		SampleAge: time.Second,
	}
	for _, change := range changes {
		change(&c)
	}
	return c
}
