// Package kind holds what the kinds of deployments differ in, as far as it can be decided without asking AWS: what is
// refused, what will be called, how long it may take, and the judge of what was looked at. Each kind is a file. Package
// cloud has the other half of each, which speaks. Nothing else knows which kind a deployment is of.
package kind

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// Kind is a kind of deployment.
type Kind interface {
	// Name is who carries such deployments out, as people call it.
	Name() string
	// Plan adds to a rollout what only this kind plans, or refuses it. Its error is a *rollout.Problem.
	Plan(
		asked Request, running rollout.SurveyedService, revision rollout.PlannedRevision, r *rollout.Rollout,
	) ([]rollout.Note, error)
	// Calls are the calls that will change the service.
	Calls(r *rollout.Rollout, revision rollout.PlannedRevision) []rollout.Call
	// Timeouts is how long is waited for such a deployment by default, and what it takes beside.
	Timeouts(running rollout.SurveyedService, waitFor rollout.WaitFor) (usually, more time.Duration)
	// Concerns are what speaks against a planned rollout.
	Concerns(plan rollout.Plan, r *rollout.Rollout) []rollout.Concern
	// UnderWay is the deployment of a service that is under way, if one is.
	UnderWay(running rollout.SurveyedService) (rollout.Deployment, bool)
	// Replaces tells whether what is under way replaces the revision with this ARN: to deploy that again is to go back.
	Replaces(running rollout.SurveyedService, arn string) bool
	// Outputs are those of the step that only this kind has.
	Outputs(r *rollout.Rollout) []rollout.Output

	// Progress is how a deployment stands, by the last look at it.
	Progress(r *rollout.Rollout) rollout.Progress
	// NeedsHealth tells whether the health of the tasks is to be looked at before the deployment is judged.
	NeedsHealth(r *rollout.Rollout, goal Goal) bool
	// Judge decides whether a deployment has ended, and how, by the last look at it. It is about our deployment alone,
	// by its id: after a rollback, or when another run has deployed, a service looks as stable as ever.
	Judge(r *rollout.Rollout, goal Goal) (rollout.Verdict, bool)
	// CountsFailures tells whether the deployment's own count of failed tasks tells when there are more of them.
	CountsFailures() bool
	// RollsBack tells whether who carries it out rolls a deployment back whose tasks keep failing.
	RollsBack(r *rollout.Rollout) bool
	// Rollback decides how a deployment is rolled back, by the last look at it.
	Rollback(r *rollout.Rollout, why RollbackCause) Step
	// Evidence adds to what there is to explain a deployment what only this kind knows.
	Evidence(r *rollout.Rollout, evidence *rollout.Evidence)
}

// Request is what the user asks for, as far as a kind has to do with it.
type Request struct {
	Options  []rollout.Detail // of the kinds, one of each
	Patch    taskdef.Patch    // of the service
	RollBack bool             // what fails
}

// Goal is what a deployment is followed for.
type Goal struct {
	WaitFor rollout.WaitFor
	// Rollback tells that it is a rollback: it has reached its goal as soon as what ran before serves.
	Rollback bool
	// Doomed tells that all are going to be rolled back, since another has failed: nobody waits for what comes after the
	// traffic has moved, to which it can go back in seconds.
	Doomed bool
}

// RollbackCause is why a deployment is rolled back.
type RollbackCause struct {
	ByUser     bool // its user wants it, however it stands
	ForAnother bool // for the sake of another that did not succeed
	StopFailed bool // who carries it out was asked to roll it back, and that did not work
}

// Step is what is to be done to roll a deployment back.
type Step int

const (
	Stop            Step = iota // ask who carries it out to roll it back
	Restore                     // deploy what ran before
	Follow                      // it is being rolled back already
	LeaveSuperseded             // nothing: another run has deployed
	LeaveComplete               // nothing: it came to its good end
	LeaveUnmoved                // nothing: what ran before still gets all the traffic
)

