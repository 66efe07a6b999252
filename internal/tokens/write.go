package tokens

import (
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// write appends the claims as JSON, in the order of their members. It is written by hand because a
// general encoder takes as long as a twentieth of a signature for it, and every refresh waits for both
// (docs/decisions/0008-jwx-v3-for-keys-only.md has the figures). What is not UTF-8 is refused: two
// readers could understand it differently.
func (c *claims) write(into []byte) ([]byte, error) {
	o := object{text: append(into, '{')}
	o.string("iss", c.Issuer)
	o.string("sub", c.Subject)
	if len(c.Audience) == 1 { // RFC 7519, section 4.1.3
		o.string("aud", c.Audience[0])
	} else {
		o.strings("aud", c.Audience)
	}
	o.number("exp", c.Expiry)
	o.number("iat", c.IssuedAt)
	o.string("jti", c.ID)
	o.string("client_id", c.Client)
	if c.Session != "" {
		o.string("sid", c.Session)
	}
	if c.AuthTime != 0 {
		o.number("auth_time", c.AuthTime)
	}
	o.number("epoch", c.Epoch)
	if len(c.Roles) > 0 {
		o.strings("roles", c.Roles)
	}
	if c.Scope != "" {
		o.string("scope", c.Scope)
	}
	if o.err != nil {
		return nil, fmt.Errorf("encode claims: %w", o.err)
	}
	return append(o.text, '}'), nil
}

// object is the text of a JSON object that is being written, and the first thing that was wrong with it.
type object struct {
	text []byte
	err  error
}

// name begins a member. Names are ours and need no escapes.
func (o *object) name(name string) {
	if last := o.text[len(o.text)-1]; last != '{' {
		o.text = append(o.text, ',')
	}
	o.text = append(append(append(o.text, '"'), name...), `":`...)
}

func (o *object) number(name string, value int64) {
	o.name(name)
	o.text = strconv.AppendInt(o.text, value, 10)
}

func (o *object) string(name, value string) {
	o.name(name)
	o.quote(value)
}

func (o *object) strings(name string, values []string) {
	o.name(name)
	o.text = append(o.text, '[')
	for n, value := range values {
		if n > 0 {
			o.text = append(o.text, ',')
		}
		o.quote(value)
	}
	o.text = append(o.text, ']')
}

func (o *object) quote(value string) {
	text, err := jsontext.AppendQuote(o.text, value)
	o.text = text
	if o.err == nil {
		o.err = err
	}
}
