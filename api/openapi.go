package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/segno-jobs/segno/api/wire"
)

const schemaPrefix = "#/components/schemas/"

// description is the OpenAPI description of the API, as it is served.
type description struct{ yaml, json []byte }

// describe makes the OpenAPI 3.1 description of the routes. Schemas are those of the Go types that the routes read and
// give; their descriptions are the doc tags of the fields.
func describe(routes []route, version string) (description, error) {
	d := document(routes, version)
	asJSON, err := json.Marshal(d)
	if err != nil {
		return description{}, fmt.Errorf("write the OpenAPI description as JSON: %w", err)
	}
	asYAML, err := d.YAML()
	if err != nil {
		return description{}, fmt.Errorf("write the OpenAPI description as YAML: %w", err)
	}
	return description{yaml: asYAML, json: asJSON}, nil
}

// Description returns the OpenAPI description of a server of that version, as GET /openapi.yaml gives it.
func Description(version string) ([]byte, error) {
	d, err := describe((&Server{service: uncalled{}}).described(), version)
	return d.yaml, err
}

// uncalled is a service for a server whose routes are only described. Handlers may be made of its methods.
type uncalled struct{ Service }

func document(routes []route, version string) *huma.OpenAPI {
	schemas := newSchemas()
	for _, r := range routes {
		if r.body != nil {
			schemas.Schema(reflect.TypeOf(r.body), true, "")
		}
	}
	read := len(schemas.Map())
	strict := make(map[string]bool, read)
	for name := range schemas.Map() {
		strict[name] = true
	}
	d := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info:    &huma.Info{Title: "Segno", Version: version, Description: apiDescription},
		Servers: []*huma.Server{{URL: base}},
		Paths:   map[string]*huma.PathItem{},
		Components: &huma.Components{
			Schemas:   schemas,
			Responses: map[string]*huma.Response{"Problem": problemResponse(schemas)},
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"token":   {Type: "http", Scheme: "bearer", Description: "The administrator's token."},
				"session": {Type: "apiKey", In: "cookie", Name: cookieName, Description: "A browser's session, see POST /session."},
			},
		},
		Security: []map[string][]string{{"token": {}}, {"session": {}}},
	}
	for _, r := range routes {
		item := d.Paths[r.path]
		if item == nil {
			item = &huma.PathItem{}
			d.Paths[r.path] = item
		}
		if r.outside {
			item.Servers = []*huma.Server{{URL: "/"}}
		}
		*operationOf(item, r.method) = r.operation(schemas)
	}
	for name, s := range schemas.Map() {
		if !strict[name] {
			s.AdditionalProperties = nil // Answers may gain fields.
		}
		nullablePointers(schemas, name, s)
	}
	return d
}

const apiDescription = `Segno's REST API. Keys are snake_case, instants RFC 3339 in UTC, durations strings such as "90s".
Errors are problem documents (RFC 9457). Malformed JSON, unknown or duplicate keys and unknown query parameters are
answered with 400, values that break a rule with 422, a conflict with the present state with 409, and a stale If-Match
with 412. Every POST honours Idempotency-Key.`

func operationOf(item *huma.PathItem, method string) **huma.Operation {
	switch method {
	case http.MethodGet:
		return &item.Get
	case http.MethodPost:
		return &item.Post
	case http.MethodPut:
		return &item.Put
	case http.MethodPatch:
		return &item.Patch
	}
	return &item.Delete
}

func (r route) operation(schemas huma.Registry) *huma.Operation {
	op := &huma.Operation{
		OperationID: r.id, Summary: r.summary, Tags: []string{r.tag()},
		Parameters: r.parameters(), RequestBody: r.requestBody(schemas), Responses: r.responses(schemas),
	}
	if r.open {
		op.Security = []map[string][]string{{}}
	}
	return op
}

// tag is the first element of the path, such as "virtual-servers".
func (r route) tag() string {
	first, _, _ := strings.Cut(strings.TrimPrefix(r.path, "/"), "/")
	first, _, _ = strings.Cut(first, ".")
	return first
}

func (r route) parameters() []*huma.Param {
	var params []*huma.Param
	for element := range strings.SplitSeq(r.path, "/") {
		if name, found := strings.CutPrefix(element, "{"); found {
			params = append(params, &huma.Param{Name: strings.TrimSuffix(name, "}"), In: "path", Required: true, Schema: &huma.Schema{Type: "string"}})
		}
	}
	for _, name := range r.query {
		params = append(params, paramOf(r.id, name).param(name))
	}
	header := func(name, doc string) {
		params = append(params, &huma.Param{Name: name, In: "header", Description: doc, Schema: &huma.Schema{Type: "string"}})
	}
	for _, h := range r.headers {
		header(h.name, h.doc)
	}
	if r.method == http.MethodPost && !r.outside {
		header("Idempotency-Key", "1 to 255 printable characters. The same request under the same key is done once.")
	}
	if r.etag && r.method == http.MethodGet {
		header("If-None-Match", "An ETag; if it is still the newest the answer is 304.")
	}
	if r.etag && r.method != http.MethodGet {
		header("If-Match", "The ETag that must still be the newest, else the answer is 412.")
	}
	if r.ranges {
		header("Range", "The part of the file to send, such as bytes=1000-; the answer is 206 then.")
		header("If-Range", "An ETag: where the file has another one, all of it is sent.")
	}
	if len(r.media) > 0 && r.media[0] == eventStream {
		header("Last-Event-ID", "Where a stream of events goes on.")
	}
	return params
}

