package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// target is one function that the go command can fuzz.
type target struct {
	name   string
	module string // the folder of its module, where its package's path is known
	path   string // its package's import path
	dir    string // its package's folder, where its corpus is
}

// findModules returns the folders of all modules of the workspace.
func findModules(ctx context.Context) ([]string, error) {
	out, err := goCommand(ctx, ".", "list", "-m", "-f", "{{.Dir}}")
	return strings.Fields(string(out)), err
}

// findTargets returns the targets of all packages that the go command would test, in the order of their
// paths and names. It reads declarations instead of asking each test binary for its list, which would
// take a minute of linking; the binaries that a run builds are asked.
func findTargets(ctx context.Context, modules []string) (targets []target, err error) {
	for _, module := range modules {
		out, err := goCommand(ctx, module, "list", "-json=ImportPath,Dir,TestGoFiles,XTestGoFiles", "./...")
		if err != nil {
			return nil, err
		}
		for d := json.NewDecoder(bytes.NewReader(out)); ; {
			var p struct {
				ImportPath, Dir           string
				TestGoFiles, XTestGoFiles []string
			}
			if err := d.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, fmt.Errorf("read what go list says of %s: %w", module, err)
			}
			for _, file := range slices.Concat(p.TestGoFiles, p.XTestGoFiles) {
				names, err := declared(filepath.Join(p.Dir, file))
				if err != nil {
					return nil, err
				}
				for _, name := range names {
					targets = append(targets, target{name, module, p.ImportPath, p.Dir})
				}
			}
		}
	}
	slices.SortFunc(targets, func(a, b target) int {
		return cmp.Or(strings.Compare(a.path, b.path), strings.Compare(a.name, b.name))
	})
	return targets, nil
}

// declared returns the names of the targets that a file declares.
func declared(file string) (names []string, err error) {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && isTarget(fn) {
			names = append(names, fn.Name.Name)
		}
	}
	return names, nil
}

// isTarget knows func FuzzX(f *testing.F), which the go command knows by name and type.
func isTarget(fn *ast.FuncDecl) bool {
	params := fn.Type.Params.List
	if fn.Recv != nil || !strings.HasPrefix(fn.Name.Name, "Fuzz") || len(params) != 1 {
		return false
	}
	pointer, ok := params[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	of, ok := pointer.X.(*ast.SelectorExpr)
	return ok && of.Sel.Name == "F"
}

// goCommand runs the go command in a folder and returns its output.
func goCommand(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s in %s: %w\n%s", args[0], dir, err, bytes.TrimSpace(complaint.Bytes()))
	}
	return out, nil
}
