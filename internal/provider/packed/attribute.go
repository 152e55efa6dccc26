package packed

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/vmihailenco/msgpack/v5"
)

// Attribute is a computed map of objects whose attributes are texts. The framework's
// schema has a computed string of that name, with the map's description.
type Attribute struct {
	Name   string
	Fields []Field
}

// Field is an attribute of each of the objects.
type Field struct {
	Name, Description string // the description is in Markdown
}

// Element returns the type of the objects.
func (a Attribute) Element() tftypes.Object {
	types := make(map[string]tftypes.Type, len(a.Fields))
	for _, f := range a.Fields {
		types[f.Name] = tftypes.String
	}
	return tftypes.Object{AttributeTypes: types}
}

func (a Attribute) typ() tftypes.Map { return tftypes.Map{ElementType: a.Element()} }

// Pack returns the text for some objects of the type Element by name, each known or
// unknown. Equal objects have equal texts. It panics where one is of another type.
func (a Attribute) Pack(objects map[string]tftypes.Value) string {
	var out bytes.Buffer
	enc := msgpack.NewEncoder(&out)
	must(enc.EncodeMapLen(len(objects)))
	typ := a.Element()
	for _, name := range slices.Sorted(maps.Keys(objects)) {
		must(enc.EncodeString(name))
		object, err := tfprotov6.NewDynamicValue(typ, objects[name])
		must(err)
		out.Write(object.MsgPack)
	}
	return out.String()
}

// must panics with an error of an encoder that writes values of known types to memory.
func must(err error) {
	if err != nil {
		panic(fmt.Sprintf("pack an attribute: %s", err))
	}
}

// Unpack returns the objects that a text holds, by name.
func (a Attribute) Unpack(text string) (map[string]tftypes.Value, error) {
	value, err := tfprotov6.DynamicValue{MsgPack: []byte(text)}.Unmarshal(a.typ())
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", a.Name, err)
	}
	var objects map[string]tftypes.Value
	if err := value.As(&objects); err != nil {
		return nil, fmt.Errorf("unpack %s: %w", a.Name, err)
	}
	return objects, nil
}

// describe gives the attribute of that name the type that the command line knows.
func (a Attribute) describe(s *tfprotov6.Schema) {
	for _, attribute := range s.Block.Attributes {
		if attribute.Name != a.Name {
			continue
		}
		fields := make([]*tfprotov6.SchemaAttribute, 0, len(a.Fields))
		for _, f := range a.Fields {
			fields = append(fields, &tfprotov6.SchemaAttribute{
				Name: f.Name, Type: tftypes.String, Computed: true,
				Description: f.Description, DescriptionKind: tfprotov6.StringKindMarkdown,
			})
		}
		attribute.Type = nil
		attribute.NestedType = &tfprotov6.SchemaObject{Nesting: tfprotov6.SchemaObjectNestingModeMap, Attributes: fields}
	}
}
