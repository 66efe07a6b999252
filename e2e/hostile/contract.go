//go:build unix

package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

const (
	mediaJSON    = "application/json"
	mediaForm    = "application/x-www-form-urlencoded"
	mediaProblem = "application/problem+json"
)

// operation is one thing that authd can be asked, as the contract has it.
type operation struct {
	id, method, path string
	admin            bool // on the admin listener

	params   []*openapi3.Parameter
	media    string // of its body; empty if it takes none
	body     *openapi3.Schema
	optional bool // the body may be left out

	scheme string // by which it is protected; empty if it is not
	open   bool   // it may be asked without, too
	cookie string // that it looks at; empty if at none
	spends bool   // what is in the cookie is a credential here
	hashes bool   // a request that is right may cost the work of a password

	methods   []string // that its path knows
	responses *openapi3.Responses
}

// contract is openapi.yaml.
type contract struct {
	doc        *openapi3.T
	operations []*operation // always in one order
	weighted   []*operation // the more often, the more there is to spoil
}

func readContract(file string) (*contract, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return parseContract(text)
}

func parseContract(text []byte) (*contract, error) {
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	c := &contract{doc: doc}
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			op := describe(path, method, item, o)
			op.secure(doc, o)
			c.operations = append(c.operations, op)
			if path == "/livez" || path == "/readyz" { // both listeners have them
				twin := *op
				twin.id, twin.admin = op.id+"OfAdmin", true
				c.operations = append(c.operations, &twin)
			}
		}
	}
	slices.SortFunc(c.operations, func(a, b *operation) int { return cmp.Compare(a.id, b.id) })
	for _, op := range c.operations {
		c.weighted = append(c.weighted, slices.Repeat([]*operation{op}, op.weight())...)
	}
	return c, nil
}

func describe(path, method string, item *openapi3.PathItem, o *openapi3.Operation) *operation {
	op := &operation{id: o.OperationID, method: method, path: path, admin: len(item.Servers) > 0, responses: o.Responses}
	for _, p := range slices.Concat(item.Parameters, o.Parameters) {
		op.params = append(op.params, p.Value)
	}
	for known := range item.Operations() {
		op.methods = append(op.methods, known)
		if known == "GET" {
			op.methods = append(op.methods, "HEAD")
		}
	}
	if o.RequestBody != nil {
		op.optional = !o.RequestBody.Value.Required
		for media, content := range o.RequestBody.Value.Content {
			op.media, op.body = media, content.Schema.Value
		}
		for _, p := range op.body.Properties {
			op.hashes = op.hashes || p.Value.Format == "password"
		}
	}
	return op
}

// secure reads by what the operation is protected. A cookie is a way beside another one.
func (o *operation) secure(doc *openapi3.T, from *openapi3.Operation) {
	for _, p := range o.params {
		if p.In == openapi3.ParameterInCookie {
			o.cookie = p.Name
		}
	}
	if from.Security == nil {
		return
	}
	for _, way := range *from.Security {
		o.open = o.open || len(way) == 0
		for name := range way {
			if scheme := doc.Components.SecuritySchemes[name]; scheme != nil && scheme.Value.In == openapi3.ParameterInCookie {
				o.spends = true
			} else {
				o.scheme = name
			}
		}
	}
}

// weight is how often the operation is attacked, compared with one that takes nothing.
func (o *operation) weight() int {
	weight := 1
	if o.scheme != "" {
		weight += 2
	}
	if o.media != "" {
		weight += 4
	}
	return weight
}

// changes reports whether the operation is there to change something.
func (o *operation) changes() bool {
	return !slices.Contains([]string{"GET", "HEAD", "OPTIONS"}, o.method)
}

// closed reports whether nobody may use the operation without a credential.
func (o *operation) closed() bool { return o.scheme != "" && !o.open }
