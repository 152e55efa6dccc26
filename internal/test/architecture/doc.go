// Package architecture holds tests of the tree as a whole: who may import whom, and
// which packages stay pure. They need no tool but Go, so that "make test"
// proves the layout on any machine; the linter says the same in the editor.
package architecture
