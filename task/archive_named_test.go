package task

import (
	"strings"
	"testing"

	"github.com/segno-jobs/segno/internal/fault"
)

func TestAJobsArchiveIsCheckedWithTheFieldNamed(t *testing.T) {
	for _, c := range []struct {
		archive Archive
		field   string
	}{
		{Archive{Name: "orders"}, ""},
		{Archive{Name: "orders", Version: "1.4.2", Args: []string{"--all"}}, ""},
		{Archive{Name: "Orders"}, "archive.name"},
		{Archive{Name: "orders", Version: ".."}, "archive.version"},
		{Archive{Name: "orders", Command: []string{}}, "archive.command"},
		{Archive{Name: "orders", Args: make([]string, MaxArguments+1)}, "archive.args"},
		{Archive{Name: "orders", Command: []string{"sh"}, Args: []string{"x"}}, "archive.args"},
		{Archive{Name: "orders", Context: "a\nb"}, "archive.context"},
		{Archive{Name: "orders", Args: []string{strings.Repeat("x", MaxArgument)}}, "archive.args[0]"},
	} {
		var got string
		if found := fault.Fields(c.archive.validate()); len(found) > 0 {
			got = found[0].Field
		}
		if got != c.field {
			t.Errorf("%.80v: a fault of %q, want %q", c.archive, got, c.field)
		}
	}
}
