package htcondor

import (
	"crypto/sha256"
	"encoding/binary"
)

// digest stands for a value. It is half of a SHA-256 sum: a user of the
// queue cannot make two different values with the same digest.
type digest [16]byte

// summer collects the parts of a value for its digest. The bounds of parts count:
// "ab", "c" has another digest than "a", "bc".
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
