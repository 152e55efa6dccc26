// Package reason holds why something is done, or is not done: a code that stays
// the same between versions, and arguments with types and units. The words that
// people read are made in one place, words.go, from the code and the arguments.
// Programs and tests go by the code.
package reason
