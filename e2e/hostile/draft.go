//go:build unix

package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// draft is a request that is being made.
type draft struct {
	*rand.Rand
	request
	cast *cast

	worthless bool    // its credentials shall be worth nothing
	query     []field // as they are sent
	members   []field // of the body, as they are sent: of JSON the name in quotes
	text      []byte  // the body, if it was spoiled as a whole
	basePath  string
}

func pick[T any](d *draft, from []T) T { return from[d.IntN(len(from))] }

// chance is true in so many of a hundred.
func (d *draft) chance(percent int) bool { return d.IntN(100) < percent }

// own remembers that what is in the request may change an account.
func (d *draft) own(a *account) { d.owners = append(d.owners, a.id, a.session, a.machine) }

// right makes the request as the contract wants it, with credentials that are worth something unless d says
// otherwise.
func (d *draft) right() {
	d.method = d.op.method
	if d.method == "GET" && d.chance(4) {
		d.method = "HEAD"
	}
	d.account = pick(d, d.cast.insiders).Load()
	host := d.cast.public
	if d.op.admin {
		host = d.cast.private
	}
	d.id = fmt.Sprintf("hostile-%d", d.number)
	d.headers = []field{{"Host", host}, {"X-Request-Id", d.id}, {"User-Agent", "hostile/1"}}
	d.identify()
	d.basePath = d.fillPath()
	for _, p := range d.op.params {
		if p.In == openapi3.ParameterInQuery && (p.Required || d.chance(30)) {
			d.query = append(d.query, field{p.Name, url.QueryEscape(d.value(p.Name, p.Schema.Value))})
		}
	}
	if d.op.media != "" && !(d.op.optional && d.chance(20)) {
		d.header("Content-Type", d.op.media)
		d.hasBody = true
		d.fillBody()
	}
}

// identify sets the Authorization header that the operation asks for.
func (d *draft) identify() {
	if d.op.scheme == "" || d.op.open && d.chance(40) {
		return
	}
	if d.worthless && d.op.closed() {
		d.refused = true
	}
	switch d.op.scheme {
	case "client":
		id, secret := d.cast.machine.id, d.cast.machine.secret
		if d.worthless {
			id = pick(d, []string{id, d.cast.prey.id})
			secret = d.spoil(roleSecret)
		} else {
			d.owners = append(d.owners, id)
		}
		both := url.QueryEscape(id) + ":" + url.QueryEscape(secret) // RFC 6749, section 2.3.1
		d.header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(both)))
	case "adminToken":
		d.header("Authorization", "Bearer "+d.credential(roleAdmin, d.cast.admin))
	default:
		d.header("Authorization", "Bearer "+d.credential(roleAccess, d.account.access))
	}
}

// credential is the genuine text, or one that is worth nothing.
func (d *draft) credential(r role, genuine string) string {
	if d.worthless {
		return d.spoil(r)
	}
	d.secrets = append(d.secrets, genuine)
	if r != roleAdmin {
		d.own(d.account)
	}
	return genuine
}

func (d *draft) spoil(r role) string {
	name, text := d.cast.bad(d, r)
	d.spoiled = append(d.spoiled, "credential: "+name)
	if len(text) > 20 && len(text) < 1000 {
		d.secrets = append(d.secrets, text)
	}
	return text
}

// fillPath puts ids into the path. What they are of stands before them.
func (d *draft) fillPath() string {
	segments := strings.Split(d.op.path, "/")
	for i, s := range segments {
		if strings.HasPrefix(s, "{") {
			segments[i] = url.PathEscape(d.named(segments[i-1]))
		}
	}
	return strings.Join(segments, "/")
}

