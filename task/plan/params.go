package plan

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// reference is what stands between ${{ and }} in a parameter of a node: a parameter of the plan, or an output of a node.
type reference struct {
	param        string
	node, output string
}

func parseReference(text string) (reference, error) {
	if name, isParam := strings.CutPrefix(text, "params."); isParam && name != "" {
		return reference{param: name}, nil
	}
	if rest, isNode := strings.CutPrefix(text, "nodes."); isNode {
		if node, output, ok := strings.Cut(rest, ".outputs."); ok && node != "" && output != "" {
			return reference{node: node, output: output}, nil
		}
	}
	return reference{}, fmt.Errorf(`refers to %.80q; only "params.<name>" and "nodes.<node>.outputs.<name>" can be filled in`, text)
}

// Sources returns the names of the nodes whose outputs the parameters of a node refer to, each once and sorted.
func (n Node) Sources() []string {
	found := map[string]bool{}
	for _, text := range n.Params {
		_, _ = task.Substitute(text, func(name string) (string, error) {
			if ref, err := parseReference(name); err == nil && ref.node != "" {
				found[ref.node] = true
			}
			return "", nil
		})
	}
	return slices.Sorted(maps.Keys(found))
}

// Outputs are the outputs of nodes, by the nodes' names. A node that is missing has no run.
type Outputs map[string]map[string]string

// Fill returns the parameters of a node with its references replaced by the plan run's parameters and by outputs of earlier
// nodes. An output that is missing is a fault of kind fault.Invalid, under "params.<name>".
func (n Node) Fill(params map[string]string, outputs Outputs) (map[string]string, error) {
	if len(n.Params) == 0 {
		return nil, nil
	}
	filled := make(map[string]string, len(n.Params))
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(n.Params)) {
		value, err := task.Substitute(n.Params[name], func(text string) (string, error) { return lookUp(text, params, outputs) })
		if err != nil {
			errs = append(errs, fault.Field("params."+name, "%s", OneLine(err)))
		}
		filled[name] = value
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return filled, nil
}

func lookUp(text string, params map[string]string, outputs Outputs) (string, error) {
	ref, err := parseReference(text)
	if err != nil {
		return "", err
	}
	if ref.param != "" {
		value, known := params[ref.param]
		if !known {
			return "", fmt.Errorf("refers to params.%.80s, which the plan does not declare", ref.param)
		}
		return value, nil
	}
	of, ran := outputs[ref.node]
	value, known := of[ref.output]
	switch {
	case !ran:
		return "", fmt.Errorf("needs the output %.80s of %s, which did not run", ref.output, ref.node)
	case !known:
		return "", fmt.Errorf("needs the output %.80s of %s, which did not give it", ref.output, ref.node)
	}
	return value, nil
}

// OneLine joins the lines of an error of several parts.
func OneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// MergeParams returns the plan's parameters with those of a request put over them. Only parameters that the plan declares
// may be set; an unknown one is a fault of kind fault.Invalid under "params.<name>".
func (s Spec) MergeParams(given map[string]string) (map[string]string, error) {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(given)) {
		path := fmt.Sprintf("params.%.80s", name)
		if _, known := s.Params[name]; !known {
			errs = append(errs, fault.Field(path, "is not a parameter of the plan; it has %s", listed(s.Params)))
			continue
		}
		if err := task.CheckText(path, given[name], task.MaxParamValue); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	merged := maps.Clone(s.Params)
	maps.Copy(merged, given)
	return merged, nil
}

// listed names parameters for a person.
func listed(params map[string]string) string {
	names := slices.Sorted(maps.Keys(params))
	switch {
	case len(names) == 0:
		return "none"
	case len(names) > 10:
		return strings.Join(names[:10], ", ") + fmt.Sprintf(" and %d more", len(names)-10)
	}
	return strings.Join(names, ", ")
}
