package watch

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ecs-deploy/internal/rollout"
)

// Target is a deployment to be followed.
type Target struct {
	// Service is as it was after the update.
	Service rollout.Service
	// Deployment is ours, as the answer of UpdateService had it.
	Deployment rollout.Deployment
	// ARN is that of the service deployment, once it is listed.
	ARN string
	// Previous is the id of the deployment that was PRIMARY before, which a roll-back makes PRIMARY
	// again.
	Previous string
	// HealthChecked tells that a container of the task definition has a health check.
	HealthChecked bool
	// Since is when the update was sent, by our clock.
	Since time.Time
	// Stopped tells that CodeDeploy was asked to stop the deployment and to roll it back: that its traffic has moved is
	// no success then.
	Stopped bool
	// Heard is until when, by the clock of AWS, the service's events and failed tasks were told already.
	Heard time.Time
}

// snapshot is what one look at a target showed.
type snapshot struct {
	at      time.Time
	found   bool // false: ECS does not know the service
	service rollout.Service
	// progress is nil as long as the service deployment is not listed, or may not be read.
	progress *rollout.ServiceDeployment
	// shift is nil where ECS itself deploys.
	shift *shift
	// ours is our deployment as it was last listed, and seen that it ever was.
	ours rollout.Deployment
	seen bool
	// failedFor is how long our deployment has been PRIMARY and FAILED.
	failedFor time.Duration
}

// settling is how long a state that ECS passes through is given to pass: a new deployment that is
// not listed yet, a failed one that is about to be rolled back.
const settling = time.Minute

// judge decides whether the deployment has ended, and how. It is about our deployment alone, by its
// id: after a roll-back, or when somebody else has deployed, a service looks as stable as ever.
//
// The status of the service deployment is the better witness, and is asked first; the service's own
// list of deployments needs no further permission. What each word means:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html.
func judge(t Target, s snapshot) (rollout.Verdict, bool) {
	switch {
	case !s.found:
		return failed("the service was deleted during the deployment")
	case s.service.Status != "ACTIVE":
		return failed("the service is %s: it was deleted during the deployment", s.service.Status)
	}
	if s.shift != nil {
		return judgeShift(t, s)
	}
	if s.progress != nil {
		if verdict, done := judgeProgress(t, s); done {
			return verdict, true
		}
		if strings.HasPrefix(s.progress.Status, "ROLLBACK_") {
			return rollout.Verdict{}, false // under way
		}
	}
	return judgeDeployments(t, s)
}

// reached tells whether a deployment has come to a stage of its lifecycle, or past it.
func reached(s snapshot, stage string) bool {
	if s.shift != nil {
		return s.shift.Reached(stage)
	}
	return s.progress != nil && s.progress.Status == "IN_PROGRESS" &&
		slices.Index(rollout.Stages, s.progress.Stage) >= slices.Index(rollout.Stages, stage)
}

func judgeProgress(t Target, s snapshot) (rollout.Verdict, bool) {
	primary, _ := s.service.Primary()
	switch s.progress.Status {
	case "SUCCESSFUL":
		return succeeded(t, s)
	case "ROLLBACK_SUCCESSFUL":
		return rolledBack(t, primary, s.progress.Reason)
	case "ROLLBACK_FAILED":
		return rollout.Verdict{Outcome: rollout.RollbackFailed, Reason: "ECS could not roll the deployment back" + because(s.progress.Reason)}, true
	case "STOPPED", "STOP_REQUESTED":
		if primary.ID != t.Deployment.ID && primary.ID != t.Previous && primary.ID != "" {
			return superseded(primary)
		}
		if s.progress.Status == "STOPPED" {
			return failed("ECS stopped the deployment and rolled nothing back%s", because(s.progress.Reason))
		}
	}
	return rollout.Verdict{}, false
}

func judgeDeployments(t Target, s snapshot) (rollout.Verdict, bool) {
	primary, _ := s.service.Primary()
	ours, listed := s.service.Deployment(t.Deployment.ID)
	switch {
	case !s.seen && s.at.Sub(t.Since) < settling:
		return rollout.Verdict{}, false // DescribeServices lags behind UpdateService
	case listed && ours.Status == "PRIMARY":
		return judgePrimary(t, s, ours)
	case ours.State == "FAILED", primary.ID == t.Previous, strings.Contains(primary.StateReason, "rolling back"):
		if complete(s.service, primary) {
			return rolledBack(t, primary, failure(s.ours))
		}
		return rollout.Verdict{}, false
	case primary.ID == "":
		return rollout.Verdict{}, false
	}
	return superseded(primary)
}

