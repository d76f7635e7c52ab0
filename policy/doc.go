// Package policy says what happens to a run whose server is unavailable. It is pure and knows no other package of Segno
// but internal/fault.
package policy

// Kind is what an operator chose for a task.
type Kind string

// The policies. docs/policies.md says what each does.
const (
	Wait    Kind = "wait"
	Reset   Kind = "reset"
	Restart Kind = "restart"
	Recover Kind = "recover"
)

// Kinds lists every policy.
func Kinds() []Kind { return []Kind{Wait, Reset, Restart, Recover} }

// Default is the policy of a task that names none.
const Default = Wait
