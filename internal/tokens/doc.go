// Package tokens decides how a login ages. It opens sessions, rotates their refresh tokens, signs and
// checks access tokens, those of machines too, ends sessions, and keeps the keys that all of this needs:
// when one is made, signs, retires or is killed, and how they are sealed.
//
// It knows the law of rotation of sessions (decide.go) and that of keys (keystep.go), and asks for rows
// through [Store] and [KeyringStore]. It must never know a password, SQL or HTTP, and it reads no clock
// for a decision about a token: the time of that is the store's and comes with the rows.
package tokens
