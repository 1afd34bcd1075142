package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"ecs-deploy/internal/taskdef"
)

// World is what a survey found.
type World struct {
	Services []SurveyedService
	// Bases are the revisions that were named to be deployed, by where they are; none: what the services run is.
	Bases     map[Place]Revision
	Scheduled []ScheduledTask
	Alarms    []Alarm // that are to be watched
}

// SurveyedService is a service and the revision that it runs.
type SurveyedService struct {
	Service  Service
	Revision Revision
	Own      Detail // what only its kind of deployment has; nil: nothing
	Notes    []Note // what is out of the ordinary with it
	Wave     int    // in which it is deployed, from 0
}

// BusyService is a service of which a deployment of another run is under way.
type BusyService struct {
	Service    Service
	By         string // who carries it out
	Deployment Deployment
}

// WhenBusy is what is done where a deployment of another run is under way.
type WhenBusy string

const (
	ReplaceOther WhenBusy = "replace" // ours supersedes it, as ECS has it
	AwaitOther   WhenBusy = "wait"    // its end is waited for first
	RefuseOther  WhenBusy = "fail"    // nothing is deployed
)

// Note is something about a plan that is worth to be known before it is carried out.
type Note struct {
	About    NoteAbout
	Service  string
	Said     []string   // names, or words of AWS
	Failed   string     // a revision, as "family:revision"
	Runs     string     // another
	Underway Deployment // of another run
	WhenBusy WhenBusy   // what is done about that
	By       string     // what found services, as it is written
	Deploys  Revision   // that is under way, as far as it is known
	Percent  float64    // of instances
}

// NoteAbout is what a note is about.
type NoteAbout string

const (
	NoteLastFailed    NoteAbout = "last-failed"    // the last deployment failed, and an older one runs
	NoteNothingRuns   NoteAbout = "nothing-runs"   // the last deployment failed, and no older one runs
	NoteUnderway      NoteAbout = "underway"       // a deployment of another run is
	NoteDropped       NoteAbout = "dropped"        // the file lacks what runs has, by its paths
	NoteLeftOut       NoteAbout = "left-out"       // what ECS would refuse was
	NoteRestart       NoteAbout = "restart"        // nothing is given to change
	NoteFileFound     NoteAbout = "file-found"     // a file is used that no input names
	NoteInactive      NoteAbout = "inactive"       // what runs is INACTIVE, and nothing is registered but to go back to it
	NoteFound         NoteAbout = "found"          // a selector found services
	NoteWithoutEffect NoteAbout = "without-effect" // inputs are
	NoteResolved      NoteAbout = "resolved"       // the tag of an image is taken for its digest
	NoteAlarmed       NoteAbout = "alarmed"        // an alarm that is to be watched is in ALARM already
	NoteDrains        NoteAbout = "drains"         // the instances of capacity providers are, for a daemon
)

// WaitFor says when a deployment has come far enough.
type WaitFor string

const (
	Stable    WaitFor = "stable"  // it is complete
	AllRun    WaitFor = "running" // its tasks run and are healthy; older ones may still drain
	DoNotWait WaitFor = "none"
)

// WaitForStage is a stage of the lifecycle as wait-for has it.
func WaitForStage(stage string) string { return strings.ToLower(strings.ReplaceAll(stage, "_", "-")) }

// Stage is the stage of the lifecycle that is waited for, as ECS names it, if one is.
func (w WaitFor) Stage() (string, bool) {
	stage := strings.ToUpper(strings.ReplaceAll(string(w), "-", "_"))
	return stage, slices.Contains(Stages, stage)
}

// Plan is everything that is going to be done, decided before anything is.
type Plan struct {
	Revisions []PlannedRevision
	Rollouts  []*Rollout
	WaitFor   WaitFor
	Timeout   time.Duration
	// MaxParallel is how many services roll out at a time at most, and the first that fails ends the updates; 0: all do.
	MaxParallel int
	RollBack    bool // what failed, timed out or was cancelled
	// RollbackTimeout is how long is waited for what is rolled back.
	RollbackTimeout time.Duration
	Restart         bool // nothing was asked to change: the services are restarted with what they run
	Notes           []Note
	// Gates are what has to hold after each wave.
	Gates Gates
	// Before is a task that runs once before the first service is updated; nil if there is none.
	Before *PlannedTask
	// After are tasks that run once when all services of a wave have succeeded, one for each wave; none if there is none.
	After []*PlannedTask
	// Scheduled are pointed at the new revisions after all services have succeeded.
	Scheduled []PlannedSchedule
	// KeepRevisions is how many of the newest ACTIVE revisions are kept; 0 is all.
	KeepRevisions int
	// ShowValues lets the values of environment variables be shown.
	ShowValues bool
}

