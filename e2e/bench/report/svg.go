package report

import (
	"errors"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// The size of a plot and the room around its lines, in pixels. Names stand at the ends of their lines, on the right.
const (
	width, height            = 760, 400
	left, right, top, bottom = 70, 150, 62, 52
	lineHeight               = 16
	letter                   = 7 // about as wide as one is
)

// A page shows a plot as an image, which cannot know the page's colours: it brings its own ground, and asks what the
// reader prefers. The colours of lines can be told apart by people who see fewer of them (Okabe and Ito, 2008).
const style = `
text { font: 12px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #24292f }
.title { font-size: 15px; font-weight: 600 }
.quiet { fill: #57606a }
.ground { fill: #ffffff }
.grid { stroke: #d8dee4; stroke-width: 1 }
.axis { stroke: #8c959f; stroke-width: 1 }
.band { fill: #8c959f; fill-opacity: 0.16 }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round }
.s0 { stroke: #0072b2 } .f0 { fill: #0072b2 } .s1 { stroke: #b35900 } .f1 { fill: #b35900 }
.s2 { stroke: #00785a } .f2 { fill: #00785a } .s3 { stroke: #a8487a } .f3 { fill: #a8487a }
.s4 { stroke: #57606a; stroke-dasharray: 6 4 } .f4 { fill: #57606a }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.quiet { fill: #9aa4af }
.ground { fill: #0d1117 }
.grid { stroke: #262c36 }
.axis { stroke: #6e7681 }
.s0 { stroke: #56b4e9 } .f0 { fill: #56b4e9 } .s1 { stroke: #e69f00 } .f1 { fill: #e69f00 }
.s2 { stroke: #2cc295 } .f2 { fill: #2cc295 } .s3 { stroke: #dd8fb8 } .f3 { fill: #dd8fb8 }
.s4 { stroke: #9aa4af } .f4 { fill: #9aa4af }
}`

// maxSeries is how many lines have a colour of their own.
const maxSeries = 5

// drawing is a plot while it is drawn.
type drawing struct {
	strings.Builder
	x, y axis
}

// SVG draws a chart. It refuses one without points, with more lines than there are colours, and with amounts that have
// no place on its axes.
func SVG(c Chart) ([]byte, error) {
	xs, ys, err := c.amounts()
	if err != nil {
		return nil, fmt.Errorf("plot %q: %w", c.ID, err)
	}
	d := &drawing{
		x: horizontal(xs, c.LogX, left, width-right),
		y: vertical(ys, c.LogY, height-bottom, top),
	}
	w := c.width()
	d.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img">`, w, height, w, height)
	d.printf("<title>%s</title>\n<style>%s\n</style>", html.EscapeString(c.Title), style)
	d.printf(`<rect class="ground" width="%d" height="%d" rx="6"/>`, w, height)
	d.text("title", left, 26, "start", c.Title)
	d.bands(c.Bands)
	d.grid(c)
	d.lines(c.Series)
	d.printf("</svg>")
	return []byte(d.String()), nil
}

// width makes room for names that would not fit.
func (c *Chart) width() int {
	longest := 0
	for _, s := range c.Series {
		longest = max(longest, utf8.RuneCountInString(s.Name))
	}
	return max(width, width-right+8+longest*letter+8)
}

// amounts are all that the axes have to hold.
func (c *Chart) amounts() (xs, ys []float64, err error) {
	if len(c.Series) > maxSeries {
		return nil, nil, fmt.Errorf("%d lines, and %d colours", len(c.Series), maxSeries)
	}
	for _, s := range c.Series {
		if len(s.Points) == 0 {
			return nil, nil, fmt.Errorf("no points of %q", s.Name)
		}
		for _, p := range s.Points {
			if !placed(p.X, c.LogX) || !placed(p.Y, c.LogY) {
				return nil, nil, fmt.Errorf("no place for (%v, %v)", p.X, p.Y)
			}
			xs, ys = append(xs, p.X), append(ys, p.Y)
		}
	}
	for _, b := range c.Bands {
		if !placed(b.From, c.LogX) || !placed(b.To, c.LogX) {
			return nil, nil, fmt.Errorf("no place for the band from %v to %v", b.From, b.To)
		}
		xs = append(xs, b.From, b.To)
	}
	if len(xs) == 0 {
		return nil, nil, errors.New("no lines")
	}
	return xs, ys, nil
}

func placed(v float64, log bool) bool {
	return !math.IsNaN(v) && !math.IsInf(v, 0) && v >= 0 && (v > 0 || !log)
}

func (d *drawing) bands(bands []Band) {
	for _, b := range bands {
		from, to := d.x.at(b.From), d.x.at(b.To)
		d.printf(`<rect class="band" x="%.1f" y="%d" width="%.1f" height="%d"/>`, from, top, to-from, height-top-bottom)
		d.text("quiet", (from+to)/2, top-6, "middle", b.Name)
	}
}

// grid draws both axes with their ticks and names.
func (d *drawing) grid(c Chart) {
	for _, v := range d.y.ticks {
		y := d.y.at(v)
		d.printf(`<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>`, left, width-right, y, y)
		d.text("quiet", left-8, y+4, "end", short(v))
	}
	for _, v := range d.x.ticks {
		x := d.x.at(v)
		d.printf(`<line class="axis" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>`, x, x, height-bottom, height-bottom+5)
		d.text("quiet", x, height-bottom+20, "middle", short(v))
	}
	d.printf(`<line class="axis" x1="%d" x2="%d" y1="%d" y2="%d"/>`, left, width-right, height-bottom, height-bottom)
	d.text("quiet", (left+width-right)/2, height-12, "middle", c.X)
	d.text("quiet", 12, 42, "start", c.Y)
}

// lines draws each series with its name at its end. Names that would lie on each other are moved apart.
func (d *drawing) lines(all []Series) {
	ends := make([]float64, len(all))
	for n, s := range all {
		var path strings.Builder
		for i, p := range s.Points {
			fmt.Fprintf(&path, "%c%.1f %.1f", "ML"[min(i, 1)], d.x.at(p.X), d.y.at(p.Y))
		}
		d.printf(`<path class="line s%d" d="%s"/>`, n, path.String())
		if len(s.Points) <= 2*maxNamed {
			for _, p := range s.Points {
				d.printf(`<circle class="f%d" cx="%.1f" cy="%.1f" r="3"/>`, n, d.x.at(p.X), d.y.at(p.Y))
			}
		}
		ends[n] = d.y.at(s.Points[len(s.Points)-1].Y)
	}
	for n, y := range apart(ends) {
		last := all[n].Points[len(all[n].Points)-1]
		d.text(fmt.Sprintf("f%d", n), d.x.at(last.X)+8, y+4, "start", all[n].Name)
	}
}

// apart moves places so that no two are closer than a line of text, keeping their order.
func apart(places []float64) []float64 {
	order := make([]int, len(places))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if places[a] < places[b] {
			return -1
		}
		return 1
	})
	moved := slices.Clone(places)
	for n := 1; n < len(order); n++ {
		moved[order[n]] = max(moved[order[n]], moved[order[n-1]]+lineHeight)
	}
	// What was pushed below the plot comes back up.
	floor := float64(height - bottom)
	for n := len(order) - 1; n >= 0; n-- {
		moved[order[n]] = min(moved[order[n]], floor)
		floor = moved[order[n]] - lineHeight
	}
	return moved
}

func (d *drawing) text(class string, x, y float64, anchor, text string) {
	d.printf(`<text class="%s" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, class, x, y, anchor, html.EscapeString(text))
}

func (d *drawing) printf(format string, args ...any) { fmt.Fprintf(d, format+"\n", args...) }
