// Package api serves Segno's REST API, its OpenAPI description, the console's files and the handlers of other parts on
// one port. It is the only package that knows echo, as a router, and huma, as the writer of the OpenAPI description.
//
// Every route stands in routes.go on a line of its own; the description is made from the same lines. A handler is a
// function of a [call] that returns an answer or an error, and knows neither echo nor huma. What all routes have in
// common is done once, around the handlers:
//
//	echo ─▶ who calls ─▶ query known? ─▶ Idempotency-Key ─▶ handler ─▶ answer or problem
//
// Request bodies are read by api/strictjson once, straight into their types, and judged by the domain's own rules.
// (huma would read each body twice and validate it against the schema, which knows less than the domain does.)
package api
