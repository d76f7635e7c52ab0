package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"gopkg.in/yaml.v3"
)

type openAPI struct {
	OpenAPI    string
	Paths      map[string]pathItem
	Components struct {
		Schemas map[string]map[string]any
	}
}

// pathItem is what can be done at a path. Servers is set where the path is not below /api/v1.
type pathItem struct {
	Servers            []struct{ URL string }
	Get, Post          *operation
	Put, Patch, Delete *operation
}

type operation struct {
	OperationID string `json:"operationId" yaml:"operationId"`
	Summary     string
	Parameters  []struct{ Name, In string }
	Responses   map[string]any
	Security    []map[string]any
}

// operations are those of the item, by their method.
func (p pathItem) operations() map[string]*operation {
	all := map[string]*operation{"GET": p.Get, "POST": p.Post, "PUT": p.Put, "PATCH": p.Patch, "DELETE": p.Delete}
	maps.DeleteFunc(all, func(_ string, op *operation) bool { return op == nil })
	return all
}

// outside reports whether the path of the item is that of the whole address, and not below /api/v1.
func (p pathItem) outside() bool { return len(p.Servers) == 1 && p.Servers[0].URL == "/" }

func readDescription(t *testing.T, h *harness) openAPI {
	t.Helper()
	var d openAPI
	h.raw("GET", "/api/v1/openapi.json", nil).want(200).into(&d)
	return d
}

func TestTheDescriptionAndTheRouterHoldTheSameRoutes(t *testing.T) {
	h := serve(t)
	d := readDescription(t, h)
	if d.OpenAPI != "3.1.0" {
		t.Errorf("got OpenAPI %q, want 3.1.0", d.OpenAPI)
	}
	routed, described := map[string]bool{}, map[string]bool{}
	for _, r := range h.server.Handler().(*echo.Echo).Routes() {
		path, below := strings.CutPrefix(r.Path, "/api/v1")
		if below || r.Path != "/healthz" && r.Path != "/readyz" {
			for element := range strings.SplitSeq(path, "/") {
				if name, param := strings.CutPrefix(element, ":"); param {
					path = strings.Replace(path, element, "{"+name+"}", 1)
				}
			}
			if !below {
				path += ", not below /api/v1"
			}
			routed[r.Method+" "+path] = true
		}
	}
	ids := map[string]string{}
	for path, item := range d.Paths {
		for method, op := range item.operations() {
			name := method + " " + path
			if item.outside() {
				name += ", not below /api/v1"
			}
			described[name] = true
			if op.OperationID == "" || op.Summary == "" {
				t.Errorf("%s has no operation id or no summary", name)
			}
			if other := ids[op.OperationID]; other != "" {
				t.Errorf("%s and %s have the operation id %s", name, other, op.OperationID)
			}
			ids[op.OperationID] = name
			if _, found := op.Responses["default"]; !found || len(op.Responses) < 3 {
				t.Errorf("%s documents no errors: %v", name, op.Responses)
			}
			for element := range strings.SplitSeq(path, "/") {
				if param, is := strings.CutPrefix(element, "{"); is && !slices.ContainsFunc(op.Parameters, func(p struct{ Name, In string }) bool {
					return p.In == "path" && p.Name+"}" == param
				}) {
					t.Errorf("%s does not describe {%s", name, param)
				}
			}
		}
	}
	for name := range routed {
		if !described[name] {
			t.Errorf("%s is routed and not described", name)
		}
	}
	for name := range described {
		if !routed[name] {
			t.Errorf("%s is described and not routed", name)
		}
	}
	if len(routed) < 30 || !routed["POST /hooks/{address}, not below /api/v1"] {
		t.Errorf("got %d routes, want those of the API and that of webhooks", len(routed))
	}
}

func TestTheDescriptionIsTheSameAsYAMLAndJSON(t *testing.T) {
	h := serve(t)
	var asYAML, asJSON any
	if err := yaml.Unmarshal(h.raw("GET", "/api/v1/openapi.yaml", nil).want(200).body, &asYAML); err != nil {
		t.Fatal(err)
	}
	h.raw("GET", "/api/v1/openapi.json", nil).want(200).into(&asJSON)
	a, _ := json.Marshal(asYAML)
	b, _ := json.Marshal(asJSON)
	if string(a) != string(b) {
		t.Error("openapi.yaml and openapi.json differ")
	}
}

func TestEveryReferenceOfTheDescriptionLeadsSomewhere(t *testing.T) {
	h := serve(t)
	d := readDescription(t, h)
	body := string(h.raw("GET", "/api/v1/openapi.json", nil).body)
	for _, part := range strings.Split(body, `"$ref":"#/components/schemas/`)[1:] {
		name, _, _ := strings.Cut(part, `"`)
		if _, found := d.Components.Schemas[name]; !found {
			t.Errorf("a schema %q is referred to and not there", name)
		}
	}
	run, _ := d.Components.Schemas["Run"]["properties"].(map[string]any)
	for _, key := range []string{"id", "cause", "attempts", "progress", "target", "policy", "waiting", "exit_code", "pending", "next", "checkpoints"} {
		if run[key] == nil {
			t.Errorf("the schema of a run lacks %s", key)
		}
	}
	if _, nullable := run["progress"].(map[string]any)["anyOf"]; !nullable {
		t.Errorf("got progress %v, want it nullable", run["progress"])
	}
	if types, _ := run["unavailable_after"].(map[string]any)["type"].([]any); !slices.Contains(types, any("null")) {
		t.Errorf("got unavailable_after %v, want it nullable", run["unavailable_after"])
	}
}

func TestEveryRouteWithoutATokenIs401(t *testing.T) {
	h := serve(t)
	d := readDescription(t, h)
	open := map[string]bool{"POST /session": true, "GET /openapi.yaml": true, "GET /openapi.json": true}
	for path, item := range d.Paths {
		for method, op := range item.operations() {
			name := method + " " + path
			if open[name] || item.outside() {
				if op.Security == nil {
					t.Errorf("%s is not described as open", name)
				}
				continue
			}
			target := "/api/v1" + strings.NewReplacer("{name}", "a", "{server}", "b", "{id}", "c", "{seq}", "1", "{trigger}", "d", "{version}", "e").Replace(path)
			for _, header := range []string{"", "Bearer wrong", "Bearer ", "Basic " + token, token, "Bearer " + token + "x"} {
				r := h.raw(method, target, strings.NewReader("{}"), "Authorization", header)
				r.problem(http.StatusUnauthorized)
				if r.header.Get("WWW-Authenticate") == "" {
					t.Errorf("%s does not say how to authenticate", name)
				}
			}
		}
	}
	h.raw("GET", "/api/v1/nothing", nil).problem(401)
	h.raw("PUT", "/api/v1/tasks", nil).problem(401)
}
