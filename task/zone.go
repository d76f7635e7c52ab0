package task

import (
	"fmt"
	"strings"
	"time"

	// A host without time zones still knows them.
	_ "time/tzdata"
)

// Zone returns the time zone of an IANA name; "" is UTC. The zone of the machine, "Local", is not one of them: what a
// trigger means must not depend on where the conductor runs.
func Zone(name string) (*time.Location, error) {
	if name == "" || name == "UTC" {
		return time.UTC, nil
	}
	if len(name) <= MaxName && !strings.EqualFold(name, "local") && !strings.ContainsAny(name, `\.`) && name[0] != '/' {
		if zone, err := time.LoadLocation(name); err == nil {
			return zone, nil
		}
	}
	return nil, fmt.Errorf("must be the name of a time zone such as Europe/Paris, not %.80q", name)
}
