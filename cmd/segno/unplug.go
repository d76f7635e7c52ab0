package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/demo"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// The demo that pulls a plug is impatient, so that people need not wait.
const (
	unplugPatience  = 5 * time.Second
	unplugHeartbeat = 500 * time.Millisecond
	// unplugAt is the progress in percent at which the plug is pulled: in the middle of the third of the four steps.
	unplugAt = 65
)

// survive runs the task twice, pulls the plug of its server in the second run, and returns an error unless that run went on
// elsewhere from a checkpoint and handed over the same numbers as the first, which nothing disturbed.
func (d *demonstration) survive(ctx context.Context) error {
	d.note("\nFirst the task at full speed, undisturbed, for the numbers.")
	numbers, err := d.undisturbed(ctx)
	if err != nil {
		return err
	}
	d.note("outputs: %s\n\nNow once more, at a pace to watch. In the middle of it a server will lose its power.", pairs(numbers))
	r, err := d.begin(ctx, d.pace)
	if err != nil {
		return err
	}
	if _, err := d.follow(ctx, d.client, r.ID, following{seen: d.pull(ctx, r.ID)}); err != nil {
		return fmt.Errorf("follow run %s: %w", r.ID, err)
	}
	if err := d.end(ctx, d.client, r.ID); err != nil {
		return err
	}
	end, err := d.client.Run(ctx, r.ID)
	if err != nil {
		return fmt.Errorf("read run %s after its end: %w", r.ID, err)
	}
	return d.judge(end, numbers)
}

// undisturbed runs the task at full speed and returns what it handed over.
func (d *demonstration) undisturbed(ctx context.Context) (map[string]string, error) {
	r, err := d.client.StartRun(ctx, demo.Task, wire.RunRequest{Params: map[string]string{"pace": "0"}})
	if err != nil {
		return nil, fmt.Errorf("start the undisturbed run: %w", err)
	}
	if _, err := d.client.FollowLog(ctx, r.ID, client.LogPosition{}, client.LogFollower{}); err != nil {
		return nil, fmt.Errorf("follow the undisturbed run: %w", err)
	}
	if r, err = d.client.Run(ctx, r.ID); err != nil {
		return nil, fmt.Errorf("read the undisturbed run: %w", err)
	}
	if r.State != task.Succeeded || len(r.Attempts) != 1 {
		return nil, fmt.Errorf("the run that was to be undisturbed is %s after %s: %s", r.State, count(len(r.Attempts), "attempt"), r.Reason)
	}
	return r.Outputs, nil
}

// pull returns what pulls the plug of the run's server, once, when the run is in its middle.
func (d *demonstration) pull(ctx context.Context, id task.RunID) func(*screen, wire.RunStatus) error {
	return func(s *screen, now wire.RunStatus) error {
		if d.unplugged != "" || now.State != task.Running || now.Progress == nil || now.Progress.Percent < unplugAt {
			return nil
		}
		r, err := d.client.Run(ctx, id)
		if err != nil {
			return fmt.Errorf("read run %s: %w", id, err)
		}
		if len(r.Checkpoints) == 0 || r.State != task.Running {
			return nil
		}
		d.unplugged = text(r.Server)
		if err := d.programs.unplug(serverProgram(d.unplugged)); err != nil {
			return err
		}
		last := r.Checkpoints[len(r.Checkpoints)-1]
		s.note(d.err, d.errStyle().bold(fmt.Sprintf(
			"\n*** %s has lost its power: agent, guard and job are gone. ***\n", d.unplugged))+
			fmt.Sprintf("The last checkpoint is %d, after the step %s. After %s of silence the run may go on elsewhere.\n",
				last.Sequence, line(last.Name), span(unplugPatience)))
		return nil
	}
}

// judge says how the run survived, or returns an error that says why it did not.
func (d *demonstration) judge(r wire.Run, numbers map[string]string) error {
	if d.unplugged == "" {
		return errors.New("the run ended before its server could lose its power; try a longer --pace")
	}
	if d.output == "table" {
		d.println()
		for _, t := range r.Attempts {
			d.printf("%s on %s, %s%s\n", d.style().bold(fmt.Sprintf("Attempt %d", t.Number)), t.Server, d.style().state(string(t.State)), because(t.Reason))
			d.begun(r, t)
		}
		d.println()
	}
	last := r.Attempts[len(r.Attempts)-1]
	switch {
	case last.Server == d.unplugged:
		return fmt.Errorf("the run ended on %s, which has lost its power", last.Server)
	case last.ResumedFrom == nil:
		return errors.New("the run went on from the beginning, not from a checkpoint")
	}
	if different := differing(numbers, r.Outputs); len(different) > 0 {
		return fmt.Errorf("the numbers differ from those of the undisturbed run: %s", strings.Join(different, ", "))
	}
	d.note("%s", d.errStyle().green(fmt.Sprintf("All %d numbers equal those of the undisturbed run.", len(numbers))))
	return nil
}

// differing tells in which values two maps differ.
func differing(want, got map[string]string) []string {
	all := maps.Clone(want)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, got)
	var different []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		a, wanted := want[name]
		b, given := got[name]
		if a != b || wanted != given {
			different = append(different, fmt.Sprintf("%s is %q and was %q", name, b, a))
		}
	}
	if len(want) == 0 {
		different = append(different, "there are none to compare with")
	}
	return different
}

// plugIn gives the server that lost its power its power back, and waits until it is online.
func (d *demonstration) plugIn(ctx context.Context) error {
	if d.unplugged == "" {
		return nil
	}
	if err := d.programs.start(serverProgram(d.unplugged), d.data, d.jobserver, "run", "--data", filepath.Join(d.data, d.unplugged)); err != nil {
		return err
	}
	if err := d.programs.until(ctx, "job server "+d.unplugged+" is online again", func() bool {
		got, err := d.client.Server(ctx, d.unplugged)
		return err == nil && got.Contact == jobserver.Online
	}); err != nil {
		return err
	}
	d.note("%s has its power back and is online again. What it still has of the run changes nothing.", d.unplugged)
	return nil
}
