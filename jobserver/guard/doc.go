// Package guard keeps the processes of jobs apart from the agent that talks to the conductor.
//
//	agent (Client) ──"one more keeper"──▶ guard ──fork──▶ keeper ──fork──▶ job
//	     │                                                 ▲  │
//	     └───────── "start" + the locked spool ────────────┘  └─▶ spool (output, exit)
//
// A host has one guard per data folder, in a session of its own, and a pool of keepers, which are children of the
// guard, have a session each, and keep one attempt at a time. Guard and keepers are subreapers. A process that a job
// daemonises becomes a child of the job's keeper, so it is known to be the job's without control groups; where a keeper
// is killed, its jobs' processes become children of the guard, which kills every child that is not a keeper. Where the
// guard is killed, each keeper notices by the end of its channel, kills what it keeps and says so in the spool.
//
// The agent creates the spool of an attempt, locks it, and passes it to a keeper as a descriptor over the keeper's own
// socket: one message starts a job. If the agent is killed nothing happens to guard, keepers and jobs; a new [Client]
// finds them again. docs/decisions/0001-guard-and-keepers.md tells why it is so.
package guard
