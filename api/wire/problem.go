package wire

// ProblemType is the content type of a [Problem].
const ProblemType = "application/problem+json"

// Problem is an error as RFC 9457 has it.
type Problem struct {
	// Type is a URI reference of the kind of problem, such as "urn:segno:problem:not-found".
	Type   string `json:"type" doc:"URI reference that names the kind of problem."`
	Title  string `json:"title" doc:"The kind of problem in a few words."`
	Status int    `json:"status" doc:"The HTTP status."`
	Detail string `json:"detail" doc:"What is wrong with this request, for a person."`
	// Errors name the fields that are wrong; the list may be missing.
	Errors []FieldProblem `json:"errors,omitempty" doc:"The fields that are wrong."`
	// RequestID finds the cause of an internal error in the conductor's log.
	RequestID string `json:"request_id,omitempty" doc:"Set on internal errors: with it the cause is found in the conductor's log."`
}

// FieldProblem says which field is wrong, and why.
type FieldProblem struct {
	// Field is the path as the caller wrote it, such as "job.command[0]".
	Field string `json:"field" doc:"Path of the field, such as job.command[0]."`
	// Reason completes the sentence "<field> …".
	Reason string `json:"reason" doc:"Completes the sentence that begins with the field."`
}
