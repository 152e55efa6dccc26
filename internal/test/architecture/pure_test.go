package architecture_test

import (
	"go/ast"
	"testing"
)

// Packages that judge take the time as an argument: a decision that reads the
// clock can't be replayed.
func TestPurePackagesReadNoClock(t *testing.T) {
	pure := []string{"internal/cluster", "internal/cloudinit", "scaler/internal/demand", "scaler/internal/decide"}
	clock := map[string]bool{"Now": true, "Since": true, "Until": true, "Sleep": true, "After": true, "Tick": true, "NewTimer": true, "NewTicker": true}
	for _, f := range goFiles(t) {
		if f.test || !covers(pure, f.folder) {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "time" && clock[sel.Sel.Name] {
				t.Errorf("%s uses time.%s: take the time as an argument", f.name, sel.Sel.Name)
			}
			return true
		})
	}
}

// Every package says in one sentence what it is for.
func TestPackagesHaveADocComment(t *testing.T) {
	documented := map[string]bool{}
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		documented[f.folder] = documented[f.folder] || f.syntax.Doc != nil
	}
	for folder, ok := range documented {
		if !ok {
			t.Errorf("the package in %s has no doc comment", folder)
		}
	}
}
