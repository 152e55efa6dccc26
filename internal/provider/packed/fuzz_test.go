package packed

import (
	"bytes"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Whatever comes, the answer is an error or an object that can be unpacked, and packed as
// before.
func FuzzPack(f *testing.F) {
	for _, value := range rows {
		v, err := tfprotov6.NewDynamicValue(wholeType, value)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(v.MsgPack)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		packed, err := known.pack(&tfprotov6.DynamicValue{MsgPack: raw})
		if err != nil {
			return // refused
		}
		back, err := known.unpack(packed)
		if err != nil {
			t.Fatalf("%x was packed as %x: %v", raw, packed.MsgPack, err)
		}
		if again, err := known.pack(back); err != nil || !bytes.Equal(again.MsgPack, packed.MsgPack) {
			t.Fatalf("%x was packed as %x, unpacked as %x, and packed as %v, %v", raw, packed.MsgPack, back.MsgPack, again, err)
		}
	})
}
