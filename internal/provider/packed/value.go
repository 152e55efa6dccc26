package packed

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// attributes are the packed ones of a provider, by name.
type attributes map[string]Attribute

// pack returns an object of the wire as the framework knows it.
func (as attributes) pack(v *tfprotov6.DynamicValue) (*tfprotov6.DynamicValue, error) {
	return as.replace(v, func(_ string, value msgpack.RawMessage) (msgpack.RawMessage, error) {
		if open(value) {
			return value, nil
		}
		return msgpack.Marshal(string(value))
	})
}

// unpack returns an object of the framework as it goes over the wire.
func (as attributes) unpack(v *tfprotov6.DynamicValue) (*tfprotov6.DynamicValue, error) {
	return as.replace(v, func(_ string, text msgpack.RawMessage) (msgpack.RawMessage, error) {
		if open(text) {
			return text, nil
		}
		var value string
		err := msgpack.Unmarshal(text, &value)
		return msgpack.RawMessage(value), err
	})
}

// open reports whether a value is null or unknown.
func open(value msgpack.RawMessage) bool {
	return len(value) == 0 || value[0] == msgpcode.Nil || msgpcode.IsExt(value[0])
}

// replace returns an object with other values of the attributes. An object without them, a
// null or unknown one, and nil come back as they are.
func (as attributes) replace(v *tfprotov6.DynamicValue, by func(name string, value msgpack.RawMessage) (msgpack.RawMessage, error)) (*tfprotov6.DynamicValue, error) {
	if v == nil || open(v.MsgPack) {
		return v, nil
	}
	dec := msgpack.NewDecoder(bytes.NewReader(v.MsgPack))
	n, err := dec.DecodeMapLen()
	if err != nil {
		return nil, fmt.Errorf("read an object: %w", err)
	}
	out := bytes.NewBuffer(make([]byte, 0, len(v.MsgPack)+8*len(as))) // a text has a header
	enc := msgpack.NewEncoder(out)
	must(enc.EncodeMapLen(n))
	for range n {
		name, err := dec.DecodeString()
		if err != nil {
			return nil, fmt.Errorf("read the name of an attribute: %w", err)
		}
		value, err := dec.DecodeRaw()
		if _, packed := as[name]; packed && err == nil {
			value, err = by(name, value)
		}
		if err != nil {
			return nil, fmt.Errorf("read attribute %s: %w", name, err)
		}
		must(enc.EncodeString(name))
		out.Write(value)
	}
	return &tfprotov6.DynamicValue{MsgPack: out.Bytes()}, nil
}

// takeOut returns a saved state without the attributes, and their values as they go over the
// wire, by name. A state of Terraform before 0.12, which is no JSON, comes back as it is.
func (as attributes) takeOut(state *tfprotov6.RawState) (rest *tfprotov6.RawState, values map[string]msgpack.RawMessage, err error) {
	if state == nil || state.JSON == nil {
		return state, nil, nil
	}
	var saved map[string]json.RawMessage
	if err := json.Unmarshal(state.JSON, &saved); err != nil {
		return nil, nil, fmt.Errorf("read a saved state: %w", err)
	}
	values = map[string]msgpack.RawMessage{}
	for name, a := range as {
		if saved[name] == nil {
			continue
		}
		if values[name], err = a.read(saved[name]); err != nil {
			return nil, nil, fmt.Errorf("read %s: %w", name, err)
		}
		delete(saved, name)
	}
	text, err := json.Marshal(saved)
	if err != nil {
		return nil, nil, fmt.Errorf("write a state again: %w", err)
	}
	return &tfprotov6.RawState{JSON: text}, values, nil
}

// read returns a value of a saved state as it goes over the wire.
func (a Attribute) read(saved json.RawMessage) (msgpack.RawMessage, error) {
	value, err := tfprotov6.RawState{JSON: saved}.UnmarshalWithOpts(a.typ(), tfprotov6.UnmarshalOpts{
		ValueFromJSONOpts: tftypes.ValueFromJSONOpts{IgnoreUndefinedAttributes: true}, // as the framework does
	})
	if err != nil {
		return nil, err
	}
	wire, err := tfprotov6.NewDynamicValue(a.typ(), value)
	return wire.MsgPack, err
}
