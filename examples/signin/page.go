package main

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
)

//go:embed page
var files embed.FS

// pageHandler serves the page for an authd.
func pageHandler(authd string) (http.Handler, error) {
	page, err := fs.Sub(files, "page")
	if err != nil {
		return nil, err
	}
	index, err := template.ParseFS(page, "index.html")
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := index.Execute(&text, struct{ Authd string }{authd}); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(text.Bytes())
	})
	for _, name := range []string{"app.js", "session.js", "style.css", "mark.svg"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, page, name) })
	}
	return guarded(authd, mux), nil
}

// guarded adds what keeps a stranger's script out of the page, for such a script could do whatever the
// user can for as long as the page is open. It may load its own files and talk to authd, and nothing
// else: what is not allowed here cannot be smuggled in by a text that somebody forgot to escape.
func guarded(authd string, next http.Handler) http.Handler {
	policy := fmt.Sprintf("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src %s; "+
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'", authd)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}