// kinds are all that there are.
var kinds = map[rollout.Controller]Kind{
	rollout.ControlledByECS:        ecs{},
	rollout.ControlledByCodeDeploy: codeDeploy{},
	rollout.ControlledByExpress:    express{},
	rollout.ControlledByDaemon:     daemon{},
}

// Of is the kind of deployments that a service has. Deployable tells before whether it has one.
func Of(service rollout.Service) Kind {
	if known := kinds[service.Controller]; known != nil {
		return known
	}
	return ecs{}
}

// Deployable is the error of a service that cannot be deployed, a *rollout.Problem; nil if it can.
func Deployable(service rollout.Service) error {
	what := service.Noun()
	where := fmt.Sprintf("%s %s in cluster %s (%s)", what, service.Name, service.Cluster, service.Region)
	_, known := kinds[service.Controller]
	switch {
	case service.Status != rollout.ServiceActive:
		return &rollout.Problem{
			Kind: rollout.BadInput, What: where + " is " + string(service.Status) + ": it was deleted, or is about to be",
			Short: "the " + what + " is " + string(service.Status),
			Next:  fmt.Sprintf("Create the %s again, or check %[1]s, cluster and region.", what),
		}
	case service.Controller == rollout.ControlledByYourself:
		return &rollout.Problem{
			Kind:  rollout.BadInput,
			What:  where + " has the deployment controller EXTERNAL: an external program deploys it, not ECS",
			Short: "deployment controller EXTERNAL",
			Next: "Let that program deploy a new revision, which this action can register (task-definition, without " +
				"service). Or change the deployment controller of the service to ECS (UpdateService).",
		}
	case !known:
		return &rollout.Problem{
			Kind: rollout.BadInput,
			What: fmt.Sprintf("%s has the deployment controller %s, which is not supported", where, service.Controller),
			Next: "Only services with the deployment controller ECS or CODE_DEPLOY can be deployed.",
		}
	}
	return nil
}

// Check tells what is wrong with the options of the kinds, and which have no effect. Its error is a *rollout.Problem.
func Check(options []rollout.Detail, services []rollout.SurveyedService) ([]rollout.Note, error) {
	var notes []rollout.Note
	for _, option := range options {
		its := slices.DeleteFunc(slices.Clone(services), func(r rollout.SurveyedService) bool {
			return r.Service.Controller != option.Of()
		})
		checker, checks := kinds[option.Of()].(interface {
			check(rollout.Detail, []rollout.SurveyedService) ([]rollout.Note, error)
		})
		if !checks {
			continue
		}
		more, err := checker.check(option, its)
		if notes = append(notes, more...); err != nil {
			return notes, err
		}
	}
	return notes, nil
}

// The default timeouts: until a deployment is complete, and until its tasks run.
const (
	stableTimeout  = 30 * time.Minute
	runningTimeout = 90 * time.Second
)

// Timeout is how long is waited at most: what is asked for or, by default, what the kinds of deployments take. What is
// asked for may be on top of what they take.
func Timeout(
	asked time.Duration,
	onTop bool,
	waitFor rollout.WaitFor,
	services []rollout.SurveyedService,
) time.Duration {
	if asked > 0 && !onTop {
		return asked
	}
	var longest, more time.Duration
	for _, running := range services {
		usually, its := Of(running.Service).Timeouts(running, waitFor)
		longest, more = max(longest, usually), max(more, its)
	}
	switch {
	case asked > 0:
		return asked + more
	case longest == 0:
		return stableTimeout
	}
	return longest + more
}

// leastRollbackTimeout is how long a rollback is waited for at least: a run that leaves amid it does not know who
// serves.
const leastRollbackTimeout = 10 * time.Minute

// RollbackTimeout is how long a rollback is waited for at most, which ends when the service is stable, whatever the
// deployment was waited for.
func RollbackTimeout(asked time.Duration, onTop bool, services []rollout.SurveyedService) time.Duration {
	least := leastRollbackTimeout
	for _, running := range services {
		if running.Service.ManagedDaemon { // which is rolled back by a deployment as long as the other
			usually, more := Of(running.Service).Timeouts(running, rollout.Stable)
			least = max(least, usually+more)
		}
	}
	return max(least, Timeout(asked, onTop, rollout.Stable, services))
}

