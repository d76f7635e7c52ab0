// Package notification says what is worth telling people of what happened, whom, and in which words: channels, rules,
// notices and their deliveries. It has types and rules and does no I/O; package notify sends.
//
//	event (committed) ──▶ Notice ──▶ rules ──▶ one Delivery a channel, in the outbox ──▶ notify ──▶ receiver
//
// A delivery is waiting until its receiver has taken it, or until it is dead: refused for good, too old or tried too often.
// Its id is the same on every try, so that a receiver can drop what comes twice.
package notification
