package main

import (
	"github.com/segno-jobs/segno/policy"
)

// policyWord writes a policy as a person reads it, and nothing where there is none.
func policyWord(p *policy.Policy) string {
	if p == nil {
		return ""
	}
	return p.String()
}
