package api

import (
	"slices"
	"strings"

	"github.com/authd/authd/internal/auth"
)

var (
	errScope = &auth.Error{Kind: auth.InvalidRequest, Code: "invalid_scope",
		Public: "The client may not have one of the scopes, or their list is malformed."}
	errTarget = &auth.Error{Kind: auth.InvalidRequest, Code: "invalid_target",
		Public: "The client's tokens may not be for this resource."}
)

// grantScopes returns those of a client's scopes that were asked for, in the client's order; all of them
// if none were. One that the client does not have is refused, not left out: a client that got less than
// it asked for would find out in the middle of its work.
func grantScopes(has []string, asked string) ([]string, error) {
	if asked == "" {
		return has, nil
	}
	wanted := strings.Split(asked, " ") // exactly one space between two (RFC 6749, section 3.3)
	for _, scope := range wanted {
		if !slices.Contains(has, scope) {
			return nil, errScope
		}
	}
	return slices.DeleteFunc(slices.Clone(has), func(scope string) bool { return !slices.Contains(wanted, scope) }), nil
}

// grantAudience returns who a client's token is for: the resource that was asked for (RFC 8707), or all
// that the client has, which are those of this service if it was given none.
func grantAudience(has, usual []string, resource string) ([]string, error) {
	if len(has) == 0 {
		has = usual
	}
	switch {
	case resource == "":
		return has, nil
	case slices.Contains(has, resource):
		return []string{resource}, nil
	}
	return nil, errTarget
}

func joinScopes(scopes []string) string { return strings.Join(scopes, " ") }
