// Package strictjson reads JSON texts of which there is exactly one meaning.
//
// encoding/json takes the last of two members with one name, matches names whatever their case, and
// replaces bytes that are not UTF-8. Two readers that differ in such things see two different tokens
// behind one signature, which is how forgeries get past the one and work at the other (RFC 8725,
// section 2.8). Here such a text is an error: repeated names at any depth, bytes that are not UTF-8,
// halves of surrogate pairs, anything before or after the one value.
//
// It knows JSON (RFC 8259). It must never know what a token, a key or a feed is.
package strictjson
