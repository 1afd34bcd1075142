package rollout

import "time"

// Event is something that happened. Events are all that leaves a stage: the stages do not print. They
// are data, and can be written down and told again.
type Event interface{ event() }

// Emit takes events, one at a time.
type Emit func(Event)

type (
	// SecretLearned comes before anything that could tell the secrets.
	SecretLearned struct{ Values []string }

	// InputsRead comes first: what was understood of the inputs, in words.
	InputsRead struct{ Facts []Fact }

	// Fact is one thing that the inputs say.
	Fact struct{ Name, Value string }

	// RoleAssumed comes when there are credentials of a role.
	RoleAssumed struct {
		Session string        // the ARN
		With    string        // what it was assumed with
		For     time.Duration // how long the credentials are good
		Again   bool          // they replace others
	}

	// PlanMade comes before anything is changed.
	PlanMade struct {
		Plan   Plan
		DryRun bool
	}

	// TakenOver comes in the place of PlanMade when what other runs have started is operated on: the services, and
	// their deployments as they are found.
	TakenOver struct{ Services []ServiceResult }

	// Verified is what was looked at before anything is changed.
	Verified struct {
		Checks  int
		Doubts  []Doubt
		Unknown []string // IAM actions without which more could not be looked at
		// Unanswered are checks that got no answer, each the action and what it was about.
		Unanswered []string
	}

	// Registered comes once per planned revision, when its ARN is known.
	Registered struct {
		Result RevisionResult
	}

	// OneOffStarted comes when a task that runs once was started.
	OneOffStarted struct {
		Input     string // run-before or run-after
		Revision  Revision
		Container string
		Command   []string
		Tasks     []string // ARNs
	}

	// OneOffProgress comes when its state has changed, and now and then while it has not.
	OneOffProgress struct {
		Input string
		State string
	}

	// TaskSaid passes on a line that a container of it wrote.
	TaskSaid struct {
		Input, Task, Container, Line string
	}

	// OneOffEnded comes when it is over.
	OneOffEnded struct {
		Result OneOffResult
	}

	// Repointed comes when a scheduled task runs another revision from now on, or the latest as before.
	Repointed struct {
		Task     ScheduledTask
		Revision Revision
	}

	// Updated comes when ECS has taken an update.
	Updated struct {
		Service    Service // after the update
		Revision   Revision
		Deployment Deployment
		Unchanged  bool // no deployment was started
	}

	// Progress comes when the counts or the state of a deployment have changed, and now and then
	// while they have not.
	Progress struct {
		Service    ServiceKey
		Desired    int // of the service
		Deployment Deployment
		Older      int    // tasks of other deployments that still run
		State      string // of the service deployment where it is known, else of the deployment

		// Of a deployment that shifts traffic:
		Stage      string        // of the lifecycle
		Production *float64      // percent of production traffic that our tasks get
		Left       time.Duration // of its bake time or wait, about
	}

	// HookCalled comes when a lifecycle hook is called, waits for somebody, or has ended.
	HookCalled struct {
		Service ServiceKey
		Stage   string
		Hook    LifecycleHook
	}

	// Standing comes when of several services none has changed for a while.
	Standing struct {
		All    int
		Failed int
		Open   []Progress // of those without a verdict, as they were last seen
	}

	// ServiceSaid passes on what ECS or CodeDeploy says about a service.
	ServiceSaid struct {
		Service ServiceKey
		By      string
		Message string
	}

	// TasksFailed comes when tasks of the deployment failed, once for each cause.
	TasksFailed struct {
		Service ServiceKey
		Cause   string
		Again   bool     // tasks failed for this cause before
		Tasks   []string // their ids
	}

	// Decided comes when the deployment of a service has its verdict.
	Decided struct {
		Service ServiceKey
		Verdict Verdict
	}

	// Explained comes when a deployment did not succeed and it was looked into why.
	Explained struct {
		Service  ServiceKey
		Findings []Finding
		Log      LogTail
	}

	// Continued comes when a deployment that waited for somebody was continued.
	Continued struct {
		Service ServiceKey
		Stage   string
	}

	// TakingBack comes when a deployment is being taken back.
	TakingBack struct {
		Service ServiceKey
		To      Revision // what ran before
		How     string
	}

	// Deregistered comes when old revisions of a family were deregistered.
	Deregistered struct {
		Family    string
		Revisions []string // "family:revision", the newest first
	}

	// Noticed is a doubt, or a thing that could not be looked at.
	Noticed struct {
		What, Next string
		Warning    bool // worth an annotation
	}

	// Called is one call to AWS, for those who want to see each.
	Called struct {
		Service   string // as in "ECS"
		Operation string
		Took      time.Duration
		RequestID string
		Err       string // empty if it went well
	}

	// Ended is the last event.
	Ended struct {
		Result Result
		Abort  *Abort // what ended the run before its time; nil if nothing did
	}
)

func (SecretLearned) event()  {}
func (InputsRead) event()     {}
func (RoleAssumed) event()    {}
func (PlanMade) event()       {}
func (TakenOver) event()      {}
func (Verified) event()       {}
func (Registered) event()     {}
func (OneOffStarted) event()  {}
func (OneOffProgress) event() {}
func (TaskSaid) event()       {}
func (OneOffEnded) event()    {}
func (Repointed) event()      {}
func (Updated) event()        {}
func (Progress) event()       {}
func (Standing) event()       {}
func (HookCalled) event()     {}
func (ServiceSaid) event()    {}
func (TasksFailed) event()    {}
func (Decided) event()        {}
func (Explained) event()      {}
func (Continued) event()      {}
func (TakingBack) event()     {}
func (Deregistered) event()   {}
func (Noticed) event()        {}
func (Called) event()         {}
func (Ended) event()          {}
