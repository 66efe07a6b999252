package authd_test

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
)

const jwx = "github.com/lestrrat-go/jwx"

// Another library for JWTs must be able to take jwx's place without a change outside of tokens.
func TestNoSignatureOfTokensShowsJWX(t *testing.T) {
	t.Parallel()
	exports := make(map[string]string)
	for _, l := range goList(t, "-export", "-deps", "./internal/tokens") {
		exports[l.ImportPath] = l.Export
	}
	gc := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})
	tokens, err := gc.Import(module + "/internal/tokens")
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range shown(tokens, jwx) {
		t.Error(fault)
	}
}

// shown lists the exported things of p whose types name a package below root.
func shown(p *types.Package, root string) (faults []string) {
	for _, n := range p.Scope().Names() {
		object := p.Scope().Lookup(n)
		if !ast.IsExported(n) {
			continue
		}
		w := walker{own: p, root: root, seen: make(map[types.Type]bool)}
		w.walk(object.Type())
		for _, found := range w.found {
			faults = append(faults, fmt.Sprintf("%s shows %s", object.Name(), found))
		}
	}
	return faults
}

// walker collects what a type names below root. It goes into the package's own types, because an
// exported function may hand out an unexported one, and not into those of others, whose insides are
// their own affair.
type walker struct {
	own   *types.Package
	root  string
	seen  map[types.Type]bool
	found []string
}

func (w *walker) walk(t types.Type) {
	if t == nil || w.seen[t] {
		return
	}
	w.seen[t] = true
	switch t := t.(type) {
	case *types.Alias:
		w.name(t.Obj())
		w.walk(t.Rhs())
	case *types.Named:
		w.named(t)
	case *types.Signature:
		w.walk(t.Params())
		w.walk(t.Results())
	case *types.Tuple:
		for v := range t.Variables() {
			w.walk(v.Type())
		}
	case *types.Struct:
		for f := range t.Fields() {
			if f.Exported() || f.Embedded() {
				w.walk(f.Type())
			}
		}
	case *types.Interface:
		for m := range t.Methods() {
			w.walk(m.Type())
		}
	case *types.Map:
		w.walk(t.Key())
		w.walk(t.Elem())
	case *types.TypeParam:
		w.walk(t.Constraint())
	case interface{ Elem() types.Type }: // pointers, slices, arrays, channels
		w.walk(t.Elem())
	}
}

func (w *walker) named(t *types.Named) {
	w.name(t.Obj())
	for arg := range t.TypeArgs().Types() {
		w.walk(arg)
	}
	if t.Obj().Pkg() != w.own {
		return
	}
	for m := range t.Methods() {
		if m.Exported() {
			w.walk(m.Type())
		}
	}
	w.walk(t.Underlying())
}

func (w *walker) name(n *types.TypeName) {
	if p := n.Pkg(); p != nil && within(p.Path(), w.root) {
		w.found = append(w.found, p.Path()+"."+n.Name())
	}
}

func TestTheWalkerSeesWhatASignatureShows(t *testing.T) {
	t.Parallel()
	const source = `package p
import "io"
type Field struct{ R io.Reader }
type Hidden struct{ r io.Reader }
type Embedded struct{ io.Reader }
type Alias = io.Reader
type Asked interface{ Read(map[string]io.Reader) }
type Method struct{}
func (Method) Do() []io.Reader { return nil }
func (Method) do() io.Reader { return nil }
type inner struct{ W chan io.Reader }
func Handed() *inner { return nil }
func Taken(func(...io.Reader)) {}
func Generic[T io.Reader](T) {}
var Variable, own = io.EOF, Hidden{}
var Inferred = io.LimitReader(nil, 0)
func unexported(io.Reader) {}
`
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	conf := types.Config{Importer: importer.ForCompiler(fset, "source", nil)}
	p, err := conf.Check("p", fset, []*ast.File{f}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, fault := range shown(p, "io") {
		names = append(names, strings.Fields(fault)[0])
	}
	want := []string{"Alias", "Asked", "Embedded", "Field", "Generic", "Handed", "Inferred", "Method", "Taken"}
	if got := slices.Compact(names); !slices.Equal(got, want) {
		t.Errorf("shown in the signatures of\n%v, want\n%v", got, want)
	}
}
