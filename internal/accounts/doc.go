// Package accounts knows who may sign in: users, their passwords, what a login must prove, and how a
// user is changed, disabled and removed; how many guesses are compared; and machine clients with their
// secrets.
//
// It opens and ends sessions through package tokens and hashes through package password. It must never
// know how a session ages, what an access or refresh token looks like, SQL or HTTP.
package accounts
