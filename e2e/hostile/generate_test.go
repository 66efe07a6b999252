//go:build unix

package main

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestASeedAndANumberMakeOneRequest(t *testing.T) {
	t.Parallel()
	g := &generator{seed: 7, contract: theContract(t), reaching: 2}
	other := &generator{seed: 8, contract: g.contract, reaching: 2}
	differ := 0
	for n := range uint64(500) {
		n += blockSize - 250
		one, two := g.make(n, nobody()), g.make(n, nobody())
		if !bytes.Equal(one.bytes(), two.bytes()) || one.refused != two.refused {
			t.Fatalf("number %d was two requests:\n%v\n%v", n, one, two)
		}
		if !bytes.Equal(one.bytes(), other.make(n, nobody()).bytes()) {
			differ++
		}
	}
	if differ < 450 {
		t.Errorf("of 500 requests another seed changes %d", differ)
	}
}

func TestEveryOperationIsAttackedInEveryWayThatFitsIt(t *testing.T) {
	t.Parallel()
	g := &generator{seed: 1, contract: theContract(t), reaching: 2}
	seen := map[string]bool{}
	for n := range uint64(15_000) {
		r := g.make(n, nobody())
		for _, s := range r.spoiled {
			class, _, _ := strings.Cut(s, ": ")
			seen[r.op.id+" "+class] = true
		}
	}
	for _, op := range g.contract.operations {
		for _, s := range spoilers {
			if s.of != nil && !s.of(op) || s.class == "credential" && op.scheme == "" {
				continue
			}
			if !seen[op.id+" "+s.class] {
				t.Errorf("%s: %s was never spoiled", op.id, s.class)
			}
		}
	}
}

func TestANewOperationIsAttackedBecauseTheContractHasIt(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const added = `
  /pets/{id}:
    put:
      operationId: feedPet
      security:
        - accessToken: []
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [food]
              properties:
                food: {type: string}
                much: {type: boolean}
      responses:
        "204":
          description: Fed.
`
	c, err := parseContract([]byte(strings.Replace(string(text), "\npaths:\n", "\npaths:"+added, 1)))
	if err != nil {
		t.Fatal(err)
	}
	g, sent := &generator{seed: 1, contract: c, reaching: 2}, map[string]int{}
	for n := range uint64(4_000) {
		if r := g.make(n, nobody()); r.op.id == "feedPet" && r.raw == nil {
			for _, class := range r.classes() {
				sent[class]++
			}
			if strings.Contains(string(r.body), `"food":`) && strings.Contains(r.target, "/pets/") {
				sent["whole"]++
			}
		}
	}
	if len(sent) < 10 || sent["whole"] < 20 {
		t.Errorf("got %v, want it spoiled in ten ways", sent)
	}
}

func TestABitIsFlippedAtEveryPlaceOfAToken(t *testing.T) {
	t.Parallel()
	g := &generator{seed: 1, contract: theContract(t)}
	genuine := nobody().victims[0].refresh
	places := map[int]bool{}
	for n := range uint64(6_000) {
		d := newDraft(g.seed, n)
		_, bad := flipped(d, genuine)
		for i := range genuine {
			if bad[i] != genuine[i] {
				places[i] = true
			}
		}
	}
	if len(places) != len(genuine) {
		t.Errorf("of %d places %d were flipped", len(genuine), len(places))
	}
}

func TestNoBadCredentialIsAGenuineOne(t *testing.T) {
	t.Parallel()
	c := nobody()
	v := c.victims[0]
	c.dead = []*account{{id: "dead", access: "dead", refresh: "dead", session: "dead"}}
	genuine := map[role][]string{roleAccess: {v.access}, roleRefresh: {v.refresh, v.parent}, roleReset: {v.reset}, roleAdmin: {c.admin},
		roleSecret: {c.prey.secret, c.machine.secret}, roleAny: {v.access, v.refresh, c.prey.token}}
	for n := range uint64(9_000) {
		d := newDraft(1, n)
		d.cast = c
		r := role(n % 6)
		if name, text := c.bad(d, r); slices.Contains(genuine[r], text) {
			t.Fatalf("number %d, %q: %q is a genuine credential of role %d", n, name, text, r)
		}
	}
}
