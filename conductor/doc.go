// Package conductor is the service that acts: it places queued runs on job servers, speaks with their agents, notices
// when one falls silent, and answers what the API asks.
//
// The store is the only truth. What a conductor keeps in memory (the fleet, open sessions, who watches what) can be made
// again from the store and from the agents' next heartbeats, so a conductor may be killed at any moment:
//
//	POST run ──▶ store: queued ──▶ dispatcher ──▶ store: starting ──▶ session ──▶ agent: offer
//	                                                                                  │
//	     watchers ◀── store: ended ◀── Deliver ◀── guard ◀── started only if ◀── Claim, store: running
//
// Everything is committed before it has an effect: a run before it is offered, a claim before a process starts, a result
// before it is acknowledged. Messages of an attempt carry its number as a fence, and the store refuses a stale one.
package conductor
