package jobserver

import (
	"path"
	"slices"
	"strings"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// MaxRunAs is how many users and patterns of users a job server may permit.
const MaxRunAs = 100

// RunAs says as which users of its host a job server runs jobs that ask for one. It comes from the job server's own
// settings alone; nothing is permitted by default.
type RunAs struct {
	// Users are names of users, or patterns of names in which * stands for any characters.
	Users []string `json:"users,omitempty"`
	// Problem completes the sentence "js-1 …" where jobs cannot be run as other users there at all, whatever Users says.
	Problem string `json:"problem,omitempty"`
}

// MaxRunAsProblem bounds the length of [RunAs.Problem] in bytes.
const MaxRunAsProblem = 200

// Permits reports whether jobs may be run as the user. It never permits root.
func (r RunAs) Permits(user string) bool {
	if r.Problem != "" || task.CheckUser("", user) != nil {
		return false
	}
	return slices.ContainsFunc(r.Users, func(entry string) bool {
		matched, err := path.Match(entry, user)
		return matched && err == nil
	})
}

// Refuses completes the sentence "js-1 …" with why jobs are not run as the user there, or is empty where they are.
func (r RunAs) Refuses(user string) string {
	switch {
	case user == "" || r.Permits(user):
		return ""
	case len(r.Users) > 0 && r.Problem != "":
		return r.Problem
	}
	return "does not permit jobs to run as " + user
}

// Validate returns nil if the users may be permitted, else field errors under field.
func (r RunAs) Validate(field string) error {
	if len(r.Users) > MaxRunAs {
		return fault.Field(field, "must be at most %d users, not %d", MaxRunAs, len(r.Users))
	}
	for _, entry := range r.Users {
		// A pattern is as good as what it may stand for.
		if err := task.CheckUser(field, strings.ReplaceAll(entry, "*", "_")); err != nil {
			if entry == task.Superuser {
				return err
			}
			return fault.Field(field, "must be names of users, or patterns with *, of up to %d characters, not %.40q", task.MaxUser, entry)
		}
	}
	return nil
}

// Equal reports whether r and o say the same.
func (r RunAs) Equal(o RunAs) bool { return r.Problem == o.Problem && slices.Equal(r.Users, o.Users) }
