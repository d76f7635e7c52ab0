package segno_test

import (
	"bufio"
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	modulePath = "github.com/segno-jobs/segno"
	// tablePage has the table of packages that these tests hold the source to.
	tablePage = "docs/architecture.md"
	maxLines  = 600
)

// sourcePackage is what the files of one folder say.
type sourcePackage struct {
	// imports are the import paths of the files that are no tests, with a place where each stands.
	imports map[string]string
	// comment is true where a file has a package comment.
	comment bool
	// calls are uses of a package's function, such as "time.Now", with a place.
	calls map[string]string
}

// row is one package's row of the table.
type row struct {
	pure, generated    bool
	imports, libraries []string
}

// doesIO are packages of the standard library that a pure package does without. A path stands for those below it too.
var doesIO = []string{
	"os", "net", "io/fs", "io/ioutil", "database", "syscall", "log", "embed", "plugin", "crypto/rand", "crypto/tls",
	"path/filepath", "runtime", "testing", "C",
}

// asksTheWorld are functions whose answer is not a matter of their arguments.
var asksTheWorld = []string{
	"time.Now", "time.Since", "time.Until", "time.Sleep", "time.After", "time.AfterFunc", "time.Tick", "time.NewTimer",
	"time.NewTicker",
}

func TestPackagesImportOnlyWhatTheTableAllows(t *testing.T) {
	packages, table := readSource(t), readTable(t)
	for _, name := range slices.Sorted(maps.Keys(packages)) {
		allowed, ok := table[name]
		if !ok {
			t.Errorf("package %s has no row in %s", name, tablePage)
			continue
		}
		p := packages[name]
		for _, imported := range slices.Sorted(maps.Keys(p.imports)) {
			if why := refuse(allowed, imported); why != "" {
				t.Errorf("%s: package %s imports %s: %s", p.imports[imported], name, imported, why)
			}
		}
		for _, call := range slices.Sorted(maps.Keys(p.calls)) {
			if allowed.pure && slices.Contains(asksTheWorld, call) {
				t.Errorf("%s: package %s is pure and uses %s", p.calls[call], name, call)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(table)) {
		if packages[name] == nil {
			t.Errorf("%s has a row for package %s, which does not exist", tablePage, name)
		}
	}
}

// refuse returns why a package with that row may not import a path, or "".
func refuse(r row, imported string) string {
	first, _, _ := strings.Cut(imported, "/")
	switch {
	case imported == modulePath || strings.HasPrefix(imported, modulePath+"/"):
		if !slices.Contains(r.imports, strings.TrimPrefix(imported, modulePath+"/")) {
			return "the table does not allow it"
		}
	case strings.Contains(first, "."):
		if !slices.ContainsFunc(r.libraries, func(library string) bool { return within(imported, library) }) {
			return "the table does not allow this library"
		}
	case r.pure:
		if slices.ContainsFunc(doesIO, func(p string) bool { return within(imported, p) }) {
			return "the package is pure"
		}
	}
	return ""
}

func within(importPath, root string) bool {
	return importPath == root || strings.HasPrefix(importPath, root+"/")
}

// TestTheTableKeepsTheRules sees to it that a row is not widened past what the design allows.
func TestTheTableKeepsTheRules(t *testing.T) {
	only := map[string][]string{
		"github.com/jmoiron/sqlx":          {"store"},
		"github.com/mattn/go-sqlite3":      {"store"},
		"github.com/jackc/pgx/v5":          {"store", "store/storetest"},
		"github.com/pressly/goose/v3":      {"store"},
		"github.com/labstack/echo/v4":      {"api"},
		"github.com/danielgtaylor/huma/v2": {"api"},
		"github.com/robfig/cron/v3":        {"task"},
		"github.com/spf13/cobra":           {"cmd/conductor", "cmd/jobserver", "cmd/segno"},
		"store":                            {"cmd/conductor", "store/storetest"},
		"conductor":                        {"cmd/conductor", "sim"},
		"api":                              {"cmd/conductor"},
	}
	for name, r := range readTable(t) {
		for _, imported := range slices.Concat(r.imports, r.libraries) {
			if homes, ok := only[imported]; ok && !slices.Contains(homes, name) {
				t.Errorf("the row of %s allows %s, which only %v may import", name, imported, homes)
			}
		}
	}
	for _, name := range []string{"task", "policy", "jobserver", "virtualserver", "internal/fault"} {
		if !readTable(t)[name].pure {
			t.Errorf("the row of %s does not say that it is pure", name)
		}
	}
	for _, name := range []string{"jobserver/agent", "jobserver/guard", "jobserver/spool"} {
		for _, imported := range readTable(t)[name].imports {
			if within(imported, "api") || within(imported, "conductor") || imported == "virtualserver" {
				t.Errorf("the row of %s allows %s", name, imported)
			}
		}
	}
}

func TestProgramsWithoutCgoReachNeitherSQLNorC(t *testing.T) {
	packages := readSource(t)
	for _, program := range []string{"cmd/jobserver", "cmd/segno"} {
		if packages[program] == nil {
			t.Errorf("there is no program %s", program)
			continue
		}
		for imported, by := range reached(packages, program) {
			for _, banned := range []string{"C", "database/sql", modulePath + "/store", "github.com/mattn/go-sqlite3", "github.com/jackc/pgx/v5"} {
				if within(imported, banned) {
					t.Errorf("%s reaches %s through package %s", program, imported, by)
				}
			}
		}
	}
}

// reached returns all that a program's own packages import, each with one of the packages that do.
func reached(packages map[string]*sourcePackage, program string) map[string]string {
	all, queue := map[string]string{}, []string{program}
	for len(queue) > 0 {
		name := queue[0]
		queue = queue[1:]
		p := packages[name]
		if p == nil {
			continue
		}
		for imported := range p.imports {
			if _, seen := all[imported]; seen {
				continue
			}
			all[imported] = name
			if own, ok := strings.CutPrefix(imported, modulePath+"/"); ok {
				queue = append(queue, own)
			}
		}
	}
	return all
}

func TestEachPackageSaysWhatItIs(t *testing.T) {
	table := readTable(t)
	for name, p := range readSource(t) {
		if !p.comment && !table[name].generated {
			t.Errorf("package %s has no package comment", name)
		}
	}
}

func TestNoFileIsTooLong(t *testing.T) {
	for _, file := range goFiles(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(text, []byte("\n")); lines > maxLines && !generated(text) {
			t.Errorf("%s has %d lines, and may have %d: it has more than one subject", file, lines, maxLines)
		}
	}
}

var generatedMark = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

func generated(text []byte) bool { return generatedMark.Match(text) }

// goFiles lists the Go files of this module, with slashes and relative to its root.
func goFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && p != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules" || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() && p != ".":
			if _, err := os.Stat(filepath.Join(p, "go.mod")); err == nil {
				return fs.SkipDir // a module of its own
			}
		case strings.HasSuffix(p, ".go"):
			files = append(files, filepath.ToSlash(p))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("found no Go files")
	}
	return files
}

