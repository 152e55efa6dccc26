package htcondor

import (
	"crypto/sha256"
	"encoding/binary"
)

// digest stands for a value. That two values have the same digest cannot be brought
// about on purpose, and does not happen by chance.
type digest [16]byte

// summer gathers the parts of a value for its digest. Parts are kept apart: "ab",
// "c" is not "a", "bc".
type summer []byte

func (s *summer) reset() { *s = (*s)[:0] }

func (s *summer) number(n int) { *s = binary.AppendVarint(*s, int64(n)) }

func (s *summer) text(text string) {
	s.number(len(text))
	*s = append(*s, text...)
}

func (s *summer) digest(d digest) { *s = append(*s, d[:]...) }

func (s *summer) sum() digest {
	whole := sha256.Sum256(*s)
	return digest(whole[:16])
}
