module github.com/authd/authd/verify

go 1.25.0
