package jobserver_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
)

func TestAServerPermitsTheUsersOfItsSettingsAndNoOthers(t *testing.T) {
	for _, c := range []struct {
		user   string
		listed []string
		want   bool
	}{
		{"etl", nil, false},
		{"etl", []string{"etl"}, true},
		{"etl", []string{"report", "etl"}, true},
		{"etl2", []string{"etl"}, false},
		{"etl-eu", []string{"etl-*"}, true},
		{"setl-eu", []string{"etl-*"}, false},
		{"anyone", []string{"*"}, true},
		{"root", []string{"*"}, false},
		{"root", []string{"root"}, false},
		{"root", []string{"r*t"}, false},
		{"", []string{"*"}, false},
		{"a/b", []string{"*"}, false},
		{"0", []string{"*"}, false},
	} {
		if got := (jobserver.RunAs{Users: c.listed}).Permits(c.user); got != c.want {
			t.Errorf("%q permit %q: %v", c.listed, c.user, got)
		}
	}
	r := jobserver.RunAs{Users: []string{"etl"}, Problem: "cannot"}
	if r.Permits("etl") || r.Refuses("etl") != "cannot" || r.Refuses("") != "" {
		t.Errorf("with a problem it permits %v: %q", r.Permits("etl"), r.Refuses("etl"))
	}
}

func TestOnlyUsersAndPatternsOfThemCanBePermitted(t *testing.T) {
	for _, good := range [][]string{nil, {"etl"}, {"etl-*", "*"}, {"_apt", "Report.2"}} {
		if err := (jobserver.RunAs{Users: good}).Validate("run_as"); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range [][]string{
		{"root"}, {""}, {"etl", "a b"}, {"[e]tl"}, {"etl?"}, {"1000"}, {strings.Repeat("a", 33)}, make([]string, jobserver.MaxRunAs+1),
	} {
		err := (jobserver.RunAs{Users: bad}).Validate("run_as")
		if fields := fault.Fields(err); !errors.Is(err, fault.Invalid) || len(fields) != 1 || fields[0].Field != "run_as" {
			t.Errorf("%.3q: %v", bad, err)
		}
	}
}
