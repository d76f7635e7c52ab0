package manifest

import (
	"errors"
	"io"

	"gopkg.in/yaml.v3"

	"github.com/segno-jobs/segno/task"
)

// Owner returns the task or plan that the triggers of a document belong to.
func (d Document) Owner() task.Owner {
	if d.Kind == KindPlan {
		return task.PlanOwner(d.Name)
	}
	return task.TaskOwner(d.Name)
}

// TriggerSpecs returns the triggers of a document as they are sent.
func (d Document) TriggerSpecs() []task.TriggerSpec {
	specs := make([]task.TriggerSpec, len(d.Triggers))
	for i, t := range d.Triggers {
		specs[i] = *t.Trigger
	}
	return specs
}

// LoadTrigger reads a file with one trigger: what stands for it below the key triggers of a task or plan. A name may be
// left out, and must be the one given where it is there; so must the kind, which is trigger. The path "-" stands for stdin.
func LoadTrigger(stdin io.Reader, path, name string) (Document, error) {
	file, r, err := open(stdin, path)
	if err != nil {
		return Document{}, err
	}
	defer func() { _ = r.Close() }()
	roots, err := parseRoots(file, r)
	if err != nil {
		return Document{}, err
	}
	if len(roots) != 1 || roots[0].Kind != yaml.MappingNode {
		return Document{}, &Error{File: file, Reason: "must hold one trigger, as it stands below the key triggers"}
	}
	root := roots[0]
	d := decoder{file: file}
	spec := &task.TriggerSpec{}
	kind, body := take(root, "kind")
	if kind != nil && kind.Value != string(KindTrigger) {
		d.fail(kind, "kind", "must be trigger, or be left out")
	}
	d.decode(body, spec)
	if spec.Name != "" && spec.Name != name {
		d.fail(child(root, "name"), "name", "must be %s, or be left out", name)
	}
	spec.Name = name
	return Document{Kind: KindTrigger, Name: name, File: file, Line: root.Line, Trigger: spec, root: root}, errors.Join(d.errs...)
}

// triggers returns a document for each trigger below the key triggers of a task or plan: nil where the key is not there, and
// none where its list is empty.
func (d *decoder) triggers(list *yaml.Node) []Document {
	if list == nil {
		return nil
	}
	docs := []Document{}
	if list.Kind != yaml.SequenceNode {
		d.fail(list, "triggers", "must be a list")
		return docs
	}
	lines := map[string]int{}
	for _, node := range list.Content {
		spec := &task.TriggerSpec{}
		d.decode(node, spec)
		if spec.Name == "" {
			d.fail(node, "", "this trigger has no name")
		} else if first, taken := lines[spec.Name]; taken {
			d.fail(node, "", "trigger %s is described in line %d already", spec.Name, first)
		}
		lines[spec.Name] = node.Line
		docs = append(docs, Document{Kind: KindTrigger, Name: spec.Name, File: d.file, Line: node.Line, Trigger: spec, root: node})
	}
	return docs
}
