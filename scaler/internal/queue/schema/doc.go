// Package schema describes the JSON form of a queue.Snapshot, version 1, as a JSON Schema
// (draft 2020-12), and checks JSON against it. The schema is generated from the Go types;
// the table fields adds what the types do not say.
package schema
