// Package manifest reads what operators keep in files: job servers' settings, virtual servers, concurrency groups,
// calendars, tasks, plans, notification channels and rules, and the rules of retention as YAML documents, several to a file.
//
//	kind: virtual-server
//	name: etl
//	members: [js-1, js-2]
//	---
//	kind: task
//	name: load-orders
//	target: {virtual_server: etl}
//	job: {command: [sh, load.sh]}
//
// Beside kind, the keys are those of the API. Whatever is wrong in a document is told with its file and line, all of it
// at once: an unknown or repeated key, a value of the wrong type, a name that two documents have.
package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/segno-jobs/segno/notification"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
	"github.com/segno-jobs/segno/virtualserver"
)

// Kind is what a document describes.
type Kind string

// The kinds, in the order in which documents are applied.
const (
	KindServer        Kind = "server"
	KindVirtualServer Kind = "virtual-server"
	// KindConcurrencyGroup documents stand before tasks, which name them.
	KindConcurrencyGroup Kind = "concurrency-group"
	KindCalendar         Kind = "calendar"
	KindTask             Kind = "task"
	// KindPlan documents stand behind tasks, which they name.
	KindPlan Kind = "plan"
	// KindChannel documents stand before rules, which name them.
	KindChannel Kind = "notification-channel"
	KindRule    Kind = "notification-rule"
	// KindRetention is that of one document without a name: the rules for all that have none of their own.
	KindRetention Kind = "retention"
	// KindTrigger is no document to apply: triggers stand below the key triggers of their tasks and plans.
	KindTrigger Kind = "trigger"
)

var kinds = []Kind{KindServer, KindVirtualServer, KindConcurrencyGroup, KindCalendar, KindTask, KindPlan, KindChannel, KindRule, KindRetention}

// kindWords lists the kinds for a person.
func kindWords() string {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = string(k)
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// Document is one thing as a file has it. Exactly one of Server, VirtualServer, ConcurrencyGroup, Calendar, Task, Plan,
// Trigger, Channel, Rule and Retention is set.
type Document struct {
	Kind Kind
	Name string
	// File and Line say where the document begins.
	File string
	Line int

	Server           *Server
	VirtualServer    *virtualserver.Spec
	ConcurrencyGroup *task.ConcurrencyGroupSpec
	Calendar         *task.CalendarSpec
	Task             *task.Spec
	Plan             *plan.Spec
	// Triggers are those of a task or plan; nil where the document says nothing of them. Their names are those of the triggers.
	Triggers []Document
	Trigger  *task.TriggerSpec
	Channel  *Channel
	Rule     *notification.RuleSpec
	// Retention has the defaults in place of what the document leaves out.
	Retention *task.RetentionSettings

	root *yaml.Node
}

// Server is what a file may set on a job server. What is nil is left as it is, since a server gets its slots and power
// when it joins.
type Server struct {
	Name             string             `json:"name"`
	Description      *string            `json:"description,omitempty"`
	Labels           *map[string]string `json:"labels,omitempty"`
	Slots            *int               `json:"slots,omitempty"`
	Power            *float64           `json:"power,omitempty"`
	UnavailableAfter *task.Duration     `json:"unavailable_after,omitempty"`
}

// Error is one thing that is wrong in a file.
type Error struct {
	File string
	// Line counts from 1; 0 stands for the file as a whole.
	Line   int
	Reason string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Reason
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Reason)
}

// MaxBytes is the largest file that is read.
const MaxBytes = 4 << 20

// Parse reads the documents of one file. The name is used in errors.
func Parse(file string, r io.Reader) ([]Document, error) {
	roots, err := parseRoots(file, r)
	errs := []error{err}
	var docs []Document
	for _, root := range roots {
		doc, err := parseDocument(file, root)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		docs = append(docs, doc)
	}
	return docs, errors.Join(errs...)
}

// parseRoots returns the node of each document of one file that is not empty, up to the first that is no YAML.
func parseRoots(file string, r io.Reader) ([]*yaml.Node, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	if len(text) > MaxBytes {
		return nil, &Error{File: file, Reason: fmt.Sprintf("is larger than %d MiB", MaxBytes>>20)}
	}
	var roots []*yaml.Node
	for decoder := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var root yaml.Node
		err := decoder.Decode(&root)
		if errors.Is(err, io.EOF) {
			return roots, nil
		}
		if err != nil {
			return roots, &Error{File: file, Reason: strings.TrimPrefix(err.Error(), "yaml: ")}
		}
		if len(root.Content) > 0 && root.Content[0].Tag != "!!null" {
			roots = append(roots, root.Content[0])
		}
	}
}

