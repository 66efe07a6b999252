package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/authd/authd/internal/password"
)

type passwordCmd struct {
	Calibrate calibrateCmd `cmd:"" help:"Measure what password hashing costs on this machine, and suggest AUTHD_BCRYPT_COST."`
}

// calibrateCmd has no settings, so that it neither asks for a store nor looks at one.
type calibrateCmd struct {
	Target int           `default:"250" min:"10" max:"5000" placeholder:"MS" help:"Milliseconds that one login may take."`
	Limit  time.Duration `default:"10s" min:"1s" max:"5m" help:"How long to measure. What there is no time for is estimated."`
	JSON   bool          `name:"json" help:"Print JSON."`
}

func (calibrateCmd) Help() string {
	return `Run it where authd will run, while nothing else does. Each step of the cost doubles the work of every ` +
		`login, and that of everybody who guesses. It reads and writes no store and changes no setting.`
}

// Run measures and prints.
func (c *calibrateCmd) Run(ctx context.Context, p process) error {
	calibration := password.Calibration{Workers: runtime.GOMAXPROCS(0), Limit: c.Limit, Now: time.Now}
	if !c.JSON {
		fmt.Fprintf(p.stderr, "measuring on %d cores, for %v at most\n", calibration.Workers, c.Limit)
	}
	speeds, err := calibration.Measure(ctx)
	if err != nil {
		return err
	}
	suggested, within := password.Suggest(speeds, time.Duration(c.Target)*time.Millisecond)
	if c.JSON {
		return c.printJSON(p.stdout, calibration.Workers, speeds, suggested, within)
	}
	return c.print(p.stdout, calibration.Workers, speeds, suggested, within)
}

func (c *calibrateCmd) print(out io.Writer, cores int, speeds []password.Speed, suggested password.Speed, within bool) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "COST\tONE LOGIN\tWITH ALL CORES BUSY\tLOGINS PER SECOND\t")
	for _, s := range speeds {
		note := ""
		if s.Estimated {
			note = "estimated"
		}
		fmt.Fprintf(table, "%d\t%v\t%v\t%.1f\t%s\n", s.Cost, inMillis(s.Alone), inMillis(s.Busy), s.PerSecond, note)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	said := fmt.Sprintf("is the most within %d ms", c.Target)
	if !within {
		said = fmt.Sprintf("is more than %d ms, and the least there is", c.Target)
	}
	_, err := fmt.Fprintf(out, "\nsuggested: AUTHD_BCRYPT_COST=%d, which %s: a login takes %v, and %d cores serve %.1f logins a second\n",
		suggested.Cost, said, inMillis(suggested.Alone), cores, suggested.PerSecond)
	return err
}

func inMillis(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// speedJSON is one cost, for programs. Times are milliseconds.
type speedJSON struct {
	Cost      int     `json:"cost"`
	LoginMS   float64 `json:"login_ms"`
	BusyMS    float64 `json:"busy_login_ms"`
	PerSecond float64 `json:"logins_per_second"`
	Estimated bool    `json:"estimated"`
}

func (c *calibrateCmd) printJSON(out io.Writer, cores int, speeds []password.Speed, suggested password.Speed, within bool) error {
	shown := struct {
		Cores     int         `json:"cores"`
		TargetMS  int         `json:"target_ms"`
		Costs     []speedJSON `json:"costs"`
		Suggested int         `json:"suggested_cost"`
		Within    bool        `json:"within_target"`
	}{Cores: cores, TargetMS: c.Target, Suggested: suggested.Cost, Within: within}
	for _, s := range speeds {
		shown.Costs = append(shown.Costs, speedJSON{s.Cost, millis(s.Alone), millis(s.Busy), s.PerSecond, s.Estimated})
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(shown)
}

func millis(d time.Duration) float64 {
	return float64(d.Round(10*time.Microsecond)) / float64(time.Millisecond)
}
