package diagnose

import (
	"ecs-deploy/internal/lazy"
	"fmt"
	"strings"
)

// refused is how IAM words that it denies something
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html).
var refused = lazy.Regexp(
	`(?i)arn:aws[\w-]*:(?:sts|iam)::\d*:(?:assumed-role|role)/([\w+=,.@/-]+) is not authorized to ` +
		`perform: ([\w-]+:\w+)(?: on resource: "?([^\s"]+)"?)?`,
)

// denier is the policy that denies, where IAM names it.
var denier = lazy.Regexp(`(?i)with an explicit deny in an? ([\w -]*?(?:policy|boundary))`)

// refusal is which role cannot do what, where a text tells that.
func refusal(text string) (means, next string) {
	found := refused().FindStringSubmatch(text)
	if found == nil {
		return "", ""
	}
	role, session, _ := strings.Cut(found[1], "/")
	action, on := found[2], strings.TrimRight(found[3], ".,;")
	if on != "" && on != "*" {
		on = " on " + on
	} else {
		on = ""
	}
	means = fmt.Sprintf("Role %s is not allowed to call %s%s.", role, action, on)
	if strings.HasPrefix(session, "i-") {
		means = fmt.Sprintf("Role %s, which is the container instance's, is not allowed to call %s%s: the task definition "+
			"has no execution role for it.", role, action, on)
	}
	if denier := denier().FindStringSubmatch(text); denier != nil {
		return means, fmt.Sprintf("Find the statement that denies it, in the %s, as IAM says.", denier[1])
	}
	if kind := lacking().FindStringSubmatch(text); kind != nil {
		return means, fmt.Sprintf("Allow role %s the action %s in the %s policy%s.", role, action, kind[1], on)
	}
	return means, fmt.Sprintf("Allow role %s the action %s%s.", role, action, on)
}

var roleARN = lazy.Regexp(`arn:aws[\w-]*:iam::\d*:role/([\w+=,.@/-]+)`)

// lacking is the kind of policy that would have to allow, where IAM names it.
var lacking = lazy.Regexp(`(?i)because no (resource-based|VPC endpoint) policy allows`)

// unassumed is which role of a task cannot be assumed, where a text tells that.
func unassumed(text string) (means, next string) {
	found := roleARN().FindStringSubmatch(text)
	if found == nil {
		return "", ""
	}
	role := found[1]
	return fmt.Sprintf("ECS cannot assume role %s for the task.", role),
		fmt.Sprintf("Check that role %s exists and that its trust policy has ecs-tasks.amazonaws.com.", role)
}
