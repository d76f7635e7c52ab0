// Package wire holds what travels between the API and its clients: the JSON of every request and answer under /api/v1,
// and the mapping from the types of the domain. It knows no HTTP, so that a client that links it links no server.
//
// Rules that hold for all of it: keys are snake_case; instants are RFC 3339 in UTC with milliseconds; durations are
// strings such as "90s"; what does not exist is null; a list that may be empty is [] and never null.
package wire
