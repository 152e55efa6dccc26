// Package tooling tests what surrounds the code: the scripts that the make
// targets call, and the versions that modules and workflows name.
package tooling
