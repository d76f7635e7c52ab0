package task

import (
	"time"

	"github.com/segno-jobs/segno/policy"
)

// Continue returns how a run goes on by a decision to start it again or to resume it. The server it was on is avoided.
func Continue(d policy.Decision, server string, now time.Time) Continuation {
	next := Continuation{Ground: string(d.Ground), Checkpoint: d.Checkpoint, Avoid: server, Reason: d.Reason}
	if d.GiveUp > 0 {
		next.GiveUpAt = now.Add(d.GiveUp)
	}
	return next
}

// Replace returns the replacement that a decision about an attempt on a server asks for, and false where it asks for
// none.
func Replace(ref Ref, server string, d policy.Decision, now time.Time) (Replacement, bool) {
	r := Replacement{Ref: ref, Attempt: AttemptUnavailable, Ground: string(d.Ground), Reason: d.Reason}
	switch d.Action {
	case policy.StartAgain, policy.Resume:
		next := Continue(d, server, now)
		r.Run, r.Next = Queued, &next
	case policy.EndReset:
		r.Run = Reset
	case policy.EndLost:
		r.Run, r.Attempt = Lost, AttemptLost
	default:
		return Replacement{}, false
	}
	return r, true
}
