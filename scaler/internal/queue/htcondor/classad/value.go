package classad

import (
	"fmt"
	"strings"
)

// Undefined is the ClassAd value of an attribute that is not there.
type Undefined struct{}

// Unknown is the value of an attribute that was not fetched or that this package
// cannot compute. ClassAd's undefined, in contrast, is a known fact.
type Unknown struct{}

// unread stands for a list or an ad inside an ad. ValueOf reads it as unknown.
const unread = "{}"

// TextOf writes an attribute's value as an expression.
func TextOf(v any) string {
	switch v := v.(type) {
	case nil, Undefined:
		return "undefined"
	case string:
		return `"` + escape.Replace(v) + `"`
	case bool:
		return fmt.Sprint(v)
	case int64:
		return fmt.Sprint(v)
	case float64:
		return realText(v)
	case *Expression:
		return v.text
	}
	return unread
}

var escape = strings.NewReplacer(`"`, `\"`, `\`, `\\`)
