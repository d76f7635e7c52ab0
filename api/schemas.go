package api

import (
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/notification"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
	"github.com/segno-jobs/segno/virtualserver"
)

// newSchemas returns a registry that knows the types which write their own JSON.
func newSchemas() huma.Registry {
	r := huma.NewMapRegistry(schemaPrefix, schemaName)
	r.RegisterTypeAlias(reflect.TypeFor[task.Duration](), reflect.TypeFor[durationSchema]())
	r.RegisterTypeAlias(reflect.TypeFor[task.Bytes](), reflect.TypeFor[bytesSchema]())
	r.RegisterTypeAlias(reflect.TypeFor[virtualserver.Rating](), reflect.TypeFor[ratingSchema]())
	r.RegisterTypeAlias(reflect.TypeFor[policy.Policy](), reflect.TypeFor[policySchema]())
	return r
}

// schemaName names the schema of a type by the type's name; the documents of operators have their package's before it.
func schemaName(t reflect.Type, hint string) string {
	switch t {
	case reflect.TypeFor[task.Spec]():
		return "TaskSpec"
	case reflect.TypeFor[virtualserver.Spec]():
		return "VirtualServerSpec"
	case reflect.TypeFor[plan.Spec]():
		return "PlanSpec"
	case reflect.TypeFor[plan.Node](), reflect.TypeFor[plan.Edge](), reflect.TypeFor[plan.Group]():
		return "PlanSpec" + t.Name()
	case reflect.TypeFor[task.TriggerSpec]():
		return "TriggerSpec"
	case reflect.TypeFor[notification.RuleSpec]():
		return "NotificationRuleSpec"
	case reflect.TypeFor[task.Retention](), reflect.TypeFor[*task.Retention]():
		return "TaskRetention"
	case reflect.TypeFor[plan.Retention](), reflect.TypeFor[*plan.Retention]():
		return "PlanRetention"
	case reflect.TypeFor[task.CalendarSpec]():
		return "CalendarSpec"
	}
	return huma.DefaultSchemaNamer(t, hint)
}

type durationSchema struct{}

// Schema describes task.Duration.
func (durationSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: "string", Pattern: `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`, Examples: []any{"90s"}}
}

type bytesSchema struct{}

// Schema describes task.Bytes.
func (bytesSchema) Schema(huma.Registry) *huma.Schema {
	least := 0.0
	return &huma.Schema{OneOf: []*huma.Schema{
		{Type: "string", Pattern: `^[0-9]+(\.[0-9]+)? ?([kKMGT]i?B|B)?$`, Examples: []any{"64MiB"}},
		{Type: "integer", Format: "int64", Minimum: &least},
	}}
}

type policySchema struct{}

// Schema describes policy.Policy.
func (policySchema) Schema(huma.Registry) *huma.Schema {
	kinds := words(each(policy.Kinds())...)
	after := durationSchema{}.Schema(nil)
	after.Description = "Silence of the server after which the step is taken, longer than that of the step before."
	do := kinds
	step := &huma.Schema{
		Type: "object", Properties: map[string]*huma.Schema{"after": after, "do": &do},
		Required: []string{"after", "do"}, AdditionalProperties: false,
	}
	kinds.Description = "One step, taken when the server counts as unavailable."
	return &huma.Schema{OneOf: []*huma.Schema{
		&kinds, {Type: "array", Description: "A ladder: each step is taken once the server has been silent for that long.", Items: step},
	}}
}

type ratingSchema struct{}

// Schema describes virtualserver.Rating.
func (ratingSchema) Schema(r huma.Registry) *huma.Schema {
	indicators := r.Schema(reflect.TypeFor[[]virtualserver.Indicator](), true, "")
	indicators.Nullable = false
	return &huma.Schema{OneOf: []*huma.Schema{
		{Type: "string", Description: "Name of a preset: recommended, plain or talend."},
		{
			Type: "object", Properties: map[string]*huma.Schema{"indicators": indicators},
			Required: []string{"indicators"}, AdditionalProperties: false,
		},
	}}
}

// nullablePointers says of the fields of a schema that are pointers that they may be null, unless they are left out then.
func nullablePointers(schemas huma.Registry, name string, s *huma.Schema) {
	t := schemas.TypeFromRef(schemaPrefix + name)
	if t == nil || t.Kind() != reflect.Struct {
		return
	}
	for _, f := range reflect.VisibleFields(t) {
		tag := f.Tag.Get("json")
		key, _, _ := strings.Cut(tag, ",")
		p := s.Properties[key]
		if p == nil || f.Type.Kind() != reflect.Pointer || strings.Contains(tag, "omit") {
			continue
		}
		if p.Ref == "" {
			p.Nullable = true
			continue
		}
		s.Properties[key] = &huma.Schema{Description: p.Description, AnyOf: []*huma.Schema{{Ref: p.Ref}, {Type: "null"}}}
	}
}

