package rollout

import (
	"cmp"
	"ecs-deploy/internal/lazy"
	"time"
)

// Keys are credentials by themselves. They are all empty, or the first two are set.
type Keys struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// Role is a role to assume. It is unset without an ARN.
type Role struct {
	ARN, SessionName string
	ExternalID       string        // not with an identity token
	MaxAge           time.Duration // 0 is an hour
}

// sessionNames takes what the name of a session cannot hold.
var sessionNames = lazy.Regexp(`[^\w+=,.@-]+`)

// SessionName names the session of a role that a run of a workflow assumes: gha-owner-repository-run-attempt, of 64
// characters at most. CloudTrail tells the run by it, and so does ECS, which has on record who registered a revision.
func SessionName(repository, run, attempt string) string {
	end := "-" + run + "-" + cmp.Or(attempt, "1")
	begin := sessionNames().ReplaceAllString("gha-"+repository, "-")
	return begin[:min(len(begin), 64-len(end))] + end
}

var session = lazy.Regexp(`^gha-.+-(\d+)-\d+$`)

// RunOf is the id of the run whose name a session has; empty: it has another.
func RunOf(name string) string {
	if parts := session().FindStringSubmatch(name); parts != nil {
		return parts[1]
	}
	return ""
}

// RunTags are the tags of a revision that tell the run that registered it, and the variables of the runner that have
// their values
// (https://docs.github.com/actions/reference/workflows-and-actions/variables#default-environment-variables).
var RunTags = []struct{ Key, Variable string }{
	{"github:repository", "GITHUB_REPOSITORY"}, {"github:commit", "GITHUB_SHA"}, {"github:ref", "GITHUB_REF_NAME"},
	{"github:run", "GITHUB_RUN_ID"}, {"github:actor", "GITHUB_ACTOR"},
}
