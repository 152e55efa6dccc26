package queue_test

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// fieldsOf adds the names of a type's JSON fields, and those of the types in it.
func fieldsOf(typ reflect.Type, into map[string]bool) {
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		fieldsOf(typ.Elem(), into)
	case reflect.Struct:
		if typ == reflect.TypeFor[time.Time]() {
			return
		}
		for field := range typ.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			into[name] = true
			fieldsOf(field.Type, into)
		}
	}
}

// The JSON form of a snapshot is documented whole, and the page names no other field.
func TestDocumentation(t *testing.T) {
	raw, err := os.ReadFile("../../../docs/scaler.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(raw), "\n## The queue as data\n")
	section, _, _ = strings.Cut(section, "\n## ")
	if !found {
		t.Fatal("docs/scaler.md does not describe the snapshot")
	}
	fields := map[string]bool{"version": true}
	fieldsOf(reflect.TypeFor[queue.Snapshot](), fields)
	documented := map[string]bool{}
	for _, line := range strings.Split(section, "\n") {
		if strings.HasPrefix(line, "| `") {
			for _, m := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(line, -1) {
				documented[m[1]] = true
			}
		}
	}
	for name := range fields {
		if !documented[name] {
			t.Errorf("docs/scaler.md does not describe the field %s", name)
		}
	}
	for name := range documented {
		if !fields[name] && name != "max_age" {
			t.Errorf("docs/scaler.md describes %s, which is no field", name)
		}
	}
}
