package manifest

import (
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

// takeTriggers takes the key triggers out of the body of a task or plan, and returns a document for each of them: nil where the
// key is not there, and none where its list is empty.
func (d *decoder) takeTriggers(body *yaml.Node) []Document {
	var list *yaml.Node
	rest := body.Content[:0:0]
	for i := 0; i+1 < len(body.Content); i += 2 {
		if body.Content[i].Value == "triggers" && list == nil {
			list = body.Content[i+1]
			continue
		}
		rest = append(rest, body.Content[i], body.Content[i+1])
	}
	if list == nil {
		return nil
	}
	body.Content = rest
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
