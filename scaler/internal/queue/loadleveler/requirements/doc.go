// Package requirements reads LoadLeveler's keyword "requirements": the expression by which
// a step says what its machines must be, such as
//
//	(Arch == "R6000") && (OpSys == "AIX53") && (Feature == "gpu") && (Machine == {"a" "b"})
//
// The language is that of "Using and Administering" (SA22-7881, job command file keywords):
// comparisons of a variable with a text, a number or a list of texts, joined by && and ||,
// and in brackets. An expression is judged in three values: what depends on a variable that
// is not known is neither met nor unmet.
package requirements
