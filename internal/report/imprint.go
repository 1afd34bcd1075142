package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ecs-deploy/internal/rollout"
)

// imprint is the last line of a summary: what was run, by whom, where and when.
func (r *Reporter) imprint(result rollout.Result) section {
	parts := filled(r.source(), r.run(), deploymentOf(result), place(result), r.times(result))
	if len(parts) == 0 {
		return section{}
	}
	return section{what: "the last line", importance: logs, before: "\n<sub>" + strings.Join(parts, " · ") + "</sub>\n"}
}

// source is the tag or branch, or the commit, and who asked for the run
// (https://docs.github.com/actions/reference/workflows-and-actions/variables).
func (r *Reporter) source() string {
	ref, actor := r.getenv("GITHUB_REF_NAME"), r.getenv("GITHUB_ACTOR")
	if commit := r.getenv("GITHUB_SHA"); len(commit) >= shortCommit {
		ref = strings.Join(filled(code(ref), code(commit[:shortCommit])), " at ")
	} else {
		ref = code(ref)
	}
	if actor != "" && ref != "" {
		return ref + " by " + prose(actor)
	}
	return ref
}

// shortCommit is how many characters of a commit's id are shown.
const shortCommit = 8

// run is a link to the run of the workflow.
func (r *Reporter) run() string {
	return r.linkToRun(r.getenv("GITHUB_RUN_ID"))
}

// linkToRun is a link to a run of this repository; empty: it is not known where that is.
func (r *Reporter) linkToRun(id string) string {
	server, repository := r.getenv("GITHUB_SERVER_URL"), r.getenv("GITHUB_REPOSITORY")
	if id == "" || repository == "" || server == "" {
		return ""
	}
	return fmt.Sprintf("[run %s](%s)", prose(id), destination(server+"/"+repository+"/actions/runs/"+id))
}

// deploymentOf is the deployment, if there is one.
func deploymentOf(result rollout.Result) string {
	if len(result.Rollouts) != 1 || result.Rollouts[0].Deployment.ID == "" {
		return ""
	}
	d := result.Rollouts[0].Deployment
	return "deployment " + link(d.ID, d.URL)
}

// place is the accounts, and the regions in each.
func place(result rollout.Result) string {
	var accounts []string
	regions := map[string][]string{}
	for _, of := range result.Rollouts {
		account, region := rollout.Account(of.Service.ARN), of.Service.Region
		if !slices.Contains(accounts, account) {
			accounts = append(accounts, account)
		}
		if region != "" && !slices.Contains(regions[account], region) {
			regions[account] = append(regions[account], region)
		}
	}
	var parts []string
	for _, account := range accounts {
		if account != "" {
			parts = append(parts, "account "+account)
		}
		parts = append(parts, regions[account]...)
	}
	return prose(strings.Join(parts, ", "))
}

// times are when the run began and ended.
func (r *Reporter) times(result rollout.Result) string {
	if result.Duration < time.Second {
		return ""
	}
	began := r.timeline.began.UTC().Round(time.Second)
	ended := began.Add(result.Duration.Round(time.Second))
	return began.Format(time.DateTime) + " to " + ended.Format(time.TimeOnly) + " UTC"
}
