package architecture_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const root = "../../.." // of the module, from this package

// goFile is what the rules ask of a source file.
type goFile struct {
	name    string // slash path from the root
	folder  string // its folder; "." for the root
	test    bool
	imports []string
	syntax  *ast.File
	lines   *token.FileSet // of syntax
}

// goFiles parses every Go file of this module: folders with a go.mod of their
// own are other modules.
func goFiles(t *testing.T) []goFile {
	t.Helper()
	var files []goFile
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return enter(name, entry)
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		f, err := parse(name)
		if err != nil {
			return err
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no Go file found")
	}
	return files
}

func enter(name string, entry fs.DirEntry) error {
	if name == root {
		return nil
	}
	if strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata" || entry.Name() == "bin" || entry.Name() == "dist" {
		return fs.SkipDir
	}
	if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

func parse(name string) (goFile, error) {
	lines := token.NewFileSet()
	syntax, err := parser.ParseFile(lines, name, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return goFile{}, err
	}
	rel, err := filepath.Rel(root, name)
	if err != nil {
		return goFile{}, err
	}
	f := goFile{
		name:   filepath.ToSlash(rel),
		folder: filepath.ToSlash(filepath.Dir(rel)),
		test:   strings.HasSuffix(name, "_test.go"),
		syntax: syntax,
		lines:  lines,
	}
	for _, spec := range syntax.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return goFile{}, err
		}
		f.imports = append(f.imports, imported)
	}
	return f, nil
}