// Latest is the newest revision of a planned one's family that is known to be there before it is registered; the zero
// value if none is.
func (p Plan) Latest(planned PlannedRevision) Revision {
	latest := planned.Base
	for _, rollout := range p.Rollouts {
		runs, same := rollout.Runs, rollout.Service.Place == planned.Place
		if same && runs.Family == planned.Document.Family() && runs.Number > latest.Number {
			latest = runs
		}
	}
	return latest
}

// Waves are the rollouts, wave by wave.
func (p Plan) Waves() [][]*Rollout {
	var waves [][]*Rollout
	for _, rollout := range p.Rollouts {
		if len(waves) == 0 || waves[len(waves)-1][0].Wave != rollout.Wave {
			waves = append(waves, nil)
		}
		waves[len(waves)-1] = append(waves[len(waves)-1], rollout)
	}
	return waves
}

// Places are where something is registered or deployed, each once.
func (p Plan) Places() []Place {
	var places []Place
	for _, revision := range p.Revisions {
		if !slices.Contains(places, revision.Place) {
			places = append(places, revision.Place)
		}
	}
	return places
}

// Account is the id of the account of the services in a place, or "" where there is none.
func (p Plan) Account(in Place) string {
	for _, rollout := range p.Rollouts {
		if account := Account(rollout.Service.ARN); account != "" && rollout.Service.Place == in {
			return account
		}
	}
	return ""
}

// PlannedRevision is a revision to be deployed.
type PlannedRevision struct {
	Place    Place
	Base     Revision
	Document taskdef.Document
	Register bool // before it is deployed
	ByECS    bool // ECS registers it when it is deployed
	Images   []taskdef.ImageChange
}

// New tells whether it is not registered yet. Else Base is deployed as it is.
func (p PlannedRevision) New() bool { return p.Register || p.ByECS }

// PlannedTask is a task that runs once, of a revision that is deployed.
type PlannedTask struct {
	Input     string // that asks for it, run-before or run-after
	Wave      int    // after which it runs, from 0
	Place     Place
	Cluster   string
	Revision  int      // an index of Plan.Revisions
	Container string   // that gets the command
	Command   []string // none: what the task definition says
	Essential []string // the containers that must end well
	Timeout   time.Duration
	Detached  bool             // it is not waited for
	Request   taskdef.Document // of RunTask, but for the task definition
}

// PlacedImage is an image of a revision in a place.
type PlacedImage struct {
	Place
	Image string // as it is written in the task definition
}

// Compare orders images by place.
func (p PlacedImage) Compare(other PlacedImage) int {
	return cmp.Or(
		cmp.Compare(p.Region, other.Region), cmp.Compare(p.Account, other.Account), cmp.Compare(p.Image, other.Image),
	)
}

// Digests are images with their digests in place of their tags.
type Digests map[PlacedImage]string

// In are those of a place, by the images as they are written.
func (d Digests) In(place Place) map[string]string {
	its := map[string]string{}
	for image, pinned := range d {
		if image.Place == place {
			its[image.Image] = pinned
		}
	}
	return its
}

// Update is what UpdateService is sent beside the names; what is not set is not sent.
type Update struct {
	TaskDefinition        string // an ARN, filled in once it is known
	Force                 bool
	Desired               *int32
	MinimumHealthyPercent *int32
	MaximumPercent        *int32
	Patch                 taskdef.Patch // over all of that
}

// OfService is what of an update is about the service, and not about what it runs, and whether that is
// anything.
func (u Update) OfService() (Update, bool) {
	u.TaskDefinition, u.Force = "", false
	return u, u.Desired != nil || u.MinimumHealthyPercent != nil || u.MaximumPercent != nil || !u.Patch.Empty()
}

// Call is a call that is going to change a service, and its body.
type Call struct {
	Action    string // as IAM writes it: ecs:UpdateService
	Deploys   bool   // a deployment is started by it
	Update    Update // what it sets of the service
	Through   string // what carries the deployment out, by name; empty: the service's own
	Settings  string // by the name of which; empty: the usual ones
	RollsBack bool   // what fails is rolled back
	Request   taskdef.Document
	Skipped   bool // it is left out, since the service runs the revision already
}

// RevisionPlaceholder stands in the body of a call for the ARN of a revision that is not registered yet.
func RevisionPlaceholder(planned PlannedRevision) string {
	if planned.New() {
		return fmt.Sprintf("(a new revision of %s)", planned.Document.Family())
	}
	return planned.Base.ARN
}
