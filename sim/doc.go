// Package sim drives the deciding parts of Segno, the conductor, the core of the agent and the rules of the keeper, in one
// goroutine under a clock, a network and a store that follow from a seed. A seed says all that happens: which messages
// are lost, late, doubled or out of order, whose clock runs fast, who is paused or dies at which commit, what operators
// and jobs do. The same seed gives the same run to the last event.
//
// What is true of the jobs is known here from the simulated processes themselves and not from what the conductor says of
// them. After each step the promises of docs/guarantees.md are checked against it; once the faults have ended, that
// everything comes to its end.
package sim
