package classad

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
)

// matches is regexp(pattern, text, options). HTCondor reads patterns as Perl does; a
// pattern that Go cannot read is an error. Go's time for a match is linear in the text,
// and in the size of the compiled pattern.
func matches(m *meter, t []string) (any, error) {
	pattern, flags := t[0], ""
	if len(pattern) > maxPattern {
		return nil, m.exceed(exceeds("a pattern has more than %d bytes", maxPattern))
	}
	if len(t) == 3 {
		for _, option := range strings.ToLower(t[2]) {
			if !strings.ContainsRune("ims", option) {
				return nil, fmt.Errorf("regexp() with option %c is not known here", option)
			}
			if !strings.ContainsRune(flags, option) {
				flags += string(option)
			}
		}
	}
	if flags != "" {
		pattern = "(?" + flags + ")" + pattern
	}
	if err := m.take(len(pattern)); err != nil { // whether it is in the cache or not
		return nil, err
	}
	re, err := patterns.compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("read the pattern of regexp(): %w", err)
	}
	if re.size > maxProgram {
		return nil, m.exceed(exceeds("a pattern takes more than %d instructions", maxProgram))
	}
	if err := m.take(re.size * (1 + len(t[1])/bytesAStep)); err != nil {
		return nil, err
	}
	return re.of.MatchString(t[1]), nil
}

// pattern is a compiled regular expression; nil if its size exceeds maxProgram.
type pattern struct {
	of   *regexp.Regexp
	size int // instructions, about
}

// patternCache holds compiled patterns: each is matched against hundreds of workers
// in each round.
type patternCache struct {
	mu   sync.Mutex
	of   map[string]pattern
	size int // of all of them
}

var patterns patternCache

// mostInstructions bounds the cache. A full cache is emptied.
const mostInstructions = 100_000

func (c *patternCache) compile(text string) (pattern, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if re, known := c.of[text]; known {
		return re, nil
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return pattern{}, err
	}
	re := pattern{size: instructions(tree)}
	if re.size <= maxProgram {
		if re.of, err = regexp.Compile(text); err != nil {
			return pattern{}, err
		}
	}
	kept := min(re.size, maxProgram) + len(text)
	if c.of == nil || c.size+kept > mostInstructions {
		c.of, c.size = map[string]pattern{}, 0
	}
	c.of[text] = re
	c.size += kept
	return re, nil
}

// instructions returns the size of a compiled pattern, about: a repetition is compiled
// as often as it may repeat. The size is exact enough for a bound; it stops growing
// beyond that.
func instructions(re *syntax.Regexp) int {
	n := 1
	switch re.Op {
	case syntax.OpLiteral:
		n = len(re.Rune)
	case syntax.OpCharClass:
		n = 1 + len(re.Rune)/16
	}
	for _, sub := range re.Sub {
		n += instructions(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return min(n, maxProgram+1)
}
