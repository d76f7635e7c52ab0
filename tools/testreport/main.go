// Command testreport reads the output of go test -json and prints it for a person: a line per package, the output of
// what failed, and the numbers at the end.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// event is one line of go test -json; see go doc test2json.
type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Elapsed    float64
	Output     string
}

func main() {
	r := report{out: os.Stdout, output: map[string]*strings.Builder{}}
	if err := r.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(1)
	}
	fmt.Fprintf(r.out, "go: %d passed, %d failed, %d skipped\n", r.passed, r.failed, r.skipped)
	if r.failed > 0 {
		os.Exit(1)
	}
}

// report gathers what was output by each test until it is known whether the test passed.
type report struct {
	out                     io.Writer
	output                  map[string]*strings.Builder
	passed, failed, skipped int
	// failedTests are the packages in which a test failed, so that the package is not counted as well.
	failedTests map[string]bool
}

func (r *report) read(in io.Reader) error {
	r.failedTests = map[string]bool{}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			r.line(line)
		}
		switch err {
		case nil:
		case io.EOF:
			return nil
		default:
			return err
		}
	}
}

func (r *report) line(line []byte) {
	var e event
	if json.Unmarshal(line, &e) != nil {
		fmt.Fprint(r.out, string(line)) // of a program that go test ran beside the tests
		return
	}
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		if r.output[key] == nil {
			r.output[key] = &strings.Builder{}
		}
		r.output[key].WriteString(e.Output)
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "pass", "fail", "skip":
		r.end(e, key)
	}
}

func (r *report) end(e event, key string) {
	output := r.output[key]
	delete(r.output, key)
	if e.Test == "" {
		r.endPackage(e, output)
		return
	}
	switch e.Action {
	case "pass":
		r.passed++
	case "skip":
		r.skipped++
	case "fail":
		r.failed++
		r.failedTests[e.Package] = true
		if output != nil {
			fmt.Fprint(r.out, output.String())
		}
	}
}

func (r *report) endPackage(e event, output *strings.Builder) {
	if e.Action == "fail" {
		if !r.failedTests[e.Package] {
			r.failed++
		}
		if output != nil {
			fmt.Fprint(r.out, output.String())
		}
		// A test that a panic or a timeout cut off has no end of its own.
		for key, rest := range r.output {
			if strings.HasPrefix(key, e.Package+" ") {
				fmt.Fprint(r.out, rest.String())
				delete(r.output, key)
			}
		}
	}
	if e.Action == "skip" {
		return // a package without tests
	}
	fmt.Fprintf(r.out, "%-4s  %7.2fs  %s\n", e.Action, e.Elapsed, e.Package)
}
