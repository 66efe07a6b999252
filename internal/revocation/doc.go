// Package revocation knows how a token is declared dead: kills, the head that orders them, how long a
// kill must be kept, how an instance follows the feed of them and holds what is live in memory, and how
// verifiers are served that feed as signed pages.
//
// It must never know who asks for a kill or why, what a password or a refresh token is, in which
// database the entries lie, how a page travels, or with which key it is signed.
package revocation
