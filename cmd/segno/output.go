package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"gopkg.in/yaml.v3"
)

func (a *app) println(args ...any) { fmt.Fprintln(a.out, args...) }

func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.out, format, args...) }

// note tells a person something that is not the output of the command.
func (a *app) note(format string, args ...any) { fmt.Fprintf(a.err, format+"\n", args...) }

// print writes v as the API has it where JSON or YAML is asked for, and else what people reads for a person.
func (a *app) print(v any, people func()) error {
	switch a.output {
	case "json":
		return writeJSON(a.out, v)
	case "yaml":
		return writeYAML(a.out, v)
	}
	people()
	return nil
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// writeYAML writes the JSON of v as YAML, its keys in the same order.
func writeYAML(w io.Writer, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var node yaml.Node
	if err := yaml.Unmarshal(data, &node); err != nil {
		return err
	}
	plain(&node)
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(&node); err != nil {
		return err
	}
	_, err = w.Write(out.Bytes())
	return err
}

// plain takes off the style of JSON: braces and quotes go where YAML needs none.
func plain(node *yaml.Node) {
	node.Style = 0
	if node.Kind == yaml.ScalarNode && node.Tag == "!!str" && strings.Contains(node.Value, "\n") {
		node.Style = yaml.LiteralStyle
	}
	if (node.Kind == yaml.MappingNode || node.Kind == yaml.SequenceNode) && len(node.Content) == 0 {
		node.Style = yaml.FlowStyle
	}
	for _, inner := range node.Content {
		plain(inner)
	}
}

// table writes rows for a person: columns, no lines between them.
func (a *app) table(header []string, rows [][]string) {
	t := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	bold := a.style().bold
	head := make(table.Row, len(header))
	for i, name := range header {
		head[i] = bold(strings.ToUpper(name))
	}
	t.AppendHeader(head)
	for _, row := range rows {
		cells := make(table.Row, len(row))
		for i, cell := range row {
			cells[i] = cell
		}
		t.AppendRow(cells)
	}
	a.println(t.Render())
}

// list writes items as a page of the API, or as a table with a line for each; nothing is what to say where there are none.
func list[T any](a *app, items []T, more bool, nothing string, header []string, row func(T) []string) error {
	if items == nil {
		items = []T{}
	}
	return a.print(map[string][]T{"items": items}, func() {
		if len(items) == 0 {
			a.note("%s", nothing)
			return
		}
		rows := make([][]string, len(items))
		for i, item := range items {
			rows[i] = row(item)
		}
		a.table(header, rows)
		if more {
			a.note("There are more; ask for them with --limit.")
		}
	})
}

// facts writes names and values below one another; those without a value are left out.
func (a *app) facts(pairs ...[2]string) {
	width := 0
	for _, p := range pairs {
		if p[1] != "" {
			width = max(width, len(p[0]))
		}
	}
	for _, p := range pairs {
		if p[1] != "" {
			a.printf("%s%s  %s\n", a.style().dim(p[0]), strings.Repeat(" ", width-len(p[0])), p[1])
		}
	}
}