func (r route) requestBody(schemas huma.Registry) *huma.RequestBody {
	if r.received != nil {
		content := map[string]*huma.MediaType{}
		for _, media := range r.received {
			content[media] = &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
		}
		return &huma.RequestBody{Required: true, Content: content}
	}
	if r.outside {
		return &huma.RequestBody{Content: map[string]*huma.MediaType{"*/*": {Schema: &huma.Schema{}}}}
	}
	if r.body == nil {
		return nil
	}
	if r.merge {
		patch := &huma.MediaType{Schema: &huma.Schema{
			Type: "object", Description: "A merge patch (RFC 7396) of " + reflect.TypeOf(r.body).Name() + ": null removes a key.",
			AdditionalProperties: true,
		}}
		return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{mergePatch: patch, "application/json": patch}}
	}
	return &huma.RequestBody{Required: r.bodyRequired, Content: jsonContent(schemas, r.body)}
}

func jsonContent(schemas huma.Registry, v any) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{"application/json": {Schema: schemas.Schema(reflect.TypeOf(v), true, "")}}
}

func (r route) responses(schemas huma.Registry) map[string]*huma.Response {
	status := r.status
	if status == 0 {
		status = http.StatusOK
	}
	success := &huma.Response{Description: http.StatusText(status)}
	if r.out != nil {
		success.Content = jsonContent(schemas, r.out)
	} else if r.onlyMedia {
		success.Content = map[string]*huma.MediaType{}
	}
	for _, media := range r.media {
		success.Content[media] = &huma.MediaType{Schema: &huma.Schema{Type: "string"}}
	}
	if r.etag && r.out != nil {
		success.Headers = map[string]*huma.Param{"ETag": {Description: "The version.", Schema: &huma.Schema{Type: "string"}}}
	}
	out := map[string]*huma.Response{strconv.Itoa(status): success, "default": {Ref: "#/components/responses/Problem"}}
	if r.ranges {
		success.Headers = map[string]*huma.Param{"ETag": {Description: "SHA-256 of the content.", Schema: &huma.Schema{Type: "string"}}}
		out[strconv.Itoa(http.StatusPartialContent)] = success
	}
	for _, status := range r.problems() {
		out[strconv.Itoa(status)] = &huma.Response{Ref: "#/components/responses/Problem"}
	}
	return out
}

// problems are the statuses of the problems that a caller must expect.
func (r route) problems() []int {
	out := []int{http.StatusBadRequest}
	if !r.open {
		out = append(out, http.StatusUnauthorized)
	}
	if strings.Contains(r.path, "{") {
		out = append(out, http.StatusNotFound)
	}
	if r.method != http.MethodGet && !r.outside {
		out = append(out, http.StatusConflict)
	}
	if r.etag && r.method != http.MethodGet {
		out = append(out, http.StatusPreconditionFailed)
	}
	if r.body != nil || r.received != nil {
		out = append(out, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	if r.body != nil || len(r.query) > 0 {
		out = append(out, http.StatusUnprocessableEntity)
	}
	if r.ranges {
		out = append(out, http.StatusRequestedRangeNotSatisfiable)
	}
	return append(append(out, r.refuses...), http.StatusServiceUnavailable)
}

func problemResponse(schemas huma.Registry) *huma.Response {
	return &huma.Response{
		Description: "A problem document (RFC 9457).",
		Content:     map[string]*huma.MediaType{wire.ProblemType: {Schema: schemas.Schema(reflect.TypeFor[wire.Problem](), true, "")}},
	}
}

// openAPIYAML is GET /openapi.yaml.
func (s *Server) openAPIYAML(c *call) (answer, error) {
	d, err := s.describe()
	if err != nil {
		return answer{}, err
	}
	return file(c, "application/yaml", d.yaml)
}

// openAPIJSON is GET /openapi.json.
func (s *Server) openAPIJSON(c *call) (answer, error) {
	d, err := s.describe()
	if err != nil {
		return answer{}, err
	}
	return file(c, "application/json", d.json)
}

func file(c *call, media string, data []byte) (answer, error) {
	h := c.w.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Length", strconv.Itoa(len(data)))
	h.Set("Cache-Control", "no-cache")
	c.w.WriteHeader(http.StatusOK)
	_, _ = c.w.Write(data)
	return answer{written: true}, nil
}
