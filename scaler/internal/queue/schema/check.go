package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
)

// PathError is what is wrong with a part of a JSON document.
type PathError struct {
	Path string // "jobs[3].asks.cpus"; "" is the whole document
	Why  string // "got string, want integer"
}

func (e *PathError) Error() string {
	if e.Path == "" {
		return e.Why
	}
	return e.Path + ": " + e.Why
}

// Under returns the error with a path in front of its own.
func (e *PathError) Under(path string) *PathError {
	switch {
	case path == "" || e.Path == "":
		path += e.Path
	case strings.HasPrefix(e.Path, "["):
		path += e.Path
	default:
		path += "." + e.Path
	}
	return &PathError{path, e.Why}
}

// Parts of a snapshot that are checked one by one.
const (
	Whole    = ""                 // of a snapshot
	JobGroup = "/$defs/job_group" // one of its jobs
	Skipped  = "/$defs/skipped"   // one of its skipped
	Worker   = "/$defs/worker"    // one of its workers
	property = "/properties/"     // with a name: one field of a snapshot
	document = "snapshot.json"    // name of the schema
	deepest  = 12                 // levels of brackets in a document
)

// Field returns the part that is one field of a snapshot.
func Field(name string) string { return property + name }

// IsField reports whether a snapshot has a field of that name.
func IsField(name string) bool { return fields[root+"."+name].about != "" }

// compiler returns the compiled part of the schema. Parts are compiled once.
var compiler = sync.OnceValue(func() func(part string) *jsonschema.Schema {
	raw, err := json.Marshal(Document())
	if err != nil {
		panic(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
	if err != nil {
		panic(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(document, doc); err != nil {
		panic(err)
	}
	var mu sync.Mutex
	return func(part string) *jsonschema.Schema {
		mu.Lock()
		defer mu.Unlock()
		return c.MustCompile(document + "#" + part)
	}
})

// Check checks the JSON text of a part of a snapshot against the schema. It refuses names
// that occur twice in an object as well.
func Check(part string, raw []byte) *PathError {
	if err := checkTokens(raw); err != nil {
		return err
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return &PathError{"", text.Line(err.Error(), 200)}
	}
	err := compiler()(part).Validate(v)
	if err == nil {
		return nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return &PathError{"", text.Line(err.Error(), 200)}
	}
	for len(invalid.Causes) > 0 {
		invalid = invalid.Causes[0]
	}
	return &PathError{pathOf(invalid), text.Line(words(invalid), 200)}
}

// pathOf returns the place of an error: "asks.cpus". An unknown field is its own place.
func pathOf(e *jsonschema.ValidationError) string {
	at := e.InstanceLocation
	if k, is := e.ErrorKind.(*kind.AdditionalProperties); is {
		at = append(slices.Clone(at), slices.Min(k.Properties))
	}
	var out strings.Builder
	for i, name := range at {
		out.WriteString(step(name, i == 0))
	}
	return out.String()
}

// step returns one step of a path. A name from a document is foreign text.
func step(name string, first bool) string {
	if _, err := strconv.Atoi(name); err == nil {
		return "[" + name + "]"
	}
	if name = text.Line(name, 100); first {
		return name
	}
	return "." + name
}

var english = message.NewPrinter(language.English)

func words(e *jsonschema.ValidationError) string {
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		return "there is no such field"
	case *kind.Required:
		return fmt.Sprintf("the field %s is missing", strings.Join(k.Missing, ", "))
	}
	return e.ErrorKind.LocalizedString(english)
}

// checkTokens refuses what the schema does not see: a name that occurs twice in an
// object, and too many levels of brackets. Lists that no part of a snapshot may have are
// refused as well: the schema's library makes an error of each wrong entry.
func checkTokens(raw []byte) *PathError {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	type level struct {
		names map[string]bool // of an object; nil: a list
		count int             // of the list's entries, or of the object's names
		value bool            // the next token of the object is a value
	}
	var open []level
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return &PathError{"", text.Line(err.Error(), 200)}
		}
		if n := len(open); n > 0 && open[n-1].names == nil && token != json.Delim(']') {
			if open[n-1].count++; open[n-1].count > mostLines {
				return &PathError{"", fmt.Sprintf("there is a list of more than %d entries", mostLines)}
			}
		}
		if n := len(open); n > 0 && open[n-1].names != nil {
			top := &open[n-1]
			name, isText := token.(string)
			switch {
			case top.value:
				top.value = false
			case isText && top.names[name]:
				return &PathError{step(name, true), "the name occurs twice in an object"}
			case isText:
				top.names[name], top.value = true, true
				if top.count++; top.count > mostWorkers {
					return &PathError{"", fmt.Sprintf("there is an object of more than %d fields", mostWorkers)}
				}
			}
		}
		switch token {
		case json.Delim('{'):
			open = append(open, level{names: map[string]bool{}})
		case json.Delim('['):
			open = append(open, level{})
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
		if len(open) > deepest {
			return &PathError{"", fmt.Sprintf("there are more than %d levels of brackets", deepest)}
		}
	}
}
