// Package api speaks HTTP: the routes of the public listener (api.go) and of the operators' (admin.go),
// their wire types and their status codes. It is the one place where errors become answers (errors.go)
// and where bodies are taken apart (decode.go, and form.go for OAuth).
//
// It knows the services through the small interfaces that it declares. It must never hash a password,
// read a token's inside, or reach a store; and nothing that a client sent goes into the log, but for a
// request id of harmless form and a method that the router knows.
package api
