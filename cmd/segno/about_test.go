package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/segno-jobs/segno/api/wire"
)

// routeAbout answers what the conductor is.
func (f *fakeAPI) routeAbout(mux *http.ServeMux) {
	f.route(mux, "GET /about", func(*http.Request) (any, error) { return f.about, nil })
}

func TestAboutSaysWhatTheConductorIsAndWhatItCannot(t *testing.T) {
	s := newShell(t)
	s.api.about = wire.About{
		Version: "1.2.3", GoVersion: "go1.26", Ready: true, Database: wire.AboutDatabase{Kind: "SQLite", Version: "3.54.1", Schema: 10, Bytes: 3 << 20},
		Checks:     []wire.AboutCheck{{Name: "the database takes changes", OK: true}},
		Conductors: []wire.AboutConductor{{Name: "host-1", Version: "1.2.3", StartedAt: wire.At(noon)}},
	}
	got := s.ok("about")
	for _, want := range []string{"SQLite 3.54.1, 3.0 MiB, schema 10", "host-1 since", "ready        yes"} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%s, want %q in it", got, want)
		}
	}
	s.api.about.Checks[0] = wire.AboutCheck{Name: "the database takes changes", Error: "the disk is full"}
	if got := s.ok("about"); !strings.Contains(got, "not so: the database takes changes (the disk is full)") {
		t.Errorf("got\n%s", got)
	}
}