// complete tells whether a deployment has come to its good end. The counts say nothing, since they are
// all 0 at first, and so equal; but for services behind a Classic Load Balancer, which have no
// rolloutState (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html).
func complete(service rollout.Service, d rollout.Deployment) bool {
	return d.State == "COMPLETED" ||
		d.State == "" && len(service.Deployments) == 1 && d.Running == service.Desired && d.Pending == 0
}

func judgePrimary(t Target, s snapshot, ours rollout.Deployment) (rollout.Verdict, bool) {
	switch {
	case complete(s.service, ours):
		return succeeded(t, s)
	case ours.State == "FAILED" && s.service.RollsBack && s.failedFor >= settling:
		return rollout.Verdict{
			Outcome: rollout.RollbackFailed,
			Reason:  "ECS gave the deployment up and did not roll it back, as it is set to" + because(ours.StateReason),
		}, true
	case ours.State == "FAILED" && !s.service.RollsBack && (s.progress == nil || s.failedFor >= settling):
		return failed("ECS gave the deployment up and rolled nothing back%s", because(ours.StateReason))
	}
	return rollout.Verdict{}, false
}

func succeeded(t Target, s snapshot) (rollout.Verdict, bool) {
	reason := fmt.Sprintf("%s is live", rollout.RevisionID(t.Deployment.TaskDefinition))
	if ours, listed := s.service.Deployment(t.Deployment.ID); listed && s.service.Desired > 0 {
		reason += fmt.Sprintf(", %d of %d tasks run", ours.Running, s.service.Desired)
	}
	return rollout.Verdict{Outcome: rollout.Succeeded, Reason: reason}, true
}

func failed(format string, args ...any) (rollout.Verdict, bool) {
	return rollout.Verdict{Outcome: rollout.Failed, Reason: fmt.Sprintf(format, args...)}, true
}

func rolledBack(t Target, to rollout.Deployment, why string) (rollout.Verdict, bool) {
	return rollout.Verdict{
		Outcome: rollout.RolledBack,
		Reason:  fmt.Sprintf("%s rolled back to %s%s", t.by(), rollout.RevisionID(to.TaskDefinition), because(why)),
	}, true
}

func superseded(by rollout.Deployment) (rollout.Verdict, bool) {
	return rollout.Verdict{
		Outcome: rollout.Superseded,
		Reason: fmt.Sprintf("somebody else deployed %s meanwhile (deployment %s, %s)",
			rollout.RevisionID(by.TaskDefinition), by.ID, by.Created.UTC().Format(time.RFC3339)),
	}, true
}

// failure is why a deployment failed; while it did not, its reason says nothing.
func failure(d rollout.Deployment) string {
	if d.State != "FAILED" {
		return ""
	}
	return d.StateReason
}

// because puts a reason of ECS behind a colon, without its full stop.
func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + strings.TrimSuffix(reason, ".")
}

// allRun tells whether the counts say that every wanted task of our deployment runs.
func allRun(t Target, s snapshot) bool {
	ours, listed := s.service.Deployment(t.Deployment.ID)
	return listed && ours.Status == "PRIMARY" && ours.State != "FAILED" &&
		ours.Desired == s.service.Desired && ours.Running >= ours.Desired && ours.Desired > 0 && ours.Pending == 0
}

// tasksHealth is what is known of the health of all the tasks that are wanted.
type tasksHealth int

const (
	unhealthy tasksHealth = iota // not all run, or one is not healthy, or not yet
	unchecked                    // all run, and nothing checks them
	healthy
)

// healthOf judges by the tasks alone: by their state, and by the containers' own health checks.
func healthOf(t Target, wanted int, tasks []rollout.Task) tasksHealth {
	n := 0
	for _, task := range tasks {
		if task.Status == "RUNNING" && (task.Health == "HEALTHY" || !t.HealthChecked && task.Health != "UNHEALTHY") {
			n++
		}
	}
	switch {
	case n < wanted:
		return unhealthy
	case t.HealthChecked:
		return healthy
	}
	return unchecked
}

// left says where a deployment stood when the waiting ended.
func (f *follower) left() string {
	service, ours := f.service, f.ours
	text := fmt.Sprintf("%d of %d tasks run", ours.Running, service.Desired)
	if ours.Pending > 0 {
		text += fmt.Sprintf(", %d pending", ours.Pending)
	}
	if ours.Failed > 0 {
		text += fmt.Sprintf(", %d failed", ours.Failed)
	}
	if f.underCodeDeploy() {
		text += f.shift.left()
	}
	return text
}