// Sort puts documents into the order in which they can be applied, and refuses a name that two of a kind have.
func Sort(docs []Document) error {
	slices.SortStableFunc(docs, func(a, b Document) int {
		return slices.Index(kinds, a.Kind) - slices.Index(kinds, b.Kind)
	})
	type key struct {
		kind Kind
		name string
	}
	first := map[key]Document{}
	var errs []error
	for _, doc := range docs {
		k := key{doc.Kind, doc.Name}
		if earlier, taken := first[k]; taken {
			errs = append(errs, &Error{File: doc.File, Line: doc.Line, Reason: fmt.Sprintf(
				"%s %s is described at %s:%d already", doc.Kind, doc.Name, earlier.File, earlier.Line)})
			continue
		}
		first[k] = doc
	}
	return errors.Join(errs...)
}

// Where returns the line of the field with a path such as "job.steps[1].command", or of the nearest thing around it
// that stands in the document.
func (d Document) Where(path string) string {
	line := d.Line
	if d.root != nil {
		line = inside(d.root, path).Line
	}
	return fmt.Sprintf("%s:%d", d.File, line)
}

// inside returns the node below one with a path such as "job.steps[1].command", or the nearest around it that is there.
func inside(node *yaml.Node, path string) *yaml.Node {
	for _, part := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		inner := child(node, part)
		if inner == nil {
			break
		}
		node = inner
	}
	return node
}

func child(node *yaml.Node, part string) *yaml.Node {
	switch node.Kind {
	case yaml.AliasNode:
		return child(node.Alias, part)
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == part {
				return node.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		var index int
		if _, err := fmt.Sscanf(part, "%d", &index); err == nil && index >= 0 && index < len(node.Content) {
			return node.Content[index]
		}
	}
	return nil
}

func parseDocument(file string, root *yaml.Node) (Document, error) {
	doc := Document{File: file, Line: root.Line, root: root}
	if root.Kind != yaml.MappingNode {
		return doc, &Error{File: file, Line: root.Line, Reason: "a document must be a mapping with the key kind"}
	}
	kind, body, err := takeKind(file, root)
	if err != nil {
		return doc, err
	}
	doc.Kind = kind
	d := decoder{file: file}
	switch kind {
	case KindServer:
		doc.Server = &Server{}
		d.decode(body, doc.Server)
		doc.Name = doc.Server.Name
	case KindVirtualServer:
		doc.VirtualServer = &virtualserver.Spec{}
		d.decode(body, doc.VirtualServer)
		doc.Name = doc.VirtualServer.Name
	case KindConcurrencyGroup:
		doc.ConcurrencyGroup = &task.ConcurrencyGroupSpec{}
		d.decode(body, doc.ConcurrencyGroup)
		doc.Name = doc.ConcurrencyGroup.Name
	case KindCalendar:
		doc.Calendar = &task.CalendarSpec{}
		d.decode(body, doc.Calendar)
		doc.Name = doc.Calendar.Name
	case KindTask:
		doc.Task = &task.Spec{}
		triggers, rest := take(body, "triggers")
		doc.Triggers = d.triggers(triggers)
		d.decode(rest, doc.Task)
		doc.Name = doc.Task.Name
	case KindPlan:
		doc.Plan = &plan.Spec{}
		triggers, rest := take(body, "triggers")
		doc.Triggers = d.triggers(triggers)
		d.decode(rest, doc.Plan)
		doc.Name = doc.Plan.Name
	case KindChannel:
		doc.Channel = &Channel{}
		d.decode(body, doc.Channel)
		doc.Name = doc.Channel.Name
	case KindRule:
		doc.Rule = &notification.RuleSpec{}
		d.decode(body, doc.Rule)
		doc.Name = doc.Rule.Name
	case KindRetention:
		settings := task.DefaultRetention()
		doc.Retention = &settings
		d.decode(body, doc.Retention)
		doc.Name = "settings"
	default:
		return doc, &Error{File: file, Line: child(root, "kind").Line,
			Reason: fmt.Sprintf("kind %q is unknown; it must be %s", kind, kindWords())}
	}
	if err := errors.Join(d.errs...); err != nil {
		return doc, err
	}
	if doc.Name == "" {
		return doc, &Error{File: file, Line: root.Line, Reason: fmt.Sprintf("this %s has no name", kind)}
	}
	return doc, nil
}

// takeKind returns the kind of a document and the rest of it.
func takeKind(file string, root *yaml.Node) (Kind, *yaml.Node, error) {
	kind, body := take(root, "kind")
	if kind == nil || kind.Kind != yaml.ScalarNode {
		return "", nil, &Error{File: file, Line: root.Line, Reason: "the key kind is missing; it must be " + kindWords()}
	}
	return Kind(kind.Value), body, nil
}

// take returns the first value that a mapping has under a key, or nil, and the mapping without it.
func take(mapping *yaml.Node, key string) (value, rest *yaml.Node) {
	without := *mapping
	without.Content = nil
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key && value == nil {
			value = mapping.Content[i+1]
			continue
		}
		without.Content = append(without.Content, mapping.Content[i], mapping.Content[i+1])
	}
	return value, &without
}
