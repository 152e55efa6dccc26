package wrong

import (
	"regexp"
	"strings"
)

// unfit are words that do not help the reader of a diagnostic: those of a program for its
// author, and what comes of putting sentences together carelessly.
var unfit = []struct {
	words *regexp.Regexp
	why   string
}{
	{regexp.MustCompile(`types\.\w+|basetypes|tftypes|attr\.|\*?\bcluster\.[A-Z]\w+|\[\]string|map\[string\]|int64|Int64|big\.Float|float64|<nil>|%!|\bnil\b`), "a Go type or value"},
	{regexp.MustCompile(`(?i)provider developer|report (this|it)|please report|always an error in the provider|bug in the provider`), "a call for the provider's developers"},
	{regexp.MustCompile(`\.\.(\s|$)|\. \.|;\.|,\.|:\.|\?\.|!\.|\s\.(\s|$)|::(\s|$)|;;|,,`), "doubled punctuation"},
	{regexp.MustCompile(`(?i)\b(invalid attribute value match|value conversion error|attribute \S+[^:] (value|string|list|map|set) )`), "the words of a library"},
	{regexp.MustCompile(`\b(ElementKey\w+|AttributeName|Value\(")`), "a path in the words of a library"},
}

var sentenceEnd = regexp.MustCompile(`[.!?](\s+|$)|\n+`)

// wordFaults returns what is wrong with the words of a diagnostic.
func wordFaults(d diagnostic) []string {
	var out []string
	for _, u := range unfit {
		if found := u.words.FindString(d.Summary + "\n" + d.Detail); found != "" {
			out = append(out, u.why+": "+found)
		}
	}
	said := map[string]bool{}
	for _, s := range sentenceEnd.Split(d.Summary+"\n"+d.Detail, -1) {
		s = strings.ToLower(strings.Join(strings.Fields(s), " "))
		if len(s) > 12 && said[s] {
			out = append(out, "a doubled sentence: "+s)
		}
		said[s] = true
	}
	return out
}
