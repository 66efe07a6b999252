// Package revocation knows how a token is declared dead: kills, the head that orders them, how long a
// kill must be kept, and how an instance follows the feed of them and holds what is live in memory.
//
// It must never know who asks for a kill or why, what a password or a refresh token is, or in which
// database the entries lie.
package revocation
