package openstacktest

import (
	"bytes"
	"encoding/json"
	"strings"
)

// pyRepr writes JSON as Python prints the same value: Nova quotes what it
// refuses in that form.
func pyRepr(raw json.RawMessage) string {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var b strings.Builder
	writeRepr(&b, d)
	return b.String()
}

func writeRepr(b *strings.Builder, d *json.Decoder) {
	t, err := d.Token()
	if err != nil {
		return
	}
	switch v := t.(type) {
	case json.Delim:
		b.WriteString(v.String())
		for i := 0; d.More(); i++ {
			if i > 0 {
				b.WriteString(", ")
			}
			writeRepr(b, d)
			if v == '{' {
				b.WriteString(": ")
				writeRepr(b, d)
			}
		}
		if end, err := d.Token(); err == nil {
			b.WriteString(end.(json.Delim).String()) //nolint:forcetypeassert // More was false: it is the end
		}
	case string:
		b.WriteString(pyString(v))
	case json.Number:
		b.WriteString(v.String())
	case bool:
		if v {
			b.WriteString("True")
		} else {
			b.WriteString("False")
		}
	default:
		b.WriteString("None")
	}
}

func pyString(s string) string {
	quote := "'"
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = `"`
	}
	s = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s)
	if quote == "'" {
		s = strings.ReplaceAll(s, "'", `\'`)
	}
	return quote + s + quote
}
