// Package nameset has the type of sets of names that the provider computes. In a
// configuration and in a state it is a set of strings. The framework's own set compares
// each element with each other one in every read, plan and apply, which takes seconds
// for the names of a thousand workers; this one is not compared so, because its names
// come from the keys of a map.
package nameset

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Type is the type of a set of names.
type Type struct{}

var terraformType = tftypes.Set{ElementType: tftypes.String}

// TerraformType implements attr.Type.
func (Type) TerraformType(context.Context) tftypes.Type { return terraformType }

// ValueType implements attr.Type.
func (Type) ValueType(context.Context) attr.Value { return Set{} }

// Equal implements attr.Type.
func (Type) Equal(other attr.Type) bool { _, ok := other.(Type); return ok }

// String implements attr.Type.
func (Type) String() string { return "nameset.Type" }

// ApplyTerraform5AttributePathStep implements attr.Type: a step leads to a name.
func (Type) ApplyTerraform5AttributePathStep(step tftypes.AttributePathStep) (any, error) {
	if _, ok := step.(tftypes.ElementKeyValue); !ok {
		return nil, errors.New("a step that is no element does not lead into a set of names")
	}
	return types.StringType, nil
}

// ValueFromTerraform implements attr.Type.
func (t Type) ValueFromTerraform(_ context.Context, v tftypes.Value) (attr.Value, error) {
	switch {
	case v.Type() == nil || v.IsNull():
		return Set{}, nil
	case !v.Type().Equal(terraformType):
		return nil, fmt.Errorf("%s is no set of names", v.Type())
	case !v.IsKnown():
		return Set{state: unknown}, nil
	}
	var elements []tftypes.Value
	if err := v.As(&elements); err != nil {
		return nil, fmt.Errorf("read a set of names: %w", err)
	}
	names := make([]string, 0, len(elements))
	for _, e := range elements {
		var name string
		if !e.IsKnown() {
			return Set{state: unknown}, nil
		}
		if err := e.As(&name); err != nil {
			return nil, fmt.Errorf("read a name of a set: %w", err)
		}
		names = append(names, name)
	}
	return Of(names...), nil
}

type state int

const (
	null state = iota
	unknown
	known
)

// Set is a set of names. The zero value is null.
type Set struct {
	state state
	names []string // sorted, each once
}

// Of returns the set of those names.
func Of(names ...string) Set {
	return Set{state: known, names: slices.Compact(slices.Sorted(slices.Values(names)))}
}

// Names returns the names in order.
func (s Set) Names() []string { return slices.Clone(s.names) }

// Type implements attr.Value.
func (Set) Type(context.Context) attr.Type { return Type{} }

// ToTerraformValue implements attr.Value.
func (s Set) ToTerraformValue(context.Context) (tftypes.Value, error) {
	switch s.state {
	case null:
		return tftypes.NewValue(terraformType, nil), nil
	case unknown:
		return tftypes.NewValue(terraformType, tftypes.UnknownValue), nil
	}
	elements := make([]tftypes.Value, 0, len(s.names))
	for _, name := range s.names {
		elements = append(elements, tftypes.NewValue(tftypes.String, name))
	}
	return tftypes.NewValue(terraformType, elements), nil
}

// Equal implements attr.Value.
func (s Set) Equal(other attr.Value) bool {
	o, ok := other.(Set)
	return ok && s.state == o.state && slices.Equal(s.names, o.names)
}

// IsNull implements attr.Value.
func (s Set) IsNull() bool { return s.state == null }

// IsUnknown implements attr.Value.
func (s Set) IsUnknown() bool { return s.state == unknown }

// String implements attr.Value.
func (s Set) String() string {
	switch s.state {
	case null:
		return attr.NullValueString
	case unknown:
		return attr.UnknownValueString
	}
	return fmt.Sprintf("%q", s.names)
}
