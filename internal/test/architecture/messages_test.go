package architecture_test

import (
	"go/ast"
	"go/token"
	"regexp"
	"strings"
	"testing"
)

// goVerb finds a verb by which fmt writes a Go type.
var goVerb = regexp.MustCompile(`%[#+]*T|%#v`)

// What the provider says is for people who do not know Go, so no text has a place for a
// type of Go. The table of wrong inputs (internal/test/wrong) reads the texts themselves.
func TestTextsHaveNoPlaceForGoTypes(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.test || testSupport(f.folder) || !strings.HasPrefix(f.folder, "internal/") {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING && goVerb.MatchString(text.Value) {
				t.Errorf("%s: %s", f.lines.Position(text.Pos()), text.Value)
			}
			return true
		})
	}
}
