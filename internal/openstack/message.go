package openstack

import (
	"encoding/json"
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

const (
	longestMessage = 500     // characters of an API's words that are shown
	largestRefusal = 1 << 20 // bytes of a refusal that are looked at
)

var (
	htmlHead = regexp.MustCompile(`(?is)<head.*?</head>|<script.*?</script>|<style.*?</style>`)
	htmlTag  = regexp.MustCompile(`(?s)<[^>]*>`)
	spaces   = regexp.MustCompile(`\s+`)
)

// message returns the API's own words from the body of a refusal: Nova's
// {"badRequest": {"message": …}}, Neutron's {"NeutronError": {"message": …}},
// Keystone's {"error": {"message": …}}, Placement's {"errors": [{"detail": …}]},
// and the HTML pages and plain lines of Glance and of proxies.
func message(body []byte) string {
	text := string(body[:min(len(body), largestRefusal)])
	var content any
	if json.Unmarshal(body, &content) == nil {
		if found := find(content, 0); found != "" {
			text = found
		}
	}
	if strings.HasPrefix(strings.TrimSpace(text), "<") {
		text = html.UnescapeString(htmlTag.ReplaceAllString(htmlHead.ReplaceAllString(text, " "), " "))
	}
	return clean(text)
}

// clean returns foreign text in one line of at most longestMessage characters, without
// characters that a terminal obeys.
func clean(text string) string {
	if most := 64 << 10; len(text) > most {
		text = text[:most]
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == unicode.ReplacementChar, !unicode.IsPrint(r):
			return -1
		}
		return r
	}, text)
	text = strings.TrimSpace(spaces.ReplaceAllString(text, " "))
	if runes := []rune(text); len(runes) > longestMessage {
		text = string(runes[:longestMessage]) + "…"
	}
	return text
}

// find returns the first text under a key that services use for their words,
// the outermost first.
func find(content any, depth int) string {
	if depth > 3 {
		return ""
	}
	switch c := content.(type) {
	case string:
		if depth > 0 {
			return ""
		}
		return c
	case []any:
		for _, item := range c {
			if found := find(item, depth+1); found != "" {
				return found
			}
		}
	case map[string]any:
		for _, key := range []string{"message", "detail", "faultstring", "NeutronError", "error"} {
			if text, ok := c[key].(string); ok && text != "" {
				return text
			}
		}
		for _, key := range slices.Sorted(maps.Keys(c)) {
			if found := find(c[key], depth+1); found != "" {
				return found
			}
		}
	}
	return ""
}
