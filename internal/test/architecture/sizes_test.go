package architecture_test

import (
	"go/ast"
	"testing"
)

const (
	mostMethods  = 20 // of a type
	longestBlock = 60 // lines of a function
)

// An object with many methods hides several ideas, in however many files it is. A facade
// embeds one type for each subject.
func TestTypesAreSmall(t *testing.T) {
	methods, files := map[string]int{}, map[string]map[string]bool{}
	for _, f := range goFiles(t) {
		if f.test || testSupport(f.folder) {
			continue
		}
		for _, d := range f.syntax.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv == nil {
				continue
			}
			name := f.folder + "." + receiver(fn.Recv.List[0].Type)
			methods[name]++
			if files[name] == nil {
				files[name] = map[string]bool{}
			}
			files[name][f.name] = true
		}
	}
	for name, n := range methods {
		if n > mostMethods {
			t.Errorf("%s has %d methods in %d files, more than %d", name, n, len(files[name]), mostMethods)
		}
	}
}

func TestFunctionsAreShort(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		for _, d := range f.syntax.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			lines := f.lines.Position(fn.End()).Line - f.lines.Position(fn.Pos()).Line + 1
			if lines > longestBlock {
				t.Errorf("%s: %s has %d lines, more than %d", f.name, fn.Name.Name, lines, longestBlock)
			}
		}
	}
}

func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return "?"
}
