// Package rollout holds the words that the stages of a deployment share: the nouns, the states of AWS, the plan, the
// record of a rollout, the events and the verdicts. Data only: nothing here calls, waits, prints or makes a sentence.
package rollout

import (
	"cmp"
	"time"
)

// Rollout is the deployment of one service, from its plan to its verdict. It is made once: by package plan or, of a
// deployment that another run has started, by package deploy, which owns it and makes another of it where it is taken
// back. All others get a pointer. One goroutine at a time may change it: its carrier in a look, its watcher, or its
// deployer; whoever is told of it by an event reads it before the next.
type Rollout struct {
	// The plan.
	Title    string   // by which it is told from the others; empty: the name of the service does
	By       string   // who carries it out, as people call it: ECS, say
	Runs     Revision // what the service ran before
	Before   *Counts  // of the service then; nil where another run had started the deployment
	Wave     int      // in which it is deployed, from 0
	Planned  int      // the revision that is deployed: an index of Plan.Revisions
	Update   Update   // what UpdateService is sent
	Settings Detail   // what only its kind of deployment is planned by; nil: nothing
	Calls    []Call   // what is going to be called for it
	Shifted  bool     // who carries it out moves traffic and is waited for until it has, with wait-for: running

	// The handle: who is followed once the deployment was started.
	Revision RevisionResult // what is deployed, and in place of what
	ARN      string         // of the service deployment, once it is listed
	Replaced string         // the id of the deployment that was PRIMARY before
	Fallback string         // the ARN of the task definition to go back to
	Since    time.Time      // when it was started, by our clock
	// until when, by the clock of AWS, the service's events and failed tasks were told already
	EventsSince   time.Time
	HealthChecked bool     // a container of the task definition has a health check
	Unchanged     bool     // no deployment was started: it is the one that there was
	Stopping      bool     // who carries it out was asked to stop it and to roll it back
	GoingBack     bool     // it is being rolled back: what its own tasks do is of no interest any more
	Continued     []string // ids of the hooks at which this run has let it go on
	Outputs       []Output // of the step, which only its kind of deployment has
	ServiceURL    string   // at which the service answers, where AWS tells it
	FromStage     string   // of the lifecycle, at which it was when this run found it; empty: this run has started it

	// What is known of its earlier deployments.
	Past  []PastDeployment // newest first; none: that was not looked at
	Usual *Usual           // nil: that was not looked at

	Look    // the last one
	Phase   Phase
	Verdict Verdict

	// Running are the tasks of a deployment that succeeded; none: they were not looked at.
	Running []Task
	// Groups are the target groups of a load balancer, where such a deployment took long.
	Groups []TargetGroup
	// Large are the images that its tasks took long to pull, as far as their sizes are known.
	Large []ImageSize
	// Killed are the containers of the tasks before that did not end when they were told to.
	Killed []KilledContainer

	// What was found out about a deployment that did not succeed.
	// of the deployment of another run that superseded it; zero: it is not known
	Superseding Revision
	Found       Revision // that serves, where it is neither what was deployed nor what ran before; zero: that is not known
	Findings    []Finding
	Failures    []Task  // tasks of the deployment that failed, oldest first
	Log         LogTail // of the container that failed
}

// LongDeployment is how long a deployment takes of which it is worth to know what would make it faster.
const LongDeployment = 2 * time.Minute

// LongPull is how long the pull of images takes of which it is worth to know how large they are.
const LongPull = time.Minute

// Name is what the rollout is called among those of its run: as its service or, where that is not enough, by its path.
func (r *Rollout) Name() string { return cmp.Or(r.Title, r.Service.Name) }

// TellApart gives rollouts their titles, where they are of services in several clusters, regions or accounts.
func TellApart(rollouts []*Rollout) {
	places, clusters := map[Place]bool{}, map[string]bool{}
	accounts := map[string]bool{}
	for _, r := range rollouts {
		places[r.Service.Place], clusters[r.Service.Cluster] = true, true
		accounts[r.Service.Account] = true
	}
	for _, r := range rollouts {
		switch path := r.Service.Cluster + "/" + r.Service.Name; {
		case len(accounts) > 1:
			r.Title = r.Service.Account + "/" + r.Service.Region + "/" + path
		case len(places) > 1:
			r.Title = r.Service.Region + "/" + path
		case len(clusters) > 1:
			r.Title = path
		}
	}
}

// Deployed is what the service was given, as far as it was given anything.
func (r *Rollout) Deployed() RevisionResult {
	if r.Verdict.Ending == EndedUntouched {
		return RevisionResult{Revision: r.Runs, Previous: r.Runs}
	}
	return r.Revision
}

// Look is what was read of a rollout, together, and when.
type Look struct {
	Began      time.Time  // when the look was begun, by our clock
	At         time.Time  // when the service was read
	Service    Service    // as it was
	Missing    int        // looks in a row in which the service was not there
	Later      Deployment // of another run, which was started after ours; zero: none is known
	Deployment Deployment // ours, as it was last listed
	Seen       bool       // it ever was
	Own        Detail     // what AWS says of it beside the service, in the form of its kind; nil: nothing is known
	OwnAt      time.Time  // when that was read: in an earlier look, if before this one was begun
	// Routes are those of gateways to the service, where they are waited for.
	Routes   []GatewayRoute
	NoRoutes bool     // they cannot be read
	Health   Health   // of its tasks, where it was looked at
	Progress Progress // what all of that comes to

	// Since when it was seen to be so; zero: it is not so.
	FailedSince  time.Time // PRIMARY and FAILED
	OverSince    time.Time // over, though nothing else may be yet
	OldSince     time.Time // only read as it was before
	HealthySince time.Time // all tasks run, and none is unhealthy
	StageSince   time.Time // at the stage that it is at
	StageChanged bool      // since this run follows it
}

