// Package protocol is the contract between agents and conductors: the generated messages are in segnov1, this package
// maps them to the domain's types and back, and holds the client, the options of the handler, and the constants that
// both sides must agree on. docs/protocol.md tells the same as a story.
//
//	agent                                   conductor
//	  │ Subscribe(hello) ───────────────────────▶ │
//	  │ ◀──────────────────────── Welcome, at once │
//	  │ ◀───────────────────────────────── Offer n │   nothing may be started on an offer alone
//	  │ Claim(n) ───────────────────────────────▶ │   committed
//	  │ ◀───────────────────────── verdict CLAIMED │
//	  │ (the guard starts it)                      │
//	  │ Deliver(records 1…k of n) ──────────────▶ │   committed
//	  │ ◀──────────────────────────── delivered: k │
//	  │ Deliver(… exit) ────────────────────────▶ │   committed: the run has ended
//	  │ ◀──────────────────────────── delivered: m │
//	  │ (the guard drops the spool)                │
//
// What both sides may rely on:
//
//   - An agent dials out, and only it. Commands come down one stream (Subscribe), or by Poll where a proxy does not
//     pass streams. All other calls are unary and may be repeated: a repeated call changes nothing, and gets the same
//     answer. They may reach another conductor than the one that holds the stream.
//   - Each call but Join carries the credential ("Authorization: Bearer …"). A missing or unknown one is answered with
//     unauthenticated, on every call. The server's name comes from the credential, never from a message.
//   - A message about an attempt carries its run and number; the number is the fence. A message of an attempt that is
//     not the run's newest changes nothing and is answered with FENCED.
//   - A command may be lost, come twice, or come late. The conductor repeats an offer until it is claimed or
//     withdrawn, and a stop until the exit record was delivered. An agent ignores an offer of an attempt that it keeps
//     or has seen a higher number of, and all commands of a term lower than the highest that it has seen.
//   - What Claim answers with CLAIMED, and what Deliver answers as delivered, is durable before it is answered.
//     The agent keeps the records of an attempt until its exit record was answered as delivered.
//   - A lease counts from the instant before the claim or the heartbeat was sent that is answered with it. What is answered
//     so was committed. The deadline is on the host's disk before a job is started, and ends the attempt also where the
//     agent is dead.
//   - The content of a checkpoint goes before its record, and the checkpoint is visible with the record.
//   - A conductor with nothing to say sends Settings every [KeepAlive]; an agent that hears nothing for
//     [StreamSilence] ends the stream and opens a new one.
//   - Errors travel as connect codes; [ErrorToConnect] and [ErrorFromConnect] map the kinds of package fault.
//
// Unknown fields are ignored and new ones are added only where their zero value means what it meant before, so
// that conductors are upgraded before agents and both go on meanwhile.
package protocol
