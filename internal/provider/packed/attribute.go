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

// Attribute is a computed map. The framework's schema has a computed string of that name,
// with the map's description.
type Attribute struct {
	Name   string
	Of     tftypes.Type // of the map's elements, where there are no Fields
	Fields []Field      // of the map's elements, which are objects whose attributes are texts
}

// Field is an attribute of each of the objects.
type Field struct {
	Name, Description string // the description is in Markdown
}

// Element returns the type of the map's elements.
func (a Attribute) Element() tftypes.Type {
	if len(a.Fields) == 0 {
		return a.Of
	}
	types := make(map[string]tftypes.Type, len(a.Fields))
	for _, f := range a.Fields {
		types[f.Name] = tftypes.String
	}
	return tftypes.Object{AttributeTypes: types}
}

func (a Attribute) typ() tftypes.Map { return tftypes.Map{ElementType: a.Element()} }

// Pack returns the text for some elements by key, each known or unknown. Equal elements have
// equal texts. It panics where one is of another type.
func (a Attribute) Pack(elements map[string]tftypes.Value) string {
	var out bytes.Buffer
	enc := msgpack.NewEncoder(&out)
	must(enc.EncodeMapLen(len(elements)))
	typ := a.Element()
	for _, key := range slices.Sorted(maps.Keys(elements)) {
		must(enc.EncodeString(key))
		element, err := tfprotov6.NewDynamicValue(typ, elements[key])
		must(err)
		out.Write(element.MsgPack)
	}
	return out.String()
}

// must panics with an error of an encoder that writes values of known types to memory.
func must(err error) {
	if err != nil {
		panic(fmt.Sprintf("pack an attribute: %s", err))
	}
}

// Unpack returns the elements that a text holds, by key.
func (a Attribute) Unpack(text string) (map[string]tftypes.Value, error) {
	value, err := tfprotov6.DynamicValue{MsgPack: []byte(text)}.Unmarshal(a.typ())
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", a.Name, err)
	}
	var elements map[string]tftypes.Value
	if err := value.As(&elements); err != nil {
		return nil, fmt.Errorf("unpack %s: %w", a.Name, err)
	}
	return elements, nil
}

// describe gives the attribute of that name the type that the command line knows.
func (a Attribute) describe(s *tfprotov6.Schema) {
	i := slices.IndexFunc(s.Block.Attributes, func(s *tfprotov6.SchemaAttribute) bool { return s.Name == a.Name })
	if i < 0 {
		return
	}
	attribute := s.Block.Attributes[i]
	if len(a.Fields) == 0 {
		attribute.Type = a.typ()
		return
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
