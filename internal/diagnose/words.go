package diagnose

import (
	"ecs-deploy/internal/lazy"
	"regexp"
	"strings"
	"sync"
)

// plain is a text of AWS's without the names in it, so that only its words are recognized: ARNs, addresses, paths,
// images and what stands in quotes or in brackets behind a noun are replaced by what kind of thing they are.
func plain(text string) string {
	text = strings.Join(strings.Fields(strings.NewReplacer("’", "'", "‘", "'", "“", `"`, "”", `"`).Replace(text)), " ")
	for _, name := range names() {
		text = name.find.ReplaceAllStringFunc(text, name.replace)
	}
	return text
}

type name struct {
	find    *regexp.Regexp
	replace func(string) string
}

// names are compiled when a text is first looked up: where nothing fails, none is.
var names = sync.OnceValue(func() []name {
	to := func(kind string) func(string) string { return func(string) string { return kind } }
	return []name{
		{regexp.MustCompile(`\b(linux|windows)/(amd64|arm64)`), func(found string) string {
			return strings.ReplaceAll(found, "/", "-")
		}},
		{regexp.MustCompile(`arn:aws[\w-]*:[\w-]*[^\s"')\],]*`), func(found string) string {
			return "@arn-" + strings.Split(found+":::", ":")[2]
		}},
		{regexp.MustCompile(`https?://[^\s"')\],]*amazon-ecs-volume-plugin[^\s"')\],]*`), to("@volume-plugin")},
		{regexp.MustCompile(
			`(https?://)?[\w.-]+\.(amazonaws\.com(\.cn)?|api\.aws|docker\.(io|com)|[a-z]{2,6})(:\d+)?/[^\s"')\],]*`,
		), host},
		{regexp.MustCompile(`(https?://)?[\w.-]+\.(amazonaws\.com(\.cn)?|api\.aws|docker\.(io|com))\b(:\d+)?`), host},
		{regexp.MustCompile(`https?://[^\s"')\],]*`), to("@url")},
		{
			regexp.MustCompile(
				`\((service|task|instance|container-instance|deployment|target-group|taskSet|elb|port)s? [^()]*\)`,
			),
			func(found string) string { return "(" + strings.Fields(found[1:])[0] + ")" },
		},
		{regexp.MustCompile(`^\(?service \(?[^\s()]+\)? `), to("(service) ")},
		{regexp.MustCompile(`\[[\w.-]+ \(`), to("[ (")},
		{regexp.MustCompile(`(?i)\b(capacity provider|bucket|json key|alarm\(s\)) \[?[\w.-]*[\w]\]?`), keepNoun},
		{regexp.MustCompile(`(?i)\binvalid (ssm )?parameters: .*`), func(string) string { return "invalid ssm parameters" }},
		{regexp.MustCompile(`\S*/etc/(passwd|group)`), to("@passwd")},
		{regexp.MustCompile(`\S*/nvidia-container-\S*`), to("@nvidia")},
		{regexp.MustCompile(`"[^"]*"|(^|[\s(=:\[b])'[^']*'`), quoted},
		{regexp.MustCompile(`(^|[\s(=:,])(/?[\w.@+-]+)?(/[\w.@+-]*)+(:[\w.-]+)?(@sha256:\w+)?`), path},
	}
})

// keepNoun is a noun without the name behind it, unless that is a word of AWS's own.
func keepNoun(found string) string {
	words := strings.Fields(found)
	switch name := strings.ToLower(strings.Trim(words[len(words)-1], "[]")); name {
	case "does",
		"did",
		"is",
		"was",
		"has",
		"in",
		"with",
		"and",
		"or",
		"to",
		"for",
		"not",
		"instance",
		"instances",
		"killed",
		"exited",
		"health",
		"definition",
		"runtime",
		"agent",
		"error",
		"reservation",
		"process",
		"image",
		"name",
		"named":
		return found
	}
	return strings.Join(words[:len(words)-1], " ") + " @name"
}

// region is what the regions of AWS are called
// (https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html).
var region = lazy.Regexp(`\.(us|eu|ap|sa|ca|me|af|il|mx|cn|us-gov|us-isob?|eu-isoe|eusc-de)-` +
	`(north|south|east|west|central|northeast|northwest|southeast|southwest)-[1-9]\.`)

// host tells by its address what was asked.
func host(found string) string {
	if strings.Contains(found, "logs.") && strings.Contains(found, ".amazonaws.") && !region().MatchString(found) {
		return "@nowhere"
	}
	for _, known := range []struct{ part, kind string }{
		{".dkr.ecr.", "@registry"}, {"api.ecr.", "@ecr"}, {"docker.io", "@dockerhub"}, {"docker.com", "@dockerhub"},
		{"secretsmanager.", "@secretsmanager"}, {"ssm.", "@ssm"}, {"kms.", "@kms"}, {"logs.", "@logs"}, {".efs.", "@efs"},
		{"s3.", "@s3"}, {"s3-", "@s3"}, {"public.ecr.aws", "@registry"}, {"ghcr.io", "@registry"}, {"gcr.io", "@registry"},
		{"quay.io", "@registry"}, {"ecr.", "@ecr"}, {"amazonaws.com", "@aws"},
	} {
		if strings.Contains(found, known.part) {
			return known.kind
		}
	}
	return "@url"
}

// quoted is what stays of something in quotes: AWS's own words in capitals, sentences, platforms, and what was told of
// a name already.
func quoted(found string) string {
	inner := strings.Trim(found, ` "'(=:[b`)
	first := found[:1]
	if strings.ContainsAny(first, `"'`) {
		first = ""
	}
	if inner != "" &&
		(strings.HasPrefix(inner, "@") || strings.ToUpper(inner) == inner && !strings.ContainsAny(inner, "/$0123456789_-") ||
			strings.HasPrefix(inner, "linux-") || strings.Contains(inner, " ")) {
		return first + " " + inner + " "
	}
	return first + `""`
}

// path is what stays of something with slashes in it, but for two words that have one.
func path(found string) string {
	trimmed := strings.TrimLeft(found, " (=:,")
	if lower := strings.ToLower(trimmed); lower == "i/o" || lower == "and/or" || strings.HasPrefix(lower, "n/a") {
		return found
	}
	return found[:len(found)-len(trimmed)] + "@path"
}
