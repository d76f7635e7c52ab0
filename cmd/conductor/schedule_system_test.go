package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/systemtest"
	"github.com/segno-jobs/segno/task"
)

// occurrencesOf returns the rows of all occurrences, by their scheduled times. Each time may have one.
func occurrencesOf(ctx context.Context, s *systemtest.System) (map[time.Time]wire.Occurrence, error) {
	rows := map[time.Time]wire.Occurrence{}
	for o, err := range client.All(client.PageRequest{Limit: 500}, func(p client.PageRequest) (wire.Page[wire.Occurrence], error) {
		return s.Client.Occurrences(ctx, task.OccurrenceFilter{}, p)
	}) {
		if err != nil {
			return nil, err
		}
		at := o.ScheduledFor.Time.UTC()
		if _, double := rows[at]; double {
			return nil, fmt.Errorf("the occurrence of %s has two rows", at)
		}
		rows[at] = o
	}
	return rows, nil
}

// The absence is longer than task.MaxSettled occurrences, so that rows are owed after it.
func TestEachOccurrenceThatKilledConductorsMissedHasItsRow(t *testing.T) {
	databases := map[string]func(*testing.T) []string{
		"sqlite":   func(*testing.T) []string { return nil },
		"postgres": func(t *testing.T) []string { return []string{"--database", postgres(t)} },
	}
	for name, args := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // They wait most of the time.
			s := systemtest.New(t, args(t)...)
			s.StartConductor()
			s.JoinServer("js-1") // Without its agent: runs stay queued.
			s.Group("etl", "js-1")
			s.Task("work", "etl", systemtest.Shell("true"))
			const absence = (task.MaxSettled + 6) * time.Second
			begin := time.Now().Add(2 * time.Second).Truncate(time.Second)
			back := begin.Add(absence)
			end := back.Add(4 * time.Second)
			_, err := s.Client.CreateTrigger(t.Context(), task.TaskOwner("work"), task.TriggerSpec{
				Name: "often", Every: task.Duration(time.Second), Start: &begin, End: &end,
			})
			if err != nil {
				t.Fatal(err)
			}
			var before int
			s.Eventually("the first occurrence is acted on", func(ctx context.Context) (bool, error) {
				rows, err := occurrencesOf(ctx, s)
				before = len(rows)
				return before > 0, err
			})
			s.Conductor.Kill()
			time.Sleep(time.Until(back))
			s.StartConductor()
			s.Conductor.Kill() // Wherever it is in what it makes up for.
			s.StartConductor()
			var rows map[time.Time]wire.Occurrence
			s.Eventually("each occurrence has its row", func(ctx context.Context) (_ bool, err error) {
				rows, err = occurrencesOf(ctx, s)
				return len(rows) == int(end.Sub(begin)/time.Second), err
			})
			missed, runs := 0, 0
			for at := begin.UTC(); at.Before(end); at = at.Add(time.Second) {
				switch o, has := rows[at]; {
				case !has:
					t.Errorf("the occurrence of %s has no row", at)
				case o.Run != nil:
					runs++
				case strings.HasPrefix(o.Reason, "missed: "):
					missed++
				default:
					t.Errorf("the occurrence of %s is said to be %q", at, o.Reason)
				}
			}
			if missed <= task.MaxSettled || runs <= before {
				t.Errorf("%d were missed, and %d were run, %d of them before the absence", missed, runs, before)
			}
			all, err := s.Client.Runs(t.Context(), task.RunFilter{}, client.PageRequest{Limit: 500})
			if err != nil {
				t.Fatal(err)
			}
			if len(all.Items) != runs {
				t.Errorf("there are %d runs for %d occurrences that say so", len(all.Items), runs)
			}
		})
	}
}
