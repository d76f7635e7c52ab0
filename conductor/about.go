package conductor

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/segno-jobs/segno/internal/about"
)

// standstill is for how long the acting loops may not have come round before the conductor counts as not ready.
const standstill = 15 * time.Second

// About says what this conductor is and whether it can work. A check that is not passed is part of the answer.
func (c *Conductor) About(ctx context.Context) (about.Facts, error) {
	facts := about.Facts{
		Version: c.options.Version, Go: runtime.Version(), Checks: c.checks(ctx),
		Conductors: []about.Conductor{{Name: c.options.Host, Version: c.options.Version, StartedAt: c.started}},
	}
	kept, err := c.insight()
	if err != nil {
		return about.Facts{}, err
	}
	facts.Database, err = kept.Database(ctx)
	return facts, err
}

// Ready returns nil when the conductor can do its work, else what it cannot.
func (c *Conductor) Ready(ctx context.Context) error {
	var errs []error
	for _, check := range c.checks(ctx) {
		if check.Err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", check.Name, check.Err))
		}
	}
	return errors.Join(errs...)
}

func (c *Conductor) checks(ctx context.Context) []about.Check {
	begun := c.now()
	return []about.Check{
		{Name: "the database takes changes", Err: c.store.Ping(ctx), Took: c.now().Sub(begun)},
		{Name: "the fleet is looked after", Err: c.turning()},
	}
}

// turning returns an error if the loop that looks over the fleet has stood still, because something on its way hangs. A
// conductor whose loops have not begun is not blamed.
func (c *Conductor) turning() error {
	last := c.looked.Load()
	if last == nil {
		return nil
	}
	if since := c.now().Sub(*last); since > standstill {
		return fmt.Errorf("its loop has stood still for %s", since.Round(time.Second))
	}
	return nil
}