// named is the id of something. Victims' ids are for those who may do nothing with them: strangers, and insiders
// without the admin token.
func (d *draft) named(kind string) string {
	victim := pick(d, d.cast.victims)
	foreign := d.worthless || !d.op.admin
	switch {
	case d.chance(25):
		return pick(d, strangeIDs)
	case kind == "users" && foreign:
		return victim.id
	case kind == "users":
		d.own(d.account)
		return d.account.id
	case kind == "sessions" && foreign && (d.worthless || d.chance(50)):
		d.refused = d.refused || d.op.changes() // it is somebody else's
		return victim.session
	case kind == "sessions":
		d.own(d.account)
		return d.account.session
	case kind == "clients" && foreign:
		return d.cast.prey.id
	case kind == "clients":
		d.owners = append(d.owners, d.cast.machine.id)
		return d.cast.machine.id
	case kind == "keys" && d.worthless:
		return pick(d, d.cast.kids)
	}
	return pick(d, strangeIDs)
}

func (d *draft) fillBody() {
	for _, name := range sortedNames(d.op.body) {
		if !slices.Contains(d.op.body.Required, name) && !d.chance(50) {
			continue
		}
		text := d.value(name, d.op.body.Properties[name].Value)
		if d.op.media == mediaForm {
			d.members = append(d.members, field{url.QueryEscape(name), url.QueryEscape(text)})
			continue
		}
		d.members = append(d.members, field{quote(name), d.inJSON(name, text)})
	}
}

// inJSON is a value as JSON has it: texts are quoted, all else is JSON already.
func (d *draft) inJSON(name, text string) string {
	if s := d.op.body.Properties[name].Value; s.Type.Is("string") {
		return quote(text)
	}
	return text
}

// value is a right value of a parameter or a member. What its name does not tell its schema does.
func (d *draft) value(name string, s *openapi3.Schema) string {
	switch {
	case name == "refresh_token":
		if d.worthless && d.op.closed() || d.worthless && d.op.scheme == "" {
			d.refused = true
		}
		return d.credential(roleRefresh, pick(d, []string{d.account.refresh, d.account.refresh, d.account.parent}))
	case name == "token" && d.op.media == mediaForm:
		return d.credential(roleAny, pick(d, []string{d.account.access, d.account.refresh}))
	case name == "token":
		d.refused = d.refused || d.worthless
		return d.credential(roleReset, d.account.reset)
	case name == "username":
		return d.username()
	case s.Format == "password":
		return d.password(name)
	case name == "jti":
		d.own(d.account)
		return d.account.machine
	case name == "client_id":
		return "authd"
	case name == "cursor":
		return pick(d, slices.Concat(d.cast.cursors, cursors))
	}
	return d.bySchema(name, s)
}

func (d *draft) bySchema(name string, s *openapi3.Schema) string {
	switch {
	case len(s.Enum) > 0:
		return fmt.Sprint(pick(d, s.Enum))
	case s.Type.Is("boolean"):
		return pick(d, []string{"true", "false"})
	case s.Type.Is("integer"):
		if s.Min != nil { // the least, because some wait for as long as the number says
			return fmt.Sprint(int(*s.Min))
		}
		return "1"
	case s.Type.Is("array"):
		return pick(d, []string{`[]`, `["reader"]`, `["reader","writer"]`})
	case s.Format == "date-time":
		return "2026-11-22T14:27:06Z"
	case s.Format == "uuid":
		return d.account.id
	}
	return fmt.Sprintf("%s-%d", name, d.number)
}

// username is a new one where a user is made, and somebody's elsewhere.
func (d *draft) username() string {
	if d.op.media != "" && slices.Contains([]string{"register", "adminCreateUser"}, d.op.id) {
		return fmt.Sprintf("h%d-%d", d.number, d.IntN(1000))
	}
	if d.worthless || d.chance(50) {
		return pick(d, []string{pick(d, d.cast.victims).name, "nobody " + mark, pick(d, d.cast.victims).name})
	}
	return d.account.name
}

// password is right where an insider uses it. Strangers guess.
func (d *draft) password(name string) string {
	if strings.HasPrefix(name, "new_") || d.op.scheme == "adminToken" || d.op.id == "register" {
		return password + " and a biscuit"
	}
	if d.worthless || d.chance(30) {
		return "wrong " + mark
	}
	d.own(d.account)
	return password
}

func sortedNames(s *openapi3.Schema) (names []string) {
	for name := range s.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// quote is a text as JSON. What is no UTF-8 stays so.
func quote(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string can always be marshalled
	}
	return string(b)
}
