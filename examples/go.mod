module github.com/authd/authd/examples

go 1.26.0

require (
	github.com/authd/authd/verify v0.0.0
	github.com/go-chi/chi/v5 v5.5.0
	golang.org/x/term v0.47.0
)

require golang.org/x/sys v0.49.0 // indirect

replace github.com/authd/authd/verify => ../verify
