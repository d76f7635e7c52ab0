package wire

import (
	"time"

	"github.com/segno-jobs/segno/internal/about"
	"github.com/segno-jobs/segno/task"
)

// About is what a conductor says of itself.
type About struct {
	Version    string           `json:"version" doc:"Of the conductor that answers."`
	GoVersion  string           `json:"go_version"`
	Ready      bool             `json:"ready" doc:"Whether all checks are passed, as GET /readyz says."`
	Database   AboutDatabase    `json:"database"`
	Checks     []AboutCheck     `json:"checks" nullable:"false"`
	Conductors []AboutConductor `json:"conductors" doc:"Those that work on the database, the one that answers first." nullable:"false"`
}

// AboutDatabase is where everything is kept.
type AboutDatabase struct {
	Kind    string `json:"kind" enum:"SQLite,PostgreSQL"`
	Version string `json:"version"`
	Schema  int    `json:"schema" doc:"Number of the newest migration that was applied."`
	Bytes   int64  `json:"bytes" doc:"On its disk, without the content of checkpoints."`
}

// AboutCheck is one thing that must be so for the conductor to be ready.
type AboutCheck struct {
	Name  string        `json:"name"`
	OK    bool          `json:"ok"`
	Error string        `json:"error" doc:"Empty where it is passed."`
	Took  task.Duration `json:"took"`
}

// AboutConductor is one process that serves the API.
type AboutConductor struct {
	Name      string `json:"name" doc:"Name of its host."`
	Version   string `json:"version"`
	StartedAt Time   `json:"started_at" format:"date-time"`
}

// AboutOf returns f as it is sent.
func AboutOf(f about.Facts) About {
	out := About{
		Version: f.Version, GoVersion: f.Go, Ready: true, Database: AboutDatabase(f.Database),
		Checks: []AboutCheck{}, Conductors: []AboutConductor{},
	}
	for _, c := range f.Checks {
		check := AboutCheck{Name: c.Name, OK: c.Err == nil, Took: task.Duration(c.Took.Round(time.Microsecond))}
		if c.Err != nil {
			check.Error, out.Ready = c.Err.Error(), false
		}
		out.Checks = append(out.Checks, check)
	}
	for _, c := range f.Conductors {
		out.Conductors = append(out.Conductors, AboutConductor{Name: c.Name, Version: c.Version, StartedAt: At(c.StartedAt)})
	}
	return out
}
