// Package packed spares the plugin framework the values of a large computed attribute.
//
// The framework walks every value of a resource some thirty times in a refresh and plan,
// and looks the value's attribute up each time: for the eight texts of each of 1,000 nodes
// that takes well over a second of processor time. A packed Attribute is one text for the
// framework, and what the schema says for the command line. Server stands between the two
// and turns the one into the other; null and unknown stay what they are.
//
// The text is the attribute's value as it is on the wire (msgpack), so to pack and unpack
// it is to copy it. Attribute.Pack writes such a text, and Attribute.Unpack reads one.
package packed
