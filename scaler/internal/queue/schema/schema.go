package schema

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// Draft is the version of JSON Schema in which the schema is written.
const Draft = "https://json-schema.org/draft/2020-12/schema"

// types are the names of the definitions, by their types. The snapshot is the root.
var types = map[reflect.Type]string{
	reflect.TypeFor[queue.Snapshot]():        root,
	reflect.TypeFor[queue.Claim]():           "claim",
	reflect.TypeFor[queue.Skipped]():         "skipped",
	reflect.TypeFor[queue.JobGroup]():        "job_group",
	reflect.TypeFor[queue.Shape]():           "shape",
	reflect.TypeFor[queue.Requirement]():     "requirement",
	reflect.TypeFor[queue.Worker]():          "worker",
	reflect.TypeFor[queue.Traits]():          "traits",
	reflect.TypeFor[queue.AttributeTraits](): "attribute_traits",
}

const root = "snapshot"

// object is a schema as encoding/json writes it.
type object = map[string]any

// Document returns the JSON Schema of a snapshot, as encoding/json writes it.
func Document() map[string]any {
	definitions := object{}
	var whole object
	for t, name := range types {
		d := structure(name, t)
		if name == root {
			whole = d
		} else {
			definitions[name] = d
		}
	}
	whole["properties"].(object)["version"] = described(root+".version", object{"type": "integer"})
	whole["required"] = slices.Sorted(slices.Values(append(whole["required"].([]string), "version")))
	whole["$schema"], whole["$defs"] = Draft, definitions
	whole["title"] = fmt.Sprintf("Snapshot of a batch system, version %d", queue.FormatVersion)
	whole["description"] = "What a program of queue \"program\" prints, and what the scaler records. A field that is zero, empty or false may be left out unless it is required. Times are RFC 3339."
	return whole
}

// Write writes the schema as text.
func Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(Document())
}

// structure returns the schema of a struct: all of its fields, and no others.
func structure(name string, t reflect.Type) object {
	properties, required := object{}, []string{}
	for f := range t.Fields() {
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		properties[key] = described(name+"."+key, typed(f.Type))
		if fields[name+"."+key].required {
			required = append(required, key)
		}
	}
	out := object{"type": "object", "properties": properties, "additionalProperties": false}
	if slices.Sort(required); len(required) > 0 {
		out["required"] = required
	}
	return out
}

// described returns a field's schema with what the table says of the field.
func described(path string, s object) object {
	s = maps.Clone(s)
	f := fields[path]
	if f.about == "" {
		panic("schema: nothing describes " + path)
	}
	s["description"] = f.about
	maps.Copy(s, f.also)
	return s
}

// typed returns the schema of a Go type.
func typed(t reflect.Type) object {
	if name, ok := types[t]; ok {
		return object{"$ref": "#/$defs/" + name}
	}
	switch t {
	case reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case reflect.TypeFor[queue.Attributes]():
		return object{
			"type":                 "object",
			"propertyNames":        object{"pattern": "^[^A-Z]+$", "maxLength": queue.LongestName},
			"additionalProperties": object{"type": []string{"string", "boolean", "number", "null"}},
		}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return typed(t.Elem())
	case reflect.Slice:
		return object{"type": "array", "items": typed(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": typed(t.Elem())}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int:
		return object{"type": "integer", "minimum": 0, "maximum": queue.MostAmount}
	}
	panic(fmt.Sprintf("schema: a snapshot has a %s", t))
}
