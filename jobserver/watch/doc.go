// Package watch looks into folders of an execution host for the files that file triggers wait for.
//
// A [Tracker] decides what is an event; it knows neither clock nor disk. A [Watcher] lists folders at intervals, hands the
// lists to the trackers, and keeps what they know in the agent's data folder, so that an event is neither lost nor
// forgotten over a restart, and what appeared in between is found.
//
// Looking at intervals is meant: the kernel tells of no change that another host makes on a network file system.
package watch
