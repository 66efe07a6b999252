// Package jws opens signed texts in the compact form (RFC 7515) and reads the keys that they are
// checked with (RFC 7517, RFC 7518, RFC 8037).
//
// It takes one form of everything: three segments in canonical base64url, a header with alg, kid and
// typ and nothing else, and the one algorithm that belongs to the key: ES256, EdDSA with Ed25519, or
// RS256. What a header says about keys (jwk, jku, x5c) is not read, and crit, zip, b64 and cty are not
// known, so a text that has them is refused.
//
// It is pure: no network, no clock, no state. It must never know what a payload means, who issued it,
// or whether it is still good.
package jws
