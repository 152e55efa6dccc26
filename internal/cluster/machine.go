package cluster

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Machine is the size of a group's workers, which a batch system may have to know before
// there is a worker. A number that is 0 is not known; GPUs then are none. It is no part of
// what a worker is made of, and so of no hash.
type Machine struct {
	CPUs      int `json:"cpus,omitempty"`
	MemoryMiB int `json:"memory_mib,omitempty"`
	GPUs      int `json:"gpus,omitempty"`
}

// MaxGPUs is how many GPUs a worker may have.
const MaxGPUs = 64

// The largest sizes that count as known: a hundred times those of the largest machines.
const (
	maxCPUs      = 100_000
	maxMemoryMiB = 10_000_000_000
)

// Sound returns the machine with 0 in place of each number that no machine has: flavors
// and documents are other people's.
func (m Machine) Sound() Machine {
	return Machine{CPUs: upTo(maxCPUs, m.CPUs), MemoryMiB: upTo(maxMemoryMiB, m.MemoryMiB), GPUs: upTo(MaxGPUs, m.GPUs)}
}

func upTo(most, n int) int {
	if n < 0 || n > most {
		return 0
	}
	return n
}

// MaxBatchConfig is how many bytes a batch system's own lines may have: the document
// holds them.
const MaxBatchConfig = 8 << 10

// CheckBatchConfig returns why a text can't be lines of a batch system's configuration, or
// nil: it is too long, or a line holds a character that is neither printable nor a tab.
func CheckBatchConfig(text string) error {
	if len(text) > MaxBatchConfig {
		return fmt.Errorf("it has %d bytes, at most %d are allowed", len(text), MaxBatchConfig)
	}
	if !utf8.ValidString(text) {
		return errors.New("it is not text in UTF-8")
	}
	n := 0
	for line := range strings.SplitSeq(text, "\n") {
		n++
		if i := strings.IndexFunc(line, func(r rune) bool { return r != '\t' && !unicode.IsPrint(r) }); i >= 0 {
			r, _ := utf8.DecodeRuneInString(line[i:])
			return fmt.Errorf("line %d holds the character %U, which can't be printed", n, r)
		}
	}
	return nil
}