// counts are those of a standing that all kinds have.
func counts(r *rollout.Rollout) rollout.Progress {
	_, listed := r.Service.Deployment(r.Deployment.ID)
	ours := r.Deployment
	return rollout.Progress{
		ID:      ours.ID,
		Wanted:  r.Service.Desired,
		Listed:  listed,
		Running: ours.Running,
		Pending: ours.Pending,
		Failed:  ours.Failed,
		Older:   r.Service.OthersRunning(ours.ID),
		State:   string(ours.State),
	}
}

// running is who runs, by the list of deployments: who has most of the traffic, where the share of our deployment is
// known, or else the most tasks, first, and of as many the older.
func running(r *rollout.Rollout, share *float64) []rollout.ServingTasks {
	var all []rollout.ServingTasks
	for _, d := range slices.Backward(r.Service.Deployments) { // the oldest first
		if d.Running > 0 {
			tasks := rollout.ServingTasks{TaskDefinition: d.TaskDefinition, Running: d.Running}
			if d.ID == r.Deployment.ID {
				tasks.Traffic = share
			}
			all = append(all, tasks)
		}
	}
	const both = 2
	if share != nil && len(all) == both { // the other gets the rest
		for i, tasks := range all {
			if rest := 100 - *share; tasks.Traffic == nil {
				all[i].Traffic = &rest
			}
		}
	}
	slices.SortStableFunc(all, func(a, b rollout.ServingTasks) int {
		return cmp.Or(cmp.Compare(trafficOf(b), trafficOf(a)), cmp.Compare(b.Running, a.Running))
	})
	return all
}

func trafficOf(tasks rollout.ServingTasks) float64 {
	if tasks.Traffic == nil {
		return 0
	}
	return *tasks.Traffic
}

// settleTimeout is how long a state that AWS passes through is given to pass: a new deployment that is not listed
// yet, a failed one that is about to be rolled back.
const settleTimeout = time.Minute

// since is how long something has been so at the last look; 0 if it is not so.
func since(r *rollout.Rollout, began time.Time) time.Duration {
	if began.IsZero() {
		return 0
	}
	return r.At.Sub(began)
}

// deleted decides on a service that is not there any more.
func deleted(r *rollout.Rollout) (rollout.Verdict, bool) {
	const oddAnswers = 2 // once may be an odd answer
	switch {
	case r.Missing >= oddAnswers:
		return rollout.Verdict{Outcome: rollout.Failed, Ending: rollout.EndedDeleted, EndedBy: rollout.Somebody}, true
	case r.Service.Status != rollout.ServiceActive:
		return rollout.Verdict{
			Outcome: rollout.Failed,
			Ending:  rollout.EndedDeleted,
			EndedBy: rollout.Somebody,
			Said:    string(r.Service.Status),
		}, true
	}
	return rollout.Verdict{}, false
}

func verdict(outcome rollout.Outcome, ending rollout.Ending, said string) (rollout.Verdict, bool) {
	return rollout.Verdict{Outcome: outcome, Ending: ending, Said: said}, true
}

func rolledBack(to, said string) (rollout.Verdict, bool) {
	return rollout.Verdict{Outcome: rollout.RolledBack, Ending: rollout.EndedRolledBack, To: to, Said: said}, true
}

// undecided is the answer of a judge that has to look again.
func undecided() (rollout.Verdict, bool) { return rollout.Verdict{}, false }

// HasContainer is the error of a document without a container that something names; nil if it has it.
func HasContainer(what string, document taskdef.Document, name string) error {
	var there []string
	for _, container := range document.Containers() {
		if container.Name == name {
			return nil
		}
		there = append(there, container.Name)
	}
	return &rollout.Problem{
		Kind: rollout.BadInput, What: fmt.Sprintf("%s: the task definition has no container %q", what, name),
		Next: "The containers are " + cmp.Or(strings.Join(there, ", "), "none") + ".",
	}
}
