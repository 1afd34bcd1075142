package inputs

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"ecs-deploy/internal/lazy"
	"ecs-deploy/internal/rollout"
)

// Gates are what has to hold after a deployment. The alarms are yet to be looked up.
type Gates struct {
	URLs       []rollout.URLCheck
	URLTimeout time.Duration
	Alarms     []rollout.AlarmName
	Bake       time.Duration
}

const (
	defaultURLTimeout = 2 * time.Minute
	defaultBake       = 5 * time.Minute
)

func (c *checker) gates(t text) Gates {
	gates := Gates{URLs: c.urls("check-url", t.CheckURL), Alarms: c.alarms("watch-alarms", t.WatchAlarms)}
	if len(gates.URLs) > 0 {
		gates.URLTimeout = c.duration("check-timeout", t.CheckTimeout, defaultURLTimeout)
	} else if t.CheckTimeout != "" {
		c.mistake("check-timeout needs check-url, which is not set")
	}
	if len(gates.Alarms) > 0 {
		gates.Bake = c.duration("bake-time", t.BakeTime, defaultBake)
	} else if t.BakeTime != "" {
		c.mistake("bake-time needs watch-alarms, which is not set")
	}
	if len(gates.URLs)+len(gates.Alarms) > 0 && t.WaitFor == "none" {
		c.mistake("check-url and watch-alarms: they come after success, which wait-for: none does not wait for")
	}
	return gates
}

// urls reads lines of a URL and the status that it is to answer with. What a line holds that is wrong is not told: it
// may be a secret.
func (c *checker) urls(input, value string) []rollout.URLCheck {
	var checks []rollout.URLCheck
	for i, line := range lines(value) {
		parts := strings.Fields(line)
		parsed, err := url.Parse(parts[0])
		isURL := err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https") && hostName().MatchString(parsed.Host)
		if !isURL || len(parts) > 2 {
			c.mistake("%s: line %d is not a URL, with or without a status behind it, such as https://example.com/health 200",
				input, i+1)
			continue
		}
		check := rollout.URLCheck{URL: parts[0], Shown: shown(parsed)}
		if len(parts) > 1 {
			number, err := strconv.Atoi(parts[1])
			if check.Status = number; err != nil || number < 100 || number > 599 {
				c.mistake("%s: what stands behind %s is not the status of an answer, such as %d", input, check.Shown, http.StatusOK)
			}
		}
		checks = append(checks, check)
	}
	return checks
}

// hostName is a host, and maybe a port.
var hostName = lazy.Regexp(`^([\w.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?$`)

// hiddenPart stands for what of a URL may be a secret.
const hiddenPart = "…"

// longToken is a part of a path that may be a secret: long, and no word.
var longToken = lazy.Regexp(`^[\w.~=+-]{20,}$`)

// tokens are the parts of a path that may be secrets.
func tokens(address *url.URL) []string {
	var found []string
	for part := range strings.SplitSeq(address.EscapedPath(), "/") {
		if longToken().MatchString(part) && strings.ContainsAny(part, "0123456789") {
			found = append(found, part)
		}
	}
	return found
}

// shown is a URL without its scheme, which GitHub would make a link of, user and password, the values of its query, and
// what of its path may be a token.
func shown(address *url.URL) string {
	path := address.EscapedPath()
	for _, token := range tokens(address) {
		path = strings.ReplaceAll(path, token, hiddenPart)
	}
	if address.RawQuery != "" {
		path += "?" + hiddenPart
	}
	return address.Host + path
}

// secretName is a parameter of a query that holds a secret, by its name.
var secretName = lazy.Regexp(`(?i)token|secret|passw|key|auth|sig|credential|code`)

// shortestSecret is the shortest text that is hidden wherever it stands: shorter ones would hide others by chance.
const shortestSecret = 6

// secretsOfURLs are the users, passwords and tokens in the URLs that are to be asked, also where they are not written
// as they should be.
func secretsOfURLs(value string) []string {
	var secrets []string
	separates := func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == '"' }
	for _, word := range strings.FieldsFunc(value, separates) {
		parsed, err := url.Parse(word)
		if err != nil {
			continue
		}
		if parsed.User != nil {
			password, _ := parsed.User.Password()
			secrets = append(secrets, password, parsed.User.Username())
		}
		for name, values := range parsed.Query() {
			if secretName().MatchString(name) {
				secrets = append(secrets, values...)
			}
		}
		secrets = append(secrets, tokens(parsed)...)
	}
	var long []string
	for _, secret := range secrets {
		if len(secret) >= shortestSecret {
			long = append(long, secret, url.QueryEscape(secret), url.PathEscape(secret))
		}
	}
	return long
}

// alarmARN is that of an alarm
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html).
var alarmARN = lazy.Regexp(`^arn:[a-z0-9-]+:cloudwatch:[a-z0-9-]+:[0-9]{12}:alarm:(.{1,255})$`)

// alarms reads names and ARNs of alarms, one per line: names may hold commas.
func (c *checker) alarms(input, value string) []rollout.AlarmName {
	var alarms []rollout.AlarmName
	for _, line := range lines(value) {
		alarm := rollout.AlarmName{Name: line}
		if parts := alarmARN().FindStringSubmatch(line); parts != nil {
			alarm.Name, alarm.Place = parts[1], rollout.PlaceOf(line)
		} else if isARN().MatchString(line) || len(line) > 255 {
			c.mistake("%s: %q is neither the name nor the ARN of an alarm%s", input, line, oddity(line))
		}
		alarms = append(alarms, alarm)
	}
	return alarms
}

var isARN = lazy.Regexp(`^arn:`)

// inWords is what has to hold.
func (g Gates) inWords() []string {
	var words []string
	for _, check := range g.URLs {
		words = append(words, check.Shown)
	}
	for _, alarm := range g.Alarms {
		words = append(words, "alarm "+alarm.Name)
	}
	return words
}
