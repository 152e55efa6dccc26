// Package rule holds what attributes have to be, each rule with the words for a person
// who has broken it. The words go on after the attribute and its value, which package
// place puts in front: image = "": must not be empty.
package rule
