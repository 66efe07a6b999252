//go:build unix

package main

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// spoilMember breaks the set of members.
func spoilMember(d *draft) {
	at := d.IntN(len(d.members))
	m := d.members[at]
	name := strings.Trim(m.name, `"`)
	add := func(name, value string) {
		d.members = slices.Insert(d.members, d.IntN(len(d.members)+1), field{name, value})
	}
	switch d.IntN(8) {
	case 0:
		add(m.name, `"x"`)
		d.did("member", "twice", true)
	case 1:
		add(fmt.Sprintf(`"\u%04x%s"`, name[0], name[1:]), m.value)
		d.did("member", "twice, once escaped", true)
	case 2:
		d.members[at].name = quote(strings.ToUpper(name))
		d.did("member", "upper case", true)
	case 3:
		d.members[at].name = quote(strings.ToUpper(name[:1]) + name[1:])
		d.did("member", "capital", true)
	case 4:
		add(quote(pick(d, []string{"role", "roles", "epoch", "admin", "is_admin", "id", "__proto__", "", " ", "constructor", "sub", "é", "scopes", "x", "user"})+" "), "1")
		d.did("member", "unknown", true)
	case 5:
		needed := slices.Contains(d.op.body.Required, name)
		d.members = slices.Delete(d.members, at, at+1)
		d.did("member", "missing", needed)
	case 6:
		for range 300 + d.IntN(500) {
			d.members = append(d.members, field{`"a"`, "1"})
		}
		d.did("member", "hundreds", true)
	default:
		d.members[at].name = pick(d, []string{name, "'" + name + "'", `"` + name, "1", "null", "\"\xff\"", `"\ud800"`, "", `"a":"b"`})
		d.did("member", "no name", true)
	}
}

// spoilValue puts something strange where a value is expected.
func spoilValue(d *draft) {
	at := d.IntN(len(d.members))
	m := &d.members[at]
	schema := d.op.body.Properties[strings.Trim(m.name, `"`)]
	switch {
	case d.chance(30):
		m.value = pick(d, noValues)
		d.did("value", "no JSON", true)
	case d.chance(40) && schema != nil:
		m.value = pick(d, wrongTypes)
		text := schema.Value.Type.Is("string")
		list := strings.HasPrefix(m.value, "[") && !text
		d.did("value", "of another type", text || !list)
	case schema != nil && !schema.Value.Type.Is("string"):
		m.value = quote(pick(d, texts))
		d.did("value", "a text", true)
	default:
		m.value = quote(pick(d, texts))
		d.did("value", "a strange text", false)
	}
}

// bend is a way to make something bad of something good.
type bend struct {
	name string
	of   func(good string) string
}

func always(text string) func(string) string { return func(string) string { return text } }
func with(before, after string) func(string) string {
	return func(good string) string { return before + good + after }
}
func spaced(begin, between, end string) func(string) string {
	return func(good string) string { return begin + strings.Join(strings.Split(good, ""), between) + end }
}

// notJSON makes of an object what no reader of one object in UTF-8 takes.
var notJSON = []bend{
	{"null", always("null")}, {"a list", always("[]")}, {"in a list", with("[", "]")}, {"a text", always(`"x"`)}, {"a number", always("1e999")}, {"blank", always(" \r\n\t")},
	{"half", func(good string) string { return good[:len(good)-1] }}, {"begun", func(good string) string { return good[:(len(good)+1)/2] }},
	{"with text behind", with("", "x")}, {"with a brace behind", with("", "}")}, {"twice", func(good string) string { return good + good }},
	{"twice in lines", func(good string) string { return good + "\n" + good }}, {"with NUL", with("", "\x00")}, {"NUL before", with("\x00", "")},
	{"with a comma", func(good string) string { return good[:len(good)-1] + ",}" }}, {"with a comment", with("/**/", "")}, {"with another comment", with("", "//")},
	{"single quotes", func(good string) string { return "{'a':1," + strings.ReplaceAll(good[1:], `"`, `'`) }}, {"a form", always("username=ada&password=x")}, {"XML", always("<a/>")},
	{"BOM", with("\ufeff", "")}, {"UTF-16", spaced("\xff\xfe", "\x00", "\x00")}, {"UTF-32", spaced("", "\x00\x00\x00", "\x00\x00\x00")},
	{"depth", always(strings.Repeat("[", 8000))}, {"depth of objects", always(strings.Repeat(`{"a":`, 3000))}, {"bad UTF-8", always("{\"\xff\":1}")},
	{"an unknown member alone", always(`{"a":1}`)}, {"a long name", always(`{"` + strings.Repeat("n", 9000) + `":1}`)}, {"padding", with("=", "")},
	{"a prefix against scripts", with(")]}',\n", "")}, {"vertical tabs", with("\v", "")}, {"records", with("\x1e", "")}, {"bytes", always(strings.Repeat("\x80", 50))},
	{"no colon", always(`{"a" 1}`)}, {"two colons", always(`{"a"::1}`)}, {"no comma", always(`{"a":1 "b":2}`)},
	{"a list of members", func(good string) string { return `["a":1,` + good[1:len(good)-1] + "]" }}, {"numbers", always(`{"a":` + strings.Repeat("9", 9000) + `}`)},
	{"base64", func(good string) string { return base64.StdEncoding.EncodeToString([]byte(good)) }},
}

// spoilJSON breaks the text of a JSON body.
func spoilJSON(d *draft) {
	b := pick(d, notJSON)
	d.text = []byte(b.of(d.bodyText()))
	d.did("json", b.name, true)
}

// noForms make of a form what is none, or one with a parameter twice (F12).
var noForms = []bend{
	{"twice", func(good string) string { return good + "&" + good + "&a=1&a=1" }}, {"an unknown one twice", with("", "&a=1&a=2")}, {"twice, encoded", with("", "&a=1&%61=2")},
	{"bad percent", with("", "&a=%")}, {"bad percent again", with("", "&%zz=1")}, {"NUL", with("", "&a=%00")}, {"bad UTF-8", with("", "&a=%ff")},
	{"overlong UTF-8", with("", "&a=%c0%af")}, {"a surrogate", with("", "&a=%ed%a0%80")}, {"no name", with("", "&=x")}, {"JSON", always("{}&=x")},
	{"raw bytes", with("", "&a=\xff")}, {"many twice", with("", strings.Repeat("&a=1", 1000))},
}

// strangeForms are added to a form that stays one: what nobody knows is passed over.
var strangeForms = []string{"&a=b", "&&&", "&client_secret=x", "&token_type_hint=x", "&a=" + strings.Repeat("b", 5000), "&resource=%20", "&scope=%0d%0a", "&scope=" + mark}

func spoilForm(d *draft) {
	if d.chance(25) {
		d.text = []byte(d.bodyText() + pick(d, strangeForms))
		d.did("form", "strange", false)
		return
	}
	b := pick(d, noForms)
	d.text = []byte(b.of(d.bodyText()))
	d.did("form", b.name, true)
}

// spoilLength makes the body longer than any may be, or empty.
func spoilLength(d *draft) {
	if d.chance(30) && !(d.op.optional && d.refused) { // what was wrong with the body would be gone
		d.text = []byte{}
		d.did("length", "nothing", !d.op.optional)
		return
	}
	long := pick(d, []int{16<<10 + 1, 20_000, 70_000})
	if d.chance(2) {
		long = 1 << 20 // E19
	}
	good := d.bodyText()
	d.text = []byte(good + strings.Repeat(" ", max(0, long-len(good))))
	d.large = true
	d.did("length", "too long", true)
}
