package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/authd/authd/internal/auth"
)

// maxBody is the longest body read. The longest honest one, a registration whose password is 256
// characters of four bytes each, written as escapes, is under 4 KiB.
const maxBody = 16 << 10

var (
	errTooLarge = &auth.Error{Kind: auth.TooLarge, Code: "body_too_large",
		Public: "The body may have " + strconv.Itoa(maxBody) + " bytes."}
	errContentCoding = &auth.Error{Kind: auth.UnsupportedMediaType, Code: "unsupported_media_type",
		Public: "Send the body as it is, without a content coding."}
)

// A body is what a route takes: one of the wire types.
type body interface {
	// required lists the members that must be there, by pointer.
	required() []member
}

type member struct {
	pointer string
	given   bool
}

// decode reads the body of r into into, or refuses it: the one door for every route, so that no route
// is laxer than another. Two parsers that read one text differently are how a check is passed by
// (docs/decisions/strict-json.md), so whatever can be read in two ways is not read at all.
func decode(x *exchange, r *http.Request, into body) error {
	if err := checkMediaType(x, r, mediaJSON); err != nil {
		return err
	}
	text, err := readBody(x, r)
	if err != nil {
		return err
	}
	return parse(text, into)
}

// decodeOptional is decode for a route that needs no body. No bytes are no body, whatever the headers say.
func decodeOptional(x *exchange, r *http.Request, into body) error {
	text, err := readBody(x, r)
	if err != nil || len(text) == 0 {
		return err
	}
	if err := checkMediaType(x, r, mediaJSON); err != nil {
		return err
	}
	return parse(text, into)
}

// checkMediaType wants one media type, in UTF-8, uncompressed: a small compressed body can be a large
// one. The answer says what is wanted (RFC 9110, section 15.5.16).
func checkMediaType(x *exchange, r *http.Request, want string) error {
	if codings := r.Header["Content-Encoding"]; len(codings) > 0 {
		x.Header().Set("Accept-Encoding", "identity")
		return errContentCoding
	}
	types := r.Header["Content-Type"]
	// A star spells a parameter in another way (RFC 2231), which other readers pass over or undo.
	if len(types) == 1 && !strings.Contains(types[0], "*") {
		mediaType, params, err := mime.ParseMediaType(types[0])
		charset, named := params["charset"]
		others := len(params) > 1 || len(params) == 1 && !named
		if err == nil && mediaType == want && !others && (!named || strings.EqualFold(charset, "utf-8")) {
			return nil
		}
	}
	x.Header().Set("Accept", want)
	return &auth.Error{Kind: auth.UnsupportedMediaType, Code: "unsupported_media_type",
		Public: "Send the body as " + want + ", in UTF-8."}
}

// readBody reads at most maxBody bytes. A longer body is not drained: the connection ends instead, so
// that sending without end costs the sender a connection and us nothing (F1, E19).
func readBody(x *exchange, r *http.Request) ([]byte, error) {
	tooLarge := r.ContentLength > maxBody
	var text []byte
	if !tooLarge {
		var err error
		text, err = io.ReadAll(io.LimitReader(r.Body, maxBody+1))
		if err != nil {
			return nil, invalidRequest("", "The body ended early.").Because(err)
		}
		tooLarge = len(text) > maxBody
	}
	if tooLarge {
		x.Header().Set("Connection", "close")
		return nil, errTooLarge
	}
	return text, nil
}

// parse reads exactly one JSON object. Repeated names, wrong case, trailing bytes, invalid UTF-8 and
// lone surrogates are refused by the library's rules, unknown names because we ask for it.
func parse(text []byte, into body) error {
	// null is a valid zero value for the library, and a BOM a puzzle: an object starts with a brace.
	if start := bytes.TrimLeft(text, " \t\r\n"); len(start) == 0 || start[0] != '{' {
		return invalidRequest("", "The body must be a JSON object.")
	}
	if err := json.Unmarshal(text, into, json.RejectUnknownMembers(true)); err != nil {
		return decodeError(err)
	}
	for _, m := range into.required() {
		if !m.given {
			return invalidRequest(m.pointer, "This member is required.")
		}
	}
	return nil
}

// decodeError keeps the place of a fault and drops the library's text, which may repeat the value.
func decodeError(err error) error {
	var syntactic *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntactic):
		return invalidRequest(string(syntactic.JSONPointer), "This member is there twice.")
	case errors.As(err, &syntactic):
		return invalidRequest(string(syntactic.JSONPointer), "The body is not valid JSON in UTF-8.")
	case errors.Is(err, json.ErrUnknownName) && errors.As(err, &semantic):
		return invalidRequest(string(semantic.JSONPointer), "There is no such member. Case counts.")
	case errors.Is(err, errNotBool) && errors.As(err, &semantic):
		return invalidRequest(string(semantic.JSONPointer), "This member must be true or false.")
	case errors.Is(err, errNotStrings) && errors.As(err, &semantic):
		return invalidRequest(string(semantic.JSONPointer), "This member must be a list of strings.")
	case errors.As(err, &semantic):
		return invalidRequest(string(semantic.JSONPointer), "This member must be a string.")
	}
	return invalidRequest("", "The body is not valid JSON.")
}
