package task

import "github.com/segno-jobs/segno/internal/fault"

// MaxUser is the most characters in the name of a user of the operating system.
const MaxUser = 32

// Superuser is the user as whom no job is ever run on request.
const Superuser = "root"

// CheckUser returns a field error unless user may be a user of the operating system as whom jobs are run: 1 to MaxUser
// letters, digits and - _ . of which the first is a letter or _, and not root. Whether there is such a user, and whether
// it may be used, is each job server's matter.
func CheckUser(field, user string) error {
	switch {
	case user == Superuser:
		return fault.Field(field, "must not be root: no job is run as root on request")
	case !validUser(user):
		return fault.Field(field, "must be the name of a user: 1 to %d letters, digits and - _ . beginning with a letter or _", MaxUser)
	}
	return nil
}

func validUser(user string) bool {
	if user == "" || len(user) > MaxUser {
		return false
	}
	for i := range len(user) {
		c := user[i]
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '-' && c != '.') {
			return false
		}
	}
	return true
}
