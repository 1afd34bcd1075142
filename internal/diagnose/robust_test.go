package diagnose

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
)

// ill are names that people give to things, which look like causes.
var ill = []string{
	"alarm", "spot", "memory", "timeout", "health", "not-found", "denied", "throttling", "quota", "secret", "efs", "drain",
	"lifecycle-hook", "OutOfMemory", "no-such-host", "logs", "capacity",
}

// renamings are where AWS writes names, each with what stays around them.
var renamings = []struct {
	what  *regexp.Regexp
	names string // N is the name
}{
	{regexp.MustCompile(`\(service web`), "(service N"},
	{regexp.MustCompile(`(arn:aws[\w-]*:[\w-]*:[\w-]*:\d*:(?:[\w-]+[/:])?)[\w+=,.@-]+`), "${1}N"},
	{regexp.MustCompile(`(\d{12}\.dkr\.ecr\.[\w-]+\.amazonaws\.com(?:\.cn)?/)[\w./-]+(:[\w.-]+)?`), "${1}N:N"},
	{regexp.MustCompile(`(docker\.io/|ghcr\.io/|public\.ecr\.aws/)[\w./-]+(:[\w.-]+)?`), "${1}N/N:N"},
	{regexp.MustCompile(`(\(target-group )[\w-]+\)`), "${1}N)"},
	{regexp.MustCompile(`(\(deployment ecs-svc/)\d+`), "${1}7"},
	{regexp.MustCompile(`(log group |log stream |parameter )/[\w/-]+`), "${1}/N/N"},
	{regexp.MustCompile(`exec: "[\w./-]+"`), `exec: "/N/N.sh"`},
	{regexp.MustCompile(`\b(us|eu|ap)-(east|west|central|northeast|southeast)-\d\b`), "ap-southeast-2"},
	{regexp.MustCompile(`\b111122223333\b`), "999988887777"},
	{regexp.MustCompile(`\b[0-9a-f]{32}\b`), "0123456789abcdef0123456789abcdef"},
}

// renamed is a text in which all is called by that name that has one.
func renamed(text, name string) string {
	for _, r := range renamings {
		text = r.what.ReplaceAllString(text, strings.ReplaceAll(r.names, "N", name))
	}
	return text
}

// changed is a wording with its texts changed.
func (w wording) changed(change func(string) string) wording {
	w.Containers = slices.Clone(w.Containers)
	for i := range w.Containers {
		w.Containers[i].Reason = change(w.Containers[i].Reason)
	}
	for _, text := range []*string{&w.StoppedReason, &w.Message, &w.StatusReason, &w.Failure, &w.Description} {
		*text = change(*text)
	}
	return w
}

// someWordings are all or, with -short, each fifth.
func someWordings(t *testing.T) []wording {
	all := readWordings(t)
	if !testing.Short() {
		return all
	}
	var some []wording
	for i := 0; i < len(all); i += 5 {
		some = append(some, all[i])
	}
	return some
}

func TestTheCauseStaysWhateverThingsAreCalled(t *testing.T) {
	const each = 3 // of the names for each wording, others for the next
	for i, wording := range someWordings(t) {
		for n := range each {
			name := ill[(i*each+n)%len(ill)]
			w := wording.changed(func(text string) string { return renamed(text, name) })
			for i := range w.Containers {
				if !strings.HasPrefix(w.Containers[i].Name, "ecs-service-connect") {
					w.Containers[i].Name = name
				}
			}
			require.Contains(t, w.Cause, w.told(), "%s with the name %s: %+v", w.ID, name, w)
		}
	}
}

func TestTheCauseStaysHoweverATextIsWrapped(t *testing.T) {
	for how, change := range map[string]func(string) string{
		"with line breaks": func(text string) string { return strings.ReplaceAll(text, " ", "\n") },
		"with Windows line breaks": func(text string) string {
			return strings.ReplaceAll(strings.ReplaceAll(text, ": ", ":\r\n"), ", ", ",\r\n\t")
		},
		"with typographic quotes": func(text string) string { return strings.NewReplacer("'", "’").Replace(text) },
		"with blanks around": func(text string) string {
			if text == "" {
				return ""
			}
			return "  " + text + "\n"
		},
	} {
		for _, w := range someWordings(t) {
			require.Contains(t, w.Cause, w.changed(change).told(), "%s %s: %+v", w.ID, how, w)
		}
	}
}

// ECS cuts reasons at 255 characters, and at 1,024 since 2021. What is left tells the same cause, or none.
func TestACutTextTellsNoOtherCause(t *testing.T) {
	for length, most := range map[int]int{255: 45, 1024: 0} {
		lost := 0
		for _, w := range someWordings(t) {
			told := w.changed(func(text string) string {
				if runes := []rune(text); len(runes) > length {
					return string(runes[:length])
				}
				return text
			}).told()
			if told == rollout.UnknownCause && !slices.Contains(w.Cause, told) {
				lost++
				continue
			}
			require.Contains(t, w.Cause, told, "%s, cut: %+v", w.ID, w)
		}
		require.LessOrEqual(t, lost, most, "causes that are lost where texts are cut at %d characters", length)
	}
}
