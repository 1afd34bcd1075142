package diagnose

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
)

func TestEvidenceOfHealthChecksIsJoined(t *testing.T) {
	const group = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/6d0ecf831eec9f09"
	const lattice = "arn:aws:vpc-lattice:eu-west-1:123456789012:targetgroup/tg-0918273645f5e4d3c"
	check := rollout.HealthCheck{Group: group, Protocol: "HTTP", Path: "/health", Wants: "200", Interval: 30 * time.Second, Timeout: 5 * time.Second, Threshold: 3}
	another := rollout.HealthCheck{Group: group + "0", Protocol: "TCP", Port: "9000"}
	onPort := func(check rollout.HealthCheck, port string) rollout.HealthCheck { check.Port = port; return check }
	stopped := []rollout.Task{{StopCode: "ServiceSchedulerInitiated", Reason: "Task failed ELB health checks in (target-group " + group + ")"}}
	said := func(reason string) []string {
		return []string{
			"(service web) has reached a steady state.",
			"(service web) (task 64a0) (port 8080) is unhealthy in (target-group " + group + ") due to (reason " + reason + ").",
		}
	}
	for name, test := range map[string]struct {
		evidence    rollout.Evidence
		id, means   string
		want        *rollout.Answer
		wantedAbout rollout.About
	}{
		"a stopped task, its event and the target group": {
			rollout.Evidence{Failures: stopped, Events: said("Health checks failed with these codes: [502]"), Checks: []rollout.HealthCheck{another, check}},
			"target-unhealthy", "The application, or a proxy in front of it in the task, answers the health check with an error.",
			&rollout.Answer{Check: onPort(check, "8080"), Codes: "502"}, rollout.AboutTasks,
		},
		"the target group cannot be read": {
			rollout.Evidence{Failures: stopped, Events: said("Health checks failed with these codes: [404]")},
			"target-unhealthy", "The application does not serve the path of the health check.",
			&rollout.Answer{Check: rollout.HealthCheck{Port: "8080"}, Codes: "404"}, rollout.AboutTasks,
		},
		"the event tells that no answer came": {
			rollout.Evidence{Failures: stopped, Events: said("Request timed out"), Checks: []rollout.HealthCheck{check}},
			"target-timeout", "The load balancer gets no answer from the container.",
			&rollout.Answer{Check: onPort(check, "8080"), Late: true}, rollout.AboutTasks,
		},
		"no event tells more": {
			rollout.Evidence{Failures: stopped},
			"target-unhealthy", "The load balancer finds the tasks unhealthy.", nil, rollout.AboutTasks,
		},
		"an event of another target group, or of a task of another deployment, does not speak for it": {
			rollout.Evidence{Failures: []rollout.Task{{ID: "64a0", StopCode: "ServiceSchedulerInitiated", Reason: stopped[0].Reason}}, Checks: []rollout.HealthCheck{another, check}, Events: []string{
				"(service web) (task 0ld9) (port 8080) is unhealthy in (target-group " + group + ") due to (reason Health checks failed with these codes: [503]).",
				"(service web) (task 64a0) (port 9000) is unhealthy in (target-group " + group + "0) due to (reason Request timed out).",
				"(service web) (task 64a0)\n(port 8080) is\nunhealthy in (target-group " + group + ") due to (reason Health checks failed with these codes: [404]).",
			}},
			"target-unhealthy", "The application does not serve the path of the health check.",
			&rollout.Answer{Check: onPort(check, "8080"), Codes: "404"}, rollout.AboutTasks,
		},
		"VPC Lattice, beside a load balancer": {
			rollout.Evidence{
				Failures: []rollout.Task{{StopCode: "ServiceSchedulerInitiated", Reason: "Task failed ELB health checks in (target-group " + lattice + ")"}},
				Events:   []string{"(service web) (task 64a0) (port 8080) is unhealthy in (target-group " + lattice + ") due to (reason Health checks failed with these codes: [502])."},
				Checks:   []rollout.HealthCheck{check},
			},
			"target-unhealthy", "The application, or a proxy in front of it in the task, answers the health check with an error.",
			&rollout.Answer{Check: rollout.HealthCheck{Port: "8080"}, Codes: "502", Lattice: true}, rollout.AboutTasks,
		},
		"an event of something else does not speak for it": {
			rollout.Evidence{Failures: stopped, Events: []string{"(service web) was unable to place a task because no container instance met all of its requirements. The closest matching container-instance 1 has insufficient memory available."}},
			"target-unhealthy", "The load balancer finds the tasks unhealthy.", nil, rollout.AboutTasks,
		},
		"a target of a task that runs": {
			rollout.Evidence{
				Targets: []rollout.TargetHealth{{Target: "10.0.0.7:8080", State: "unhealthy", Reason: "Target.ResponseCodeMismatch", Description: "Health checks failed with these codes: [301]"}},
				Checks:  []rollout.HealthCheck{onPort(check, "8081")},
			},
			"target-unhealthy", "The application redirects the health check, to https or to a login, say.",
			&rollout.Answer{Check: onPort(check, "8081"), Codes: "301"}, rollout.AboutTargets,
		},
	} {
		t.Run(name, func(t *testing.T) {
			findings := Explain(test.evidence)
			require.Len(t, findings, 1)
			require.Equal(t, test.id, findings[0].ID)
			require.Equal(t, test.means, findings[0].Means)
			require.Equal(t, test.want, findings[0].Answer)
			require.Equal(t, test.wantedAbout, findings[0].About)
		})
	}
}

// All of https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html.
func TestEveryReasonCodeOfElasticLoadBalancingHasItsMeaning(t *testing.T) {
	for code, want := range map[string]string{
		"initial, Elb.RegistrationInProgress":       "health-pending",
		"initial, Elb.InitialHealthChecking":        "health-pending",
		"unhealthy, Target.ResponseCodeMismatch":    "target-unhealthy",
		"unhealthy, Target.Timeout":                 "target-timeout",
		"unhealthy, Target.FailedHealthChecks":      "target-unhealthy",
		"unhealthy, Elb.InternalError":              "internal-error",
		"unused, Target.NotRegistered":              "unknown",
		"unused, Target.NotInUse":                   "target-group-unused",
		"unused, Target.InvalidState":               "instance-gone",
		"unused, Target.IpUnusable":                 "unknown",
		"draining, Target.DeregistrationInProgress": "drains-slowly",
		"unavailable, Target.HealthCheckDisabled":   "health-unchecked",
		"unused, Target.NotInUse, Target is in an Availability Zone that is not enabled for the load balancer":      "zone-not-enabled",
		"unused, Target.InvalidState, Target is in the stopped state":                                               "instance-gone",
		"unused, Target.IpUnusable, The target IP address is reserved for use by a Application Load Balancer (ALB)": "unknown",
	} {
		entry, found := Lookup(code)
		require.True(t, found, code)
		require.Equal(t, want, entry.ID, code)
	}
}
