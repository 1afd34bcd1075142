package inputs

import (
	"fmt"
	"slices"
	"strings"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// foreign are inputs of other actions and tools that deploy to ECS, without what joins their words, and what is meant
// here. Found in the action.yml of AWS's actions, and of those on the Marketplace that wrap ecs-deploy and ecspresso.
var foreign = map[string]string{
	"containername":             "image, as container=image",
	"imagetag":                  "image",
	"tag":                       "image",
	"imageuri":                  "image",
	"imagename":                 "image",
	"taggedimage":               "image",
	"taskdefinitionfamily":      "task-definition",
	"taskdefinitionrevision":    "task-definition, as family:revision",
	"taskfamily":                "task-definition",
	"taskdefinitionfile":        "task-definition",
	"taskdefpath":               "task-definition",
	"taskdefjson":               "task-definition",
	"taskdefinitionpath":        "task-definition",
	"envfile":                   "environment-file",
	"envfiles":                  "environment-file, or environmentFiles in task-definition-patch for files in S3",
	"env":                       "environment-variables",
	"environment":               "environment-variables",
	"envvars":                   "environment-variables",
	"environmentvars":           "environment-variables",
	"exclusiveenv":              "replace-environment",
	"servicename":               "service",
	"ecsservice":                "service",
	"target":                    "service",
	"clustername":               "cluster",
	"ecscluster":                "cluster",
	"region":                    "aws-region",
	"awsdefaultregion":          "aws-region",
	"profile":                   "aws-profile",
	"rolearn":                   "role-to-assume",
	"awsrole":                   "role-to-assume",
	"awsassumerole":             "role-to-assume",
	"assumerole":                "role-to-assume",
	"awsaccesskey":              "aws-access-key-id",
	"awssecretkey":              "aws-secret-access-key",
	"awsaccount":                "allowed-account-ids",
	"awsaccountid":              "allowed-account-ids",
	"forcenewdeploy":            "force-new-deployment",
	"force":                     "force-new-deployment",
	"scalevalue":                "desired-count",
	"count":                     "desired-count",
	"min":                       "minimum-healthy-percent",
	"max":                       "maximum-percent",
	"deploymentconfiguration":   "deploymentConfiguration in service-patch",
	"enablerollback":            "rollback-on-failure",
	"rollback":                  "rollback-on-failure, or operation",
	"maxdefinitions":            "keep-revisions",
	"wait":                      "wait-for",
	"waitforsuccess":            "wait-for",
	"waitforfinish":             "wait-for",
	"command":                   "command in task-definition-patch, or run-before",
	"dockerlabels":              "dockerLabels in task-definition-patch",
	"logconfigurationlogdriver": "logConfiguration in task-definition-patch",
	"logconfigurationoptions":   "logConfiguration in task-definition-patch",
	"taskrolearn":               "taskRoleArn in task-definition-patch",
	"taskrole":                  "taskRoleArn in task-definition-patch",
	"executionrolearn":          "executionRoleArn in task-definition-patch",
	"cpu":                       "cpu in task-definition-patch",
	"memory":                    "memory in task-definition-patch",
	"subnets":                   "run-task-subnets",
	"securitygroups":            "run-task-security-groups",
	"launchtype":                "run-task-launch-type",
	"assignpublicip":            "run-task-assign-public-ip",
}

// runnerInputs are taken by the runner for every container action
// (https://github.com/actions/runner/blob/main/src/Runner.Worker/ActionManifestManager.cs).
var runnerInputs = []string{"entrypoint", "args"}

// undeclared refuses inputs that action.yml does not have where another was most likely meant, and warns of the
// others: the runner passes them on with no more than a warning of its own. The names are those of environment
// variables.
func (c *checker) undeclared(variables []string) {
	var declared []string
	for _, input := range Declared() {
		declared = append(declared, input.Name)
	}
	slices.Sort(variables)
	for _, variable := range variables {
		input, is := strings.CutPrefix(variable, "INPUT_")
		input = strings.ToLower(input)
		if !is || input == "" || slices.Contains(declared, input) || slices.Contains(runnerInputs, input) {
			continue
		}
		joined := strings.NewReplacer("-", "", "_", "", ".", "").Replace(input)
		meant, known := foreign[joined]
		if near := taskdef.Nearest(input, declared); !known && near != "" {
			meant, known = near, true
		}
		if known {
			c.mistake("%s: there is no such input: use %s", input, meant)
		} else {
			c.warn("Look up the inputs in the README.", "%s: there is no such input, and it has no effect", input)
		}
	}
}

// warn notes what is likely not meant as it is written. The deployment goes on.
func (c *checker) warn(next, format string, args ...any) {
	what := asWritten(fmt.Sprintf(format, args...))
	c.notices = append(c.notices, rollout.Noticed{What: what, Next: next, Warning: true})
}

// note notes what has no effect here, and does no harm.
func (c *checker) note(format string, args ...any) {
	c.notices = append(c.notices, rollout.Noticed{What: fmt.Sprintf(format, args...)})
}
