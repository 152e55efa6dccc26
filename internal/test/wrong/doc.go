// Package wrong is the table of what a person gets wrong: configurations, the line
// that the CLI prints for each, and the words beside it.
//
// A row is a piece of HCL in testdata/<world>/<subject>.hcl. A world is a cloud with
// its circumstances, see worlds. The rows of a world share a few calls of the CLI:
// each row is a file and a resource of one configuration.
//
//	### an unknown image of a group
//	workers = {
//	  gpu = { flavor = "m1.small", count = 1, image = "nope" } # error
//	}
//	#> workers["gpu"].image = "nope": no image has this name
//
// The title comes first. The body is what the configuration of a cluster says that
// works otherwise, or, where it has a block, a whole file in which ROW stands for a
// name of the row's own, CLOUD for the address of the cloud's identity service. A line
// that ends in "# error", "# warning", "# 2 errors" and the like is one that the CLI
// has to print as the place of so many diagnostics; on the title such a mark stands
// for the first line of the resource, or, with "nowhere", for no line at all. A title
// without any mark in its row stands for a configuration that is accepted. "#> " begins
// a text that has to be there, as it reads without line breaks. A line "#-- then" ends
// a first configuration, which is applied before the second one is planned.
//
// Whatever a row says: no diagnostic appears beside those that are marked, and none
// has the words of a program for its author, see words_test.go.
package wrong
