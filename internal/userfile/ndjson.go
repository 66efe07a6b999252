package userfile

import (
	"bytes"
	"errors"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// jsonUser is a user as an object. Null is not given, because that is what databases write for it.
type jsonUser struct {
	Username     string   `json:"username"`
	PasswordHash string   `json:"password_hash"`
	ID           string   `json:"id"`
	Roles        []string `json:"roles"`
	CreatedAt    string   `json:"created_at"`
	Disabled     bool     `json:"disabled"`
	DisabledAt   string   `json:"disabled_at"`
}

// newNDJSON returns what reads an object a line. A line cannot reach into the next one, so one that cannot
// be read leaves the others as they are.
func newNDJSON(in *lines) func() (Line, error) {
	return func() (Line, error) {
		for {
			text, long, err := in.next()
			if err != nil {
				return Line{}, err
			}
			line := Line{Number: in.number}
			text = bytes.TrimSpace(text)
			switch {
			case long:
				line.Fault = tooLong
			case len(text) == 0:
				continue
			case in.number == 1 && wide(text):
				return line, &BrokenError{1, saveAsUTF8}
			case in.number == 1 && bytes.HasPrefix(text, markUTF8):
				return line, &BrokenError{1, "there is a byte order mark in front, which JSON must not have (RFC 8259, section 8.1)"}
			case in.number == 1 && text[0] == '[':
				return line, &BrokenError{1, "this is one JSON array: an object a line is wanted, as jq -c '.[]' writes them"}
			default:
				line.read(text)
			}
			return line, nil
		}
	}
}

// read parses one object. Repeated names, wrong case, trailing bytes, bad UTF-8 and lone surrogates are
// refused by the library's rules, unknown names because we ask for it.
func (l *Line) read(text []byte) {
	if text[0] != '{' {
		l.Fault = Fault{"line_malformed", "this is no JSON object"}
		return
	}
	var j jsonUser
	if err := json.Unmarshal(text, &j, json.RejectUnknownMembers(true)); err != nil {
		l.Fault = faultOf(err)
		return
	}
	v := values{username: j.Username, hash: j.PasswordHash, id: j.ID, createdAt: j.CreatedAt, disabledAt: j.DisabledAt,
		roles: j.Roles, disabled: j.Disabled}
	l.User, l.Fault = v.user()
}

// memberName is what a stranger's member may be called to be repeated: a hash is not such a name.
var memberName = regexp.MustCompile(`^/[A-Za-z][A-Za-z_-]{0,23}$`)

// faultOf keeps the place of a fault and drops the library's text, which may repeat the value.
func faultOf(err error) Fault {
	var syntactic *jsontext.SyntacticError
	var semantic *json.SemanticError
	place := ""
	if errors.As(err, &syntactic) {
		place = string(syntactic.JSONPointer)
	} else if errors.As(err, &semantic) {
		place = string(semantic.JSONPointer)
	}
	name := "a member"
	if memberName.MatchString(place) {
		name = place[1:]
	}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return Fault{"member_repeated", name + " is there twice"}
	case syntactic != nil:
		return Fault{"line_malformed", "this is not JSON in UTF-8"}
	case errors.Is(err, json.ErrUnknownName):
		return Fault{"member_unknown", name + " does not exist. There may be " + strings.Join(members, ", ")}
	}
	return Fault{"member_invalid", name + " is not of its type: disabled is true or false, roles is a list, all else is text"}
}
