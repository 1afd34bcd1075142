package report

import (
	"cmp"
	"ecs-deploy/internal/lazy"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

const (
	// mostBars is how many services the picture shows.
	mostBars = 40

	// longestLabel is where a name in the picture is cut, in characters.
	longestLabel = 60
)

// gantt is the picture of a run, in Mermaid's words (https://mermaid.js.org/syntax/gantt.html), and a
// sentence on what it leaves out. It is empty where there is nothing to be seen. GitHub draws pictures of at
// most 50,000 characters (https://github.com/orgs/community/discussions/13761): this one is far below.
func (t *timeline) gantt() (picture, leftOut string) {
	var b strings.Builder
	longest := time.Duration(0)
	for _, track := range append([]*track{&t.before, &t.gates, &t.after}, t.services...) {
		if len(track.spans) > 0 {
			longest = max(longest, track.to())
		}
	}
	if longest < time.Second {
		return "", ""
	}
	if !t.ofSeveral() { // what follows on each other in a section stands in one row
		b.WriteString("---\ndisplayMode: compact\n---\n")
	}
	fmt.Fprintf(
		&b, "gantt\n    dateFormat YYYY-MM-DD HH:mm:ss.SSS\n    axisFormat %s\n    todayMarker off\n", axis(longest),
	)
	t.before.section(&b, "before")
	if t.ofSeveral() {
		leftOut = t.fleet(&b)
	} else if len(t.services) > 0 {
		t.services[0].rows(&b)
	}
	t.gates.section(&b, "gates")
	t.after.section(&b, "after")
	return b.String(), leftOut
}

// axis is the format of the times below the picture: minutes and seconds, or what longer runs need.
func axis(longest time.Duration) string {
	switch {
	case longest < time.Hour:
		return "%M:%S"
	case longest < 24*time.Hour:
		return "%H:%M"
	}
	return "day %d %H:%M"
}

// section draws a track, one bar for each span.
func (t *track) section(b *strings.Builder, title string) {
	seen := slices.DeleteFunc(slices.Clone(t.spans), func(s span) bool {
		return s.look == past && s.to-s.from < shortestBarInterval
	})
	if len(seen) == 0 {
		return
	}
	drawRow(b, title, seen)
	t.events(b)
}

// drawRow draws spans in a row of their own, if there are any.
func drawRow(b *strings.Builder, title string, spans []span) {
	if len(spans) == 0 {
		return
	}
	fmt.Fprintf(b, "    section %s\n", label(title))
	for _, span := range spans {
		bar(b, span.name, span.look, span.from, span.to)
	}
}

// events draws the marks in a row of their own, if there are any.
func (t *track) events(b *strings.Builder) {
	if len(t.marks) > 0 {
		b.WriteString("    section events\n")
	}
	for _, mark := range t.marks {
		bar(b, mark.name, "crit, "+milestone, mark.at, mark.at)
	}
}

// rows draws the one service that a run is about: what ran before, what was deployed, and what happened. Where traffic
// is moved, they are told by their shares of it, below the stages.
func (t *track) rows(b *strings.Builder) {
	if len(t.spans) == 0 {
		return
	}
	old, ours := t.names()
	if t.shifts {
		drawRow(b, "stage", legible(t.spans, (t.to()-t.from())/widestBars))
		drawRow(b, old+" traffic", t.traffic(func(share float64) float64 { return 100 - share }, watchful))
		drawRow(b, ours+" traffic", t.traffic(func(share float64) float64 { return share }, plainly))
		t.events(b)
		return
	}
	serves := span{name: "serves", from: t.from(), to: t.to(), look: watchful}
	if t.oldGone {
		serves.to = max(t.oldTo, serves.from)
	}
	var before, after []span
	for _, span := range t.spans {
		if span.name == phases[draining] {
			serves.to, span.name = span.from, "draining"
			before = append(before, span)
		} else {
			after = append(after, span)
		}
	}
	if serves.to > serves.from {
		before = append([]span{serves}, before...)
	}
	drawRow(b, old, before)
	drawRow(b, ours, after)
	t.events(b)
}

// widestBars is how many bars a row may have whose names can be read.
const widestBars = 12

// legible is spans of which none is too short for its name: those that are stand together, by the name of the longest.
func legible(spans []span, shortest time.Duration) []span {
	var all []span
	longest := time.Duration(0) // of those that stand together last
	for _, s := range spans {
		length := s.to - s.from
		if last := len(all) - 1; length >= shortest || longest == 0 || s.look == alarmed {
			all = append(all, s)
		} else {
			all[last].to = s.to
			if length > longest {
				all[last].name = s.name
			}
		}
		longest = max(longest, length)
		if length >= shortest {
			longest = 0
		}
	}
	for i, s := range all {
		if s.to-s.from < shortest && s.look != alarmed {
			all[i].name = "…"
		}
	}
	return all
}

// names are what the rows are called: the versions, where they are not the same, or else what there is in their place.
func (t *track) names() (old, ours string) {
	if t.old == t.ours || t.old == "" || t.ours == "" {
		return "old tasks", "new tasks"
	}
	return t.old, t.ours
}

// traffic is the shares of the traffic over the time, as far as there is any.
func (t *track) traffic(of func(share float64) float64, look look) []span {
	var spans []span
	for i, share := range t.shares {
		to := t.to()
		if i+1 < len(t.shares) {
			to = t.shares[i+1].from
		}
		if percent := of(share.percent); percent > 0 {
			spans = append(spans, span{name: fmt.Sprintf("%g%%", percent), from: share.from, to: to, look: look})
		}
	}
	return spans
}

// fleet draws many services, wave by wave, one bar for each: those that did not succeed first, then those that took
// longest.
func (t *timeline) fleet(b *strings.Builder) (leftOut string) {
	tracks := slices.DeleteFunc(slices.Clone(t.services), func(t *track) bool { return len(t.spans) == 0 })
	if len(tracks) == 0 {
		return ""
	}
	slices.SortStableFunc(tracks, func(a, b *track) int {
		return cmp.Or(cmp.Compare(rank(b), rank(a)), cmp.Compare(b.to()-b.from(), a.to()-a.from()))
	})
	shown := tracks
	if more := len(tracks) - mostBars; more > 0 {
		shown = tracks[:mostBars]
		leftOut = fmt.Sprintf(
			"%s that also succeeded, and were no slower, are not in the picture.", plural(more, tracks[0].key.Noun()),
		)
	}
	last := 0
	for _, track := range tracks {
		last = max(last, track.wave)
	}
	for wave := range last + 1 {
		title := tracks[0].key.Noun() + "s"
		if last > 0 {
			title = fmt.Sprintf("wave %d", wave+1)
		}
		inWave := func(t *track) bool { return t.wave == wave }
		drawFleet(b, title, having(tracks, inWave), having(shown, inWave))
	}
	return leftOut
}

// drawFleet draws the services of a wave, or one bar that stands for them where none of them is shown.
func drawFleet(b *strings.Builder, title string, tracks, shown []*track) {
	if len(tracks) == 0 {
		return
	}
	fmt.Fprintf(b, "    section %s\n", title)
	if len(shown) == 0 {
		from, to := tracks[0].from(), tracks[0].to()
		for _, track := range tracks {
			from, to = min(from, track.from()), max(to, track.to())
		}
		bar(b, icon(tracks[0].outcome)+" "+plural(len(tracks), tracks[0].key.Noun()), plainly, from, to)
	}
	for _, track := range shown {
		name := icon(track.outcome) + " " + track.name
		there, back := track.spans, track.spans[len(track.spans)-1:]
		if back[0].name == rollBack && len(there) > 1 {
			there = there[:len(there)-1]
		} else {
			back = nil
		}
		bar(b, name, worstLook(there), there[0].from, there[len(there)-1].to)
		for _, span := range back {
			bar(b, name+", "+rollBack, span.look, span.from, span.to)
		}
	}
}

// worstLook is that of spans that are drawn as one.
func worstLook(spans []span) look {
	if slices.ContainsFunc(spans, func(s span) bool { return s.look == alarmed }) {
		return alarmed
	}
	return plainly
}

// rank puts services that did not succeed before others.
func rank(t *track) int {
	if t.outcome == "" || t.outcome.Good() {
		return 0
	}
	return 1
}

// shortestBarInterval is a length of time that can be seen: what is shorter is drawn as a point in time.
const shortestBarInterval = time.Second

// bar draws a stretch of time, as if the run had begun at midnight of some day.
func bar(b *strings.Builder, name string, look look, from, to time.Duration) {
	if to-from < shortestBarInterval && !strings.HasSuffix(string(look), string(milestone)) {
		look = milestone
	}
	tags := string(look)
	if tags != "" {
		tags += ", "
	}
	midnight := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	fmt.Fprintf(
		b,
		"    %s :%s%s, %dms\n",
		label(name),
		tags,
		midnight.Add(from).Format("2006-01-02 15:04:05.000"),
		(to - from).Milliseconds(),
	)
}

// label is text that may stand for a name in the picture. Mermaid ends names at colons, takes # and ; for
// the begin of something else, and words such as title and click at the start of a line for its own: a
// service may be called so, hence the mark of zero width before them.
func label(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r),
			unicode.IsDigit(r),
			unicode.Is(unicode.So, r),
			strings.ContainsRune(" -_./,()+'%", r),
			r == '\uFE0F':
			return r
		}
		return ' '
	}, oneLine(text))
	text = strayPercent().ReplaceAllString(text, "$1")
	letters := []rune(strings.Join(strings.Fields(text), " "))
	if len(letters) > longestLabel {
		letters = append(letters[:longestLabel-1], '…')
	}
	if len(letters) == 0 {
		return "…"
	}
	commented := len(letters) > 1 && letters[1] == '%' // which Mermaid takes for a comment
	if commented || reserved[strings.ToLower(strings.Fields(string(letters))[0])] {
		return "\u200B" + string(letters)
	}
	return string(letters)
}

// strayPercent is what could begin a comment: all signs that do not stand behind a number.
var strayPercent = lazy.Regexp(`(^|[^\d\s]|%)\s*%+`)

// reserved are the words with which a line of a gantt chart has a meaning of its own
// (https://github.com/mermaid-js/mermaid/blob/develop/packages/mermaid/src/diagrams/gantt/parser/gantt.jison).
var reserved = map[string]bool{
	"gantt":             true,
	"title":             true,
	"section":           true,
	"click":             true,
	"href":              true,
	"call":              true,
	"dateformat":        true,
	"axisformat":        true,
	"tickinterval":      true,
	"inclusiveenddates": true,
	"topaxis":           true,
	"excludes":          true,
	"includes":          true,
	"todaymarker":       true,
	"weekday":           true,
	"weekend":           true,
	"acctitle":          true,
	"accdescr":          true,
}
