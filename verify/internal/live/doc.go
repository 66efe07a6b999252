// Package live keeps what was declared dead and may still be shown: sessions, tokens, and the least
// live epoch of each subject. A million of them must fit beside a service without being felt, so a
// record has 24 bytes and no pointer, which the garbage collector passes over, and an index of four
// bytes a slot finds it.
//
// It knows records, when they run out, and how to forget them a few at a time. It must never know what
// time it is, where records come from, or what follows from one.
package live