// queryParam describes a parameter of a query.
type queryParam struct {
	doc    string
	schema huma.Schema
	many   bool
}

func (p queryParam) param(name string) *huma.Param {
	schema := p.schema
	if schema.Type == "" {
		schema.Type = "string"
	}
	if !p.many {
		return &huma.Param{Name: name, In: "query", Description: p.doc, Schema: &schema}
	}
	explode := true
	return &huma.Param{
		Name: name, In: "query", Description: p.doc, Style: "form", Explode: &explode,
		Schema: &huma.Schema{Type: "array", Items: &schema},
	}
}

// queryParams describes every parameter that a route takes; one under "<operation>.<name>" goes before the one under its
// name alone.
var queryParams = map[string]queryParam{
	"q":                  {doc: "Part of the name."},
	"limit":              {doc: "Most items of the page.", schema: wholeNumber(1, page.MaxLimit, page.DefaultLimit)},
	"cursor":             {doc: "next_cursor of the page before."},
	"kind":               {doc: "Kind of server.", schema: words("job", "runtime")},
	"status":             {doc: "Status of the server.", schema: words(statuses...)},
	"label":              {doc: "A label that the server has, as key=value; may be repeated.", many: true},
	"virtual_server":     {doc: "Name of a virtual server."},
	"server":             {doc: "Name of a job server."},
	"task":               {doc: "Name of a task."},
	"state":              {doc: "States of the runs, repeated or separated by commas.", schema: words(stateWords()...), many: true},
	"cause":              {doc: "What asked for the runs, repeated or separated by commas.", schema: words(causes...), many: true},
	"listRuns.q":         {doc: "Part of the id, of the task's name or of the reason."},
	"since":              {doc: "Queued, or of a plan run started, at this instant or later.", schema: instant},
	"until":              {doc: "Queued, or of a plan run started, before this instant.", schema: instant},
	"from":               {doc: "First instant; by default an hour before the last.", schema: instant},
	"to":                 {doc: "Last instant, itself left out; by default now.", schema: instant},
	"attempt":            {doc: "Number of the attempt; by default the newest.", schema: huma.Schema{Type: "integer"}},
	"offset":             {doc: "First byte to read.", schema: huma.Schema{Type: "integer", Format: "int64"}},
	"getRunLog.limit":    {doc: "Most bytes of output.", schema: wholeNumber(1, maxLogLimit, defaultLogLimit)},
	"download":           {doc: "Send all of the attempt's output as a file, as the job wrote it.", schema: huma.Schema{Type: "boolean"}},
	"getTimeline.limit":  {doc: "Most items of the page.", schema: wholeNumber(1, maxSpans, defaultSpans)},
	"follow":             {doc: "Answer with server-sent events as they come.", schema: huma.Schema{Type: "boolean"}},
	"format":             {doc: "Bytes as the job wrote them, or pieces with time and stream.", schema: words("text", "json")},
	"after":              {doc: "Id of the last event already seen.", schema: huma.Schema{Type: "integer", Format: "int64"}},
	"listEvents.kind":    {doc: "Kinds of event or their beginnings, such as run. or server.online; repeated or separated by commas.", many: true},
	"subject":            {doc: "Name or id of what events are about."},
	"newest":             {doc: "Newest events first.", schema: huma.Schema{Type: "boolean"}},
	"plan":               {doc: "Name of a plan."},
	"listPlanRuns.state": {doc: "States of the plan runs, repeated or separated by commas.", schema: words(each(plan.States())...), many: true},
}

var instant = huma.Schema{Type: "string", Format: "date-time"}

func wholeNumber(least, most float64, otherwise int) huma.Schema {
	return huma.Schema{Type: "integer", Minimum: &least, Maximum: &most, Default: otherwise}
}

func words(all ...string) huma.Schema {
	s := huma.Schema{Type: "string"}
	for _, w := range all {
		s.Enum = append(s.Enum, w)
	}
	return s
}

func stateWords() []string { return each(task.States()) }

// each returns words of a kind as plain strings.
func each[T ~string](words []T) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = string(w)
	}
	return out
}
