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

// pack returns an object of the wire as the framework knows it.
func (a Attribute) pack(v *tfprotov6.DynamicValue) (*tfprotov6.DynamicValue, error) {
	return a.replace(v, func(value msgpack.RawMessage) msgpack.RawMessage {
		if open(value) {
			return value
		}
		text, err := msgpack.Marshal(string(value))
		must(err)
		return text
	})
}

// unpack returns an object of the framework as it goes over the wire.
func (a Attribute) unpack(v *tfprotov6.DynamicValue) (*tfprotov6.DynamicValue, error) {
	var inner error
	out, err := a.replace(v, func(text msgpack.RawMessage) msgpack.RawMessage {
		if open(text) {
			return text
		}
		var value string
		inner = msgpack.Unmarshal(text, &value)
		return msgpack.RawMessage(value)
	})
	if err == nil && inner != nil {
		return nil, fmt.Errorf("unpack %s: %w", a.Name, inner)
	}
	return out, err
}

// open reports whether a value is null or unknown.
func open(value msgpack.RawMessage) bool {
	return len(value) == 0 || value[0] == msgpcode.Nil || msgpcode.IsExt(value[0])
}

// replace returns an object with another value of the attribute. An object without the
// attribute, a null or unknown one, and nil come back as they are.
func (a Attribute) replace(v *tfprotov6.DynamicValue, by func(msgpack.RawMessage) msgpack.RawMessage) (*tfprotov6.DynamicValue, error) {
	if v == nil || open(v.MsgPack) {
		return v, nil
	}
	dec := msgpack.NewDecoder(bytes.NewReader(v.MsgPack))
	n, err := dec.DecodeMapLen()
	if err != nil {
		return nil, fmt.Errorf("read an object: %w", err)
	}
	out := bytes.NewBuffer(make([]byte, 0, len(v.MsgPack)+16)) // a text's header more, at most
	enc := msgpack.NewEncoder(out)
	must(enc.EncodeMapLen(n))
	for range n {
		name, err := dec.DecodeString()
		if err != nil {
			return nil, fmt.Errorf("read the name of an attribute: %w", err)
		}
		value, err := dec.DecodeRaw()
		if err != nil {
			return nil, fmt.Errorf("read attribute %s: %w", name, err)
		}
		if name == a.Name {
			value = by(value)
		}
		must(enc.EncodeString(name))
		out.Write(value)
	}
	return &tfprotov6.DynamicValue{MsgPack: out.Bytes()}, nil
}

// takeOut returns a saved state without the attribute, and the attribute's value as it goes
// over the wire. What is no JSON object comes back as it is.
func (a Attribute) takeOut(state *tfprotov6.RawState) (rest *tfprotov6.RawState, value msgpack.RawMessage, err error) {
	var attributes map[string]json.RawMessage
	if state == nil || json.Unmarshal(state.JSON, &attributes) != nil || attributes[a.Name] == nil {
		return state, nil, nil
	}
	saved, err := tfprotov6.RawState{JSON: attributes[a.Name]}.UnmarshalWithOpts(a.typ(), tfprotov6.UnmarshalOpts{
		ValueFromJSONOpts: tftypes.ValueFromJSONOpts{IgnoreUndefinedAttributes: true}, // as the framework does
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", a.Name, err)
	}
	whole, err := tfprotov6.NewDynamicValue(a.typ(), saved)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", a.Name, err)
	}
	delete(attributes, a.Name)
	text, err := json.Marshal(attributes)
	if err != nil {
		return nil, nil, fmt.Errorf("write a state without %s: %w", a.Name, err)
	}
	return &tfprotov6.RawState{JSON: text}, whole.MsgPack, nil
}
