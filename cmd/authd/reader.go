package main

import (
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
)

const envPrefix = "AUTHD_"

// serviceLink matches the names that Kubernetes and Docker links put into the environment of whoever
// runs beside a service called authd. Nobody set them on purpose.
var serviceLink = regexp.MustCompile(
	`^AUTHD_(\w+_)?(SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)$`)

// reader gives kong the settings of the environment and keeps every fault, where kong alone would
// stop at the first and print its value.
type reader struct {
	faults   faults
	given    map[string]string // of the environment, by AUTHD_ name
	settings []string          // flag names, in the order of the table
	fromEnv  map[string]bool   // flags whose value came from the environment
}

func newReader(environ []string) *reader {
	r := &reader{given: map[string]string{}, fromEnv: map[string]bool{}}
	for _, pair := range environ {
		if name, value, ok := strings.Cut(pair, "="); ok && strings.HasPrefix(name, envPrefix) {
			r.given[name] = value
		}
	}
	return r
}

// envName is the environment's name of a flag: access-ttl is AUTHD_ACCESS_TTL.
func envName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// learn takes the names of all settings from serve, which has every one of them as a flag.
func (r *reader) learn(model *kong.Application) {
	for _, flag := range settingsOf(model) {
		r.settings = append(r.settings, flag.Name)
	}
}

// settingsOf returns the flags of serve, which are the table of settings.
func settingsOf(model *kong.Application) []*kong.Flag {
	for _, command := range model.Children {
		if command.Name == "serve" {
			return command.Flags
		}
	}
	return nil
}

// Resolve is asked for flags that the command line does not have. A flag that is no setting has no
// name in the environment.
func (r *reader) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	text, ok := r.given[envName(flag.Name)]
	if !ok || !slices.Contains(r.settings, flag.Name) {
		return nil, nil
	}
	r.fromEnv[flag.Name] = true
	return text, nil
}

// Validate has nothing to say: unknown names are finish's, who knows which command was chosen.
func (r *reader) Validate(*kong.Application) error { return nil }

// finish lets the chosen command check what no single setting can know, and returns every fault.
// Commands that have no settings do not look at the environment at all.
func (r *reader) finish(command *kong.Context) error {
	node := command.Selected()
	if !slices.ContainsFunc(node.Flags, func(f *kong.Flag) bool { return slices.Contains(r.settings, f.Name) }) {
		return r.faults.err()
	}
	r.refuseUnknown()
	if s, ok := node.Target.Addr().Interface().(interface{ settle(*faults) }); ok {
		s.settle(&r.faults)
	}
	return r.faults.err()
}

func (r *reader) refuseUnknown() {
	known := make([]string, len(r.settings))
	for i, flag := range r.settings {
		known[i] = envName(flag)
	}
	var unknown []string
	for name := range r.given {
		if !slices.Contains(known, name) && !serviceLink.MatchString(name) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	for _, name := range unknown {
		said := name
		if quoted := strconv.Quote(name); quoted != `"`+name+`"` {
			said = quoted // it ends on a terminal
		}
		r.faults.add(said, "no such setting; the nearest is %s", nearest(name, known))
	}
}

// name says where a value came from, in the words of who gave it.
func (r *reader) name(value *kong.Value) string {
	if r.fromEnv[value.Name] {
		return envName(value.Name)
	}
	return value.ShortSummary()
}

// options makes kong ask this reader for values and parse each type by its own rules.
func (r *reader) options() []kong.Option {
	return []kong.Option{
		kong.Resolvers(r),
		mapped(r, parseText),
		mapped(r, parseList),
		mapped(r, parsePrefixes),
		mapped(r, parsePageOrigins),
		mapped(r, parseDuration),
		mapped(r, parseInt),
		mapped(r, parseLevel),
		mapped(r, parseSecret),
		kong.TypeMapper(reflect.TypeFor[*bool](), boolMapper{r}),
	}
}

// mapped makes parse the one way from text to a T. Its error becomes a fault, so kong goes on to the
// next value.
func mapped[T any](r *reader, parse func(string, *kong.Tag) (T, error)) kong.Option {
	decode := func(ctx *kong.DecodeContext, target reflect.Value) error {
		var text string
		if err := ctx.Scan.PopValueInto("value", &text); err != nil {
			return err
		}
		v, err := parse(text, ctx.Value.Tag)
		if err != nil {
			r.faults.add(r.name(ctx.Value), "%v", err)
			return nil
		}
		target.Set(reflect.ValueOf(v))
		return nil
	}
	return kong.TypeMapper(reflect.TypeFor[T](), kong.MapperFunc(decode))
}

// boolMapper takes true, false, or a flag without a value.
type boolMapper struct{ *reader }

func (boolMapper) IsBool() bool { return true }

func (m boolMapper) Decode(ctx *kong.DecodeContext, target reflect.Value) error {
	value := true
	if ctx.Scan.Peek().Type == kong.FlagValueToken {
		switch text := ctx.Scan.Pop().String(); text {
		case "true":
		case "false":
			value = false
		default:
			m.faults.add(m.name(ctx.Value), "%s: want true or false", shown(text))
		}
	}
	target.Set(reflect.ValueOf(&value))
	return nil
}
