// Package accounts knows who may sign in: users, their passwords and what a login must prove.
//
// It opens sessions through package tokens and hashes through package password. It must never know
// how a session ages, what a token looks like, SQL or HTTP.
package accounts
