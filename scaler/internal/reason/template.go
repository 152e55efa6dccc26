package reason

import (
	"fmt"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
)

// A template is English with places for arguments: {name} writes the argument in
// the form of its type, {name:worker} a count with its noun ("1 worker", "2
// workers"), {name|, } a list with that text between its parts. What stands in
// [square brackets] is left out where the reason lacks an argument in it.

// String returns the reason in English. The words of a code that this package does
// not know are the code and the arguments.
func (r Reason) String() string {
	template, ok := words[r.Code]
	if !ok {
		return r.Brief()
	}
	out, _ := r.fill(template)
	return out
}

// fill writes a template and reports whether all of its arguments were there.
func (r Reason) fill(template string) (string, bool) {
	var b strings.Builder
	whole := true
	for template != "" {
		i := strings.IndexAny(template, "{[")
		if i < 0 {
			b.WriteString(template)
			break
		}
		b.WriteString(template[:i])
		if template[i] == '[' {
			inner, rest, _ := strings.Cut(template[i+1:], "]")
			if text, all := r.fill(inner); all {
				b.WriteString(text)
			}
			template = rest
			continue
		}
		place, rest, _ := strings.Cut(template[i+1:], "}")
		text, there := r.place(place)
		b.WriteString(text)
		whole = whole && there
		template = rest
	}
	return b.String(), whole
}

// place writes one argument and reports whether the reason has it.
func (r Reason) place(place string) (string, bool) {
	name, noun, counted := strings.Cut(place, ":")
	name, between, _ := strings.Cut(name, "|")
	value := r.Get(name)
	switch v := value.(type) {
	case nil:
		return "{" + name + "}", false
	case int:
		if counted {
			return text.Count(v, noun), true
		}
	case []string:
		return strings.Join(v, or(between, ", ")), true
	case []Reason:
		parts := make([]string, 0, len(v))
		for _, nested := range v {
			parts = append(parts, nested.String())
		}
		return strings.Join(parts, or(between, "; ")), true
	}
	return written(value), true
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// written writes a value in the form of its type.
func written(value any) string {
	switch v := value.(type) {
	case time.Duration:
		return text.Seconds(v)
	case MiB:
		return v.String()
	case []string:
		return strings.Join(v, ",")
	}
	return fmt.Sprint(value)
}

// String writes the amount: "512 MiB", "62.8 GiB".
func (m MiB) String() string {
	if m < 1024 {
		return fmt.Sprintf("%d MiB", int(m))
	}
	return fmt.Sprintf("%.1f GiB", float64(m)/1024)
}
