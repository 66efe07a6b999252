// Notes is a small service behind authd: every user has notes of their own, kept in memory. It is here
// to be copied from. What makes it know its users is in main.go (a verifier, and its Run) and in
// routes.go (the middleware); the rest is any Go service.
package main