// Health is what is known of the health of all the tasks that are wanted.
type Health int

const (
	Unhealthy Health = iota // not all run, or one is not healthy, or not yet, or they were not looked at
	Unchecked               // all run, and nothing checks them
	Healthy
)

// Detail is what only one kind of deployment has: options, a plan, or what AWS says. The files of that kind make it and
// read it; all others hand it on.
type Detail interface{ Of() Controller }

// Phase is how far this run is with a rollout.
type Phase int

const (
	PhasePlanned Phase = iota
	PhaseStarted       // the deployment was started, or found
	PhaseDecided       // it has its verdict, or is not waited for
)

// Output is an output of the step.
type Output struct{ Name, Value string }

// Progress is how a deployment stands, in words that all kinds share.
type Progress struct {
	ID                       string          // of the deployment
	Undeployed               bool            // who carries the deployments of the service out has carried none out yet
	Wanted                   int             // tasks of the service
	Listed                   bool            // ours is listed
	Running, Pending, Failed int             // tasks of ours
	Older                    int             // tasks of other deployments that still run
	Breaker                  BreakerCount    // while the circuit breaker counts failures
	State                    string          // as AWS calls it
	Stage                    string          // of the lifecycle, as AWS calls it
	Traffic                  *float64        // percent of production traffic that our tasks get
	Remaining                time.Duration   // of a bake time or a wait, about
	TerminationTimeout       time.Duration   // how long the old tasks are kept when all traffic has moved
	Hooks                    []LifecycleHook // that were called, wait, or have ended
	Wait                     Wait            // what it waits for
	Course                   Course          // whether anyone still does anything about it
	Ended                    bool            // who carries it out says that it is over
	RollbackID               string          // the id of the deployment that rolls it back, if that has one of its own
	RollbackReason           string          // what AWS says about that
	Shifts                   bool            // it shifts traffic, in stages
	OfInstances              bool            // the counts are of instances, not of tasks
	Draining                 int             // instances that are drained
	Without                  int             // instances that run on without our tasks
	Serves                   []ServingTasks  // who serves
}

// Replacing tells whether instances are still to be replaced, by which a managed daemon is deployed.
func (p Progress) Replacing() bool {
	return p.Older+p.Draining > 0 || p.Running+p.Without < max(p.Wanted, 1)
}

// WaitsAt is the stage or state in which a deployment waits, as AWS calls it.
func (p Progress) WaitsAt() string {
	if p.Wait == WaitContinue {
		return p.Stage
	}
	return p.State
}

// HookStage is the stage at which hooks are called now, as wait-for knows it.
func (p Progress) HookStage() string {
	if p.Wait == WaitTraffic {
		return StagePreProduction
	}
	return p.Stage
}

// Wait is what a deployment waits for.
type Wait int

const (
	NoWait          Wait = iota
	WaitContinue         // someone has to continue it
	WaitTraffic          // someone has to let the traffic move
	WaitTermination      // all traffic has moved, and the old tasks are kept for a while
	WaitRoute            // it is complete, and the route of a gateway to the service is not there yet
)

// Course is whether who carries a deployment out still does anything about it.
type Course int

const (
	GoesOn   Course = iota
	GivenUp         // no more of its tasks are started
	Blocking        // it goes on, and until it is over no other can be started
	Over            // nothing more is done about it
)

// ServingTasks is tasks that serve.
type ServingTasks struct {
	TaskDefinition string // an ARN
	Running        int
	Traffic        *float64 // percent of production traffic; nil where that is not known
}

// Result is what a run came to.
type Result struct {
	// About is what was asked for, in the few words of a title: web → main.
	About    string
	Rollouts []*Rollout
	// Registered is the revision of a run without services.
	Registered *RevisionResult
	// Undeployed are revisions that were registered, and that no service was given.
	Undeployed []RevisionResult
	OneOffs    []OneOffResult // that were run
	Gates      []GateResult   // that were asked
	DryRun     bool
	Restarted  bool // nothing was asked to change: the services were restarted with what they ran
	Duration   time.Duration
	Err        error // what ended the run before its time; nil if nothing did
}

// BadOneOff is the task that was to run once and did not succeed, if there is one.
func (r Result) BadOneOff() (once OneOffResult, is bool) {
	for _, once := range r.OneOffs {
		if !once.Verdict.Outcome.Good() {
			return once, true
		}
	}
	return OneOffResult{}, false
}

// BadGate is the gate that did not open, if there is one.
func (r Result) BadGate() (gate GateResult, is bool) {
	for _, gate := range r.Gates {
		if !gate.Outcome.Good() {
			return gate, true
		}
	}
	return GateResult{}, false
}

// besides is how what a run does beside its services ended, if not well.
func (r Result) besides() (Outcome, bool) {
	if once, bad := r.BadOneOff(); bad {
		return once.Verdict.Outcome, true
	}
	gate, bad := r.BadGate()
	return gate.Outcome, bad
}

// Outcome is how the run ended: as its worst part.
func (r Result) Outcome() Outcome {
	if r.Err != nil {
		return r.aborted()
	}
	foremost := r.Foremost()
	besides, bad := r.besides()
	switch {
	case bad && (foremost == nil || foremost.Verdict.Return == nil):
		return besides
	case foremost != nil && foremost.Verdict.Outcome == NotStarted:
		return Failed // what kept it from being started has come to a better end since
	case foremost != nil:
		return foremost.Verdict.Outcome // what came of rolling back says more than why that was done
	case r.DryRun:
		return Planned
	case r.Registered != nil && !r.Registered.Changed:
		return Unchanged
	}
	return Succeeded
}
