package wire

import (
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// Summary is how much runs and what a person should look at, in true numbers however much there is.
type Summary struct {
	At             Time            `json:"at" format:"date-time"`
	Servers        SummaryServers  `json:"servers" doc:"Job servers by status."`
	OpenRuns       SummaryOpen     `json:"open_runs" doc:"Runs that have not ended, by state."`
	OldestQueuedAt *Time           `json:"oldest_queued_at" format:"date-time"`
	WaitLong       int64           `json:"wait_long" doc:"Queued runs that were requested more than a minute ago, but for those that are late."`
	Late           int64           `json:"late" doc:"Runs that have not ended and did not start or end by when they were expected to."`
	Failed         int64           `json:"failed" doc:"Runs that failed, timed out or were lost, of those requested within the last 24 hours."`
	PausedTriggers int64           `json:"paused_triggers" doc:"Triggers that are paused by themselves."`
	Pauses         int64           `json:"pauses" doc:"Pauses of all triggers of a task, of a plan, or of everything."`
	DeadDeliveries int64           `json:"dead_deliveries" doc:"Notifications that were given up and are kept for an operator."`
	Minutes        []SummaryMinute `json:"minutes" doc:"The last 30 minutes, oldest first; the last one is not over." nullable:"false"`
}

// SummaryServers counts job servers by the one word that is shown for each.
type SummaryServers struct {
	Online      int64 `json:"online"`
	Draining    int64 `json:"draining"`
	Disabled    int64 `json:"disabled"`
	Unreachable int64 `json:"unreachable"`
	Unavailable int64 `json:"unavailable"`
	NeverSeen   int64 `json:"never_seen"`
}

// SummaryOpen counts runs that have not ended.
type SummaryOpen struct {
	Queued   int64 `json:"queued"`
	Starting int64 `json:"starting"`
	Running  int64 `json:"running"`
	Unknown  int64 `json:"unknown"`
	Stopping int64 `json:"stopping"`
}

// SummaryMinute counts the runs that were requested in one minute.
type SummaryMinute struct {
	At           Time  `json:"at" doc:"When the minute began." format:"date-time"`
	Succeeded    int64 `json:"succeeded"`
	Unsuccessful int64 `json:"unsuccessful" doc:"Those that ended otherwise."`
	Open         int64 `json:"open" doc:"Those that have not ended."`
}

// SummaryOf returns s as it is sent.
func SummaryOf(s task.Summary) Summary {
	open := SummaryOpen{
		Queued: s.Open[task.Queued], Starting: s.Open[task.Starting], Running: s.Open[task.Running],
		Unknown: s.Open[task.Unknown], Stopping: s.Open[task.Stopping],
	}
	servers := SummaryServers{
		Online: s.Servers[string(jobserver.Online)], Draining: s.Servers[string(jobserver.Draining)],
		Disabled: s.Servers[string(jobserver.Disabled)], Unreachable: s.Servers[string(jobserver.Unreachable)],
		Unavailable: s.Servers[string(jobserver.Unavailable)], NeverSeen: s.Servers[string(jobserver.NeverSeen)],
	}
	out := Summary{
		At: At(s.At), Servers: servers, OpenRuns: open, OldestQueuedAt: AtOrNil(s.OldestQueuedAt), WaitLong: s.WaitLong, Late: s.Late,
		Failed: s.Failed, PausedTriggers: s.PausedTriggers, Pauses: s.Pauses, DeadDeliveries: s.DeadDeliveries,
		Minutes: make([]SummaryMinute, len(s.Minutes)),
	}
	for i, m := range s.Minutes {
		out.Minutes[i] = SummaryMinute{At: At(m.At), Succeeded: m.Succeeded, Unsuccessful: m.Unsuccessful, Open: m.Open}
	}
	return out
}