// readSource parses every file of the module that is no test.
func readSource(t *testing.T) map[string]*sourcePackage {
	t.Helper()
	packages, positions := map[string]*sourcePackage{}, token.NewFileSet()
	for _, name := range goFiles(t) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(positions, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		p := packages[path.Dir(name)]
		if p == nil {
			p = &sourcePackage{imports: map[string]string{}, calls: map[string]string{}}
			packages[path.Dir(name)] = p
		}
		p.comment = p.comment || file.Doc != nil
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			p.imports[imported] = positions.Position(spec.Pos()).String()
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if selector, ok := n.(*ast.SelectorExpr); ok {
				if left, ok := selector.X.(*ast.Ident); ok {
					p.calls[left.Name+"."+selector.Sel.Name] = positions.Position(n.Pos()).String()
				}
			}
			return true
		})
	}
	return packages
}

var quoted = regexp.MustCompile("`([^`]+)`")

// readTable reads the rows of the table of packages: those whose first column is one quoted name and that have four.
func readTable(t *testing.T) map[string]row {
	t.Helper()
	page, err := os.Open(tablePage)
	if err != nil {
		t.Fatal(err)
	}
	defer page.Close()
	table := map[string]row{}
	for lines := bufio.NewScanner(page); lines.Scan(); {
		name, r, ok, err := readRow(lines.Text())
		if err != nil {
			t.Fatalf("%s: %v", tablePage, err)
		}
		if !ok {
			continue
		}
		if _, twice := table[name]; twice {
			t.Errorf("%s has two rows for package %s", tablePage, name)
		}
		table[name] = r
	}
	if len(table) == 0 {
		t.Fatalf("%s has no table of packages", tablePage)
	}
	return table
}

func readRow(line string) (name string, r row, ok bool, err error) {
	cells := strings.Split(strings.Trim(line, "|"), "|")
	if len(cells) != 4 || !strings.HasPrefix(line, "| `") {
		return "", row{}, false, nil
	}
	names := quoted.FindAllStringSubmatch(cells[0], -1)
	if len(names) != 1 {
		return "", row{}, false, fmt.Errorf("a row needs one package, in backquotes: %s", line)
	}
	meaning := strings.TrimSpace(cells[1])
	r = row{pure: strings.HasPrefix(meaning, "pure:"), generated: strings.HasPrefix(meaning, "generated:")}
	for _, match := range quoted.FindAllStringSubmatch(cells[2], -1) {
		r.imports = append(r.imports, match[1])
	}
	for _, match := range quoted.FindAllStringSubmatch(cells[3], -1) {
		r.libraries = append(r.libraries, match[1])
	}
	return names[0][1], r, true, nil
}

func TestRefuseSeesThroughEachKindOfImport(t *testing.T) {
	r := row{pure: true, imports: []string{"task"}, libraries: []string{"example.com/lib"}}
	tests := map[string]bool{
		modulePath + "/task":       true,
		modulePath + "/task/inner": false,
		modulePath + "/store":      false,
		"example.com/lib/part":     true,
		"example.com/library":      false,
		"strings":                  true,
		"os":                       false,
		"os/exec":                  false,
		"net/http":                 false,
		"netip":                    true,
	}
	for imported, allowed := range tests {
		if why := refuse(r, imported); (why == "") != allowed {
			t.Errorf("%s: got %q, want allowed %t", imported, why, allowed)
		}
	}
}
