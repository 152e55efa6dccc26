package openstack

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// Whatever an API or a proxy answers, its words are one line of bounded length that a
// terminal shows and does not obey.
func FuzzMessage(f *testing.F) {
	for _, body := range []string{
		`{"badRequest": {"message": "no"}}`, `{"errors": [{"detail": "x"}]}`, "<html><head><script>a</script></head><body>b</body></html>",
		"\x1b[2J\x07\u202e", "&#27;[2J<p>", `"\u001b[31m"`, strings.Repeat("[", 200), "<" + strings.Repeat("<a", 100), "\xff\xfe",
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		text := message(body)
		if !utf8.ValidString(text) || utf8.RuneCountInString(text) > longestMessage+1 {
			t.Errorf("%d characters, valid: %v", utf8.RuneCountInString(text), utf8.ValidString(text))
		}
		if i := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("%q holds a character that is not shown at %d", text, i)
		}
	})
}
