package jobserver_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
)

func TestAServerWithDefaultsIsValid(t *testing.T) {
	s := jobserver.Server{Name: "js-1"}.WithDefaults()
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
	if s.Kind != jobserver.KindJob || s.Mode != jobserver.Active || s.State != jobserver.NeverSeen || s.Slots != 8 || s.Power != 1 {
		t.Errorf("got %+v, want the documented defaults", s)
	}
	if s.Patience() != 120*time.Second {
		t.Errorf("patience: got %s, want 120s", s.Patience())
	}
}

func TestAServerIsRefusedWithTheFieldOfTheAPI(t *testing.T) {
	for _, c := range []struct {
		field  string
		change func(s *jobserver.Server)
	}{
		{"name", func(s *jobserver.Server) { s.Name = "js/1" }},
		{"description", func(s *jobserver.Server) { s.Description = strings.Repeat("x", jobserver.MaxDescription+1) }},
		{"reason", func(s *jobserver.Server) { s.Reason = "\x00" }},
		{"labels.a b", func(s *jobserver.Server) { s.Labels = map[string]string{"a b": ""} }},
		{"labels.", func(s *jobserver.Server) { s.Labels = map[string]string{"": "x"} }},
		{"kind", func(s *jobserver.Server) { s.Kind = "vm" }},
		{"mode", func(s *jobserver.Server) { s.Mode = "on" }},
		{"slots", func(s *jobserver.Server) { s.Slots = 0 }},
		{"slots", func(s *jobserver.Server) { s.Slots = jobserver.MaxSlots + 1 }},
		{"power", func(s *jobserver.Server) { s.Power = 0.009 }},
		{"power", func(s *jobserver.Server) { s.Power = 1000.1 }},
		{"power", func(s *jobserver.Server) { s.Power = math.NaN() }},
		{"unavailable_after", func(s *jobserver.Server) { s.UnavailableAfter = 4999 * time.Millisecond }},
		{"unavailable_after", func(s *jobserver.Server) { s.UnavailableAfter = -time.Second }},
		{"unavailable_after", func(s *jobserver.Server) { s.UnavailableAfter = math.MaxInt64 }},
	} {
		s := jobserver.Server{Name: "js-1"}.WithDefaults()
		c.change(&s)
		err := s.Validate()
		if fields := fault.Fields(err); !errors.Is(err, fault.Invalid) || len(fields) != 1 || fields[0].Field != c.field {
			t.Errorf("got %v, want one fault of %s", err, c.field)
		}
	}
	s := jobserver.Server{Name: "js-1", Slots: jobserver.MaxSlots, Power: 0.01, UnavailableAfter: 5 * time.Second}.WithDefaults()
	if err := s.Validate(); err != nil {
		t.Errorf("at the bounds: %v", err)
	}
}

func TestTheStatusIsTheWordThatMatters(t *testing.T) {
	for _, c := range []struct {
		mode  jobserver.Mode
		state jobserver.Contact
		want  string
	}{
		{jobserver.Active, jobserver.Online, "online"},
		{jobserver.Draining, jobserver.Online, "draining"},
		{jobserver.Disabled, jobserver.Unavailable, "disabled"},
		{jobserver.Draining, jobserver.Unreachable, "unreachable"},
		{jobserver.Active, jobserver.NeverSeen, "never_seen"},
	} {
		if got := (jobserver.Server{Mode: c.mode, State: c.state}).Status(); got != c.want {
			t.Errorf("%s and %s: got %q, want %q", c.mode, c.state, got, c.want)
		}
	}
}

func TestForeignLoadIsNeverNegative(t *testing.T) {
	s := jobserver.Sample{CPUs: 4, CPUTotal: 0.5, OwnCPU: 3, MemoryTotal: 10, MemoryAvailable: 8, OwnMemory: 5}
	if s.ForeignCPU() != 0 || s.ForeignMemory() != 0 {
		t.Errorf("got %v and %v, want 0", s.ForeignCPU(), s.ForeignMemory())
	}
	s.OwnCPU, s.OwnMemory = 0.5, 1
	if s.ForeignCPU() != 1.5 || s.ForeignMemory() != 1 {
		t.Errorf("got %v and %v, want 1.5 and 1", s.ForeignCPU(), s.ForeignMemory())
	}
}
