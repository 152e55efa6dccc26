// Package architecture holds tests of the tree as a whole: which package may reach
// which, through others too, and which packages stay pure. They need no tool but Go,
// so that "make test" proves the layout on any machine; the linter says the same of
// direct imports in the editor.
package architecture
