//go:build unix

package e2e

import (
	"cmp"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// operation is one thing that authd can be asked, as the contract has it.
type operation struct {
	id, method, path string
	admin            bool     // on the operators' listener
	media            string   // of its body; empty if it takes none
	members          []string // of its body
}

// operations reads the contract, so that a new route is asked because it stands there.
func operations(t testing.TB) (all []operation) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			op := operation{id: o.OperationID, method: method, path: path, admin: len(item.Servers) > 0}
			if o.RequestBody != nil {
				for media, content := range o.RequestBody.Value.Content {
					op.media = media
					for name := range content.Schema.Value.Properties {
						op.members = append(op.members, name)
					}
				}
				slices.Sort(op.members)
			}
			all = append(all, op)
		}
	}
	slices.SortFunc(all, func(a, b operation) int { return cmp.Compare(a.id, b.id) })
	return all
}

// labels are members that say how something shall be called. Whoever puts a secret there publishes it.
var labels = []string{"register username", "login device", "adminCreateUser username", "adminCreateUser roles",
	"adminChangeUser roles", "adminCreateClient name", "adminCreateClient scopes", "adminCreateClient audiences"}

func (o operation) isLabel(member string) bool { return slices.Contains(labels, o.id+" "+member) }
