// Package inputs turns the inputs of the action into one checked value, and reports every mistake in
// them at once.
package inputs

import (
	"cmp"
	"context"
	"errors"
	"reflect"
	"strings"
	"time"

	"github.com/sethvargo/go-envconfig"
	"github.com/sethvargo/go-githubactions"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// Inputs are the inputs of one run, checked.
type Inputs struct {
	Operation      string // one of OperationValues
	Cluster        string
	Targets        []rollout.Target // none: only the task definition is updated
	TaskDefinition string           // family, family:revision or ARN; empty: what the service runs, or File
	File           *taskdef.Document
	Images         []taskdef.Image
	ResolveDigest  bool            // the tags of images are taken for their digests
	Digests        rollout.Digests // to which they were resolved
	Variables      []taskdef.Variable
	Replace        bool          // variables that are not given are removed
	Tags           taskdef.Patch // of the revision
	TagKeys        []string
	Patch          taskdef.Patch
	ShowValues     bool

	DesiredCount          *int32
	MinimumHealthyPercent *int32
	MaximumPercent        *int32
	ForceNewDeployment    *bool
	ServicePatch          taskdef.Patch

	Gates               Gates
	RunBefore, RunAfter *OneOff
	Scheduled           []rollout.ScheduleName
	CodeDeploy          rollout.CodeDeployOptions

	WaitFor           string // one of WaitForValues
	RollbackOnFailure bool
	WhenBusy          rollout.WhenBusy
	MaxParallel       *int32        // how many services roll out at a time at most; nil: as many as there are
	KeepRevisions     *int32        // nil: all
	Timeout           time.Duration // 0: not given
	WaitsOnTop        bool          // the waits of CodeDeploy's deployment groups come on top of the timeout
	Attempts          int           // how often a call is made at most; 0: as often as is usual
	Verify            bool
	DryRun            bool
	Verbose           bool

	Places      []rollout.Place // of the targets; one has no region where only a profile may name it
	Elsewhere   []rollout.Place // of alarms, where no target is
	Credentials Credentials
	Simulate    string   // the name of a scenario; empty: the real AWS
	Amazon      []string // the inputs that are given as in AWS's own action
	// Notices are what is told of the inputs beside their mistakes.
	Notices []rollout.Noticed

	templates templates
}

// Waves is how many waves there are.
func (in Inputs) Waves() int {
	waves := 0
	for _, target := range in.Targets {
		waves = max(waves, target.Wave+1)
	}
	return waves
}

// arns are those of services.
func (in Inputs) arns() []string {
	var arns []string
	for _, target := range in.Targets {
		if strings.HasPrefix(target.Text, "arn:") {
			arns = append(arns, target.Text)
		}
	}
	return arns
}

// Kinds are the options of the kinds of deployments.
func (in Inputs) Kinds() []rollout.Detail { return []rollout.Detail{in.CodeDeploy} }

// text is the inputs as they are written. Its tags are the names of the inputs, with the hyphens as
// underscores since envconfig takes no hyphens, and their defaults: action.yml declares the same.
type text struct {
	Operation             string `env:"OPERATION, default=deploy"`
	Cluster               string `env:"CLUSTER, default=default"`
	Service               string `env:"SERVICE"`
	Daemon                string `env:"DAEMON"`
	TaskDefinition        string `env:"TASK_DEFINITION"`
	TaskDefinitionARN     string `env:"TASK_DEFINITION_ARN"`
	Image                 string `env:"IMAGE"`
	ResolveDigest         string `env:"RESOLVE_DIGEST, default=false"`
	EnvironmentVariables  string `env:"ENVIRONMENT_VARIABLES"`
	EnvironmentFile       string `env:"ENVIRONMENT_FILE"`
	ReplaceEnvironment    string `env:"REPLACE_ENVIRONMENT, default=false"`
	Secrets               string `env:"SECRETS"`
	TaskDefinitionPatch   string `env:"TASK_DEFINITION_PATCH"`
	RevisionTags          string `env:"REVISION_TAGS"`
	ShowValues            string `env:"SHOW_VALUES, default=false"`
	DesiredCount          string `env:"DESIRED_COUNT"`
	MinimumHealthyPercent string `env:"MINIMUM_HEALTHY_PERCENT"`
	MaximumPercent        string `env:"MAXIMUM_PERCENT"`
	ForceNewDeployment    string `env:"FORCE_NEW_DEPLOYMENT"`
	ServicePatch          string `env:"SERVICE_PATCH"`
	RunBefore             string `env:"RUN_BEFORE"`
	CheckURL              string `env:"CHECK_URL"`
	CheckTimeout          string `env:"CHECK_TIMEOUT"`
	WatchAlarms           string `env:"WATCH_ALARMS"`
	BakeTime              string `env:"BAKE_TIME"`
	RunAfter              string `env:"RUN_AFTER"`
	ScheduledTasks        string `env:"SCHEDULED_TASKS"`
	CodeDeployAppSpec     string `env:"CODEDEPLOY_APPSPEC"`
	CodeDeployApplication string `env:"CODEDEPLOY_APPLICATION"`
	CodeDeployGroup       string `env:"CODEDEPLOY_DEPLOYMENT_GROUP"`
	CodeDeployConfig      string `env:"CODEDEPLOY_DEPLOYMENT_CONFIG"`
	CodeDeployDescription string `env:"CODEDEPLOY_DEPLOYMENT_DESCRIPTION"`
	WaitFor               string `env:"WAIT_FOR, default=stable"`
	Timeout               string `env:"TIMEOUT"`
	RollbackOnFailure     string `env:"ROLLBACK_ON_FAILURE, default=false"`
	WhenBusy              string `env:"WHEN_BUSY"`
	MaxParallel           string `env:"MAX_PARALLEL"`
	KeepRevisions         string `env:"KEEP_REVISIONS"`
	Verify                string `env:"VERIFY, default=true"`
	DryRun                string `env:"DRY_RUN, default=false"`
	Verbose               string `env:"VERBOSE, default=false"`
	Region                string `env:"AWS_REGION"`
	AccessKeyID           string `env:"AWS_ACCESS_KEY_ID"`
	SecretAccessKey       string `env:"AWS_SECRET_ACCESS_KEY"`
	SessionToken          string `env:"AWS_SESSION_TOKEN"`
	Profile               string `env:"AWS_PROFILE"`
	Role                  string `env:"ROLE_TO_ASSUME"`
	RoleSessionName       string `env:"ROLE_SESSION_NAME"`
	RoleDurationSeconds   string `env:"ROLE_DURATION_SECONDS"`
	RoleExternalID        string `env:"ROLE_EXTERNAL_ID"`
	Audience              string `env:"AUDIENCE, default=sts.amazonaws.com"`
	AllowedAccountIDs     string `env:"ALLOWED_ACCOUNT_IDS"`
	Simulate              string `env:"SIMULATE"`
	Amazon                amazon
}

// Declaration is one input as its user knows it.
type Declaration struct{ Name, Default string }

// Declared lists the inputs that Read reads.
func Declared() []Declaration {
	return declared(reflect.TypeFor[text]())
}

func declared(of reflect.Type) []Declaration {
	var declarations []Declaration
	for field := range of.Fields() {
		if field.Type.Kind() == reflect.Struct {
			declarations = append(declarations, declared(field.Type)...)
			continue
		}
		key, options, _ := strings.Cut(field.Tag.Get("env"), ",")
		_, standard, _ := strings.Cut(options, "default=")
		declarations = append(declarations, Declaration{lookuper{}.Key(key), standard})
	}
	return declarations
}

// lookuper finds an input where the runner puts it: INPUT_DRY-RUN, hyphens kept. The runner sets
// every declared input, to nothing where it is not given
// (https://github.com/actions/runner/blob/main/src/Runner.Worker/ActionRunner.cs), so that an empty
// one counts as absent.
type lookuper struct{ action *githubactions.Action }

// Key is the name of an input as its user knows it.
func (lookuper) Key(key string) string { return strings.ReplaceAll(strings.ToLower(key), "_", "-") }

func (l lookuper) Lookup(key string) (string, bool) {
	value := l.action.GetInput(l.Key(key))
	if value != "" && key == "ENVIRONMENT_VARIABLES" { // GetInput trims, and values are kept as they are
		value = l.action.Getenv("INPUT_" + strings.ToUpper(l.Key(key)))
	}
	return value, value != ""
}

// Read reads and checks the inputs. Its error joins one error for each mistake. RUNNER_DEBUG, which the runner sets
// when a run is repeated with debug logging, makes it verbose. The variables are the names of all that the
// environment has.
func Read(ctx context.Context, getenv func(string) string, variables []string) (Inputs, error) {
	var t text
	action := githubactions.New(githubactions.WithGetenv(getenv))
	if err := envconfig.ProcessWith(ctx, &envconfig.Config{Target: &t, Lookuper: lookuper{action}}); err != nil {
		return Inputs{}, err
	}
	c := checker{workspace: workspace{root: getenv("GITHUB_WORKSPACE"), temp: getenv("RUNNER_TEMP")}}
	c.undeclared(variables)
	in := t.check(&c)
	in.Amazon = t.Amazon.given()
	in.Tags, in.TagKeys = c.tags("revision-tags", t.RevisionTags, getenv)
	in.Credentials = c.credentials(t, job(getenv))
	c.locate(t, &in, c.regions("aws-region", t.Region, getenv, append(in.arns(), t.Cluster, t.TaskDefinition)...))
	in.Verbose = in.Verbose || getenv("RUNNER_DEBUG") == "1"
	in.Notices = c.notices
	return in, errors.Join(c.mistakes...)
}

func (t text) check(c *checker) Inputs {
	if t.TaskDefinitionARN != "" && t.TaskDefinition != "" {
		c.mistake("task-definition and task-definition-arn: give only one of them")
	}
	if c.matching("task-definition-arn", t.TaskDefinitionARN, revisionARN, "the ARN of a revision, such as "+
		"arn:aws:ecs:eu-west-1:123456789012:task-definition/web:41") {
		t.TaskDefinition = cmp.Or(t.TaskDefinition, t.TaskDefinitionARN)
	}
	runTask := t.Amazon.translate(c, &t)
	of := templates{apply: t.targets()}
	in := Inputs{
		Operation:             c.oneOf("operation", t.Operation, OperationValues...),
		Cluster:               c.cluster("cluster", t.Cluster),
		Targets:               c.targets("service", t.Service, clusterOfNames(t.Cluster, t.Service), c.target),
		MaxParallel:           c.whole("max-parallel", t.MaxParallel, 1, 5000),
		Images:                c.images("image", of.with(t.Image, &of.image)),
		Patch:                 c.taskPatch("task-definition-patch", of.with(t.TaskDefinitionPatch, &of.patch)),
		ResolveDigest:         c.yes("resolve-digest", t.ResolveDigest),
		ShowValues:            c.yes("show-values", t.ShowValues),
		Replace:               c.yes("replace-environment", t.ReplaceEnvironment),
		DesiredCount:          c.whole("desired-count", t.DesiredCount, 0, 5000),
		MinimumHealthyPercent: c.whole("minimum-healthy-percent", t.MinimumHealthyPercent, 0, 100),
		MaximumPercent:        c.whole("maximum-percent", t.MaximumPercent, 1, 10000),
		ForceNewDeployment:    c.tristate("force-new-deployment", t.ForceNewDeployment),
		ServicePatch:          c.servicePatch("service-patch", of.with(t.ServicePatch, &of.servicePatch)),
		Gates:                 c.gates(t),
		RunBefore:             c.oneOff("run-before", t.RunBefore),
		RunAfter:              c.oneOff("run-after", t.RunAfter),
		Scheduled:             c.scheduled("scheduled-tasks", t.ScheduledTasks),
		CodeDeploy:            c.codeDeploy(t),
		WaitFor:               c.oneOf("wait-for", t.WaitFor, WaitForValues...),
		RollbackOnFailure:     c.yes("rollback-on-failure", t.RollbackOnFailure),
		WhenBusy:              c.whenBusy(t.WhenBusy),
		KeepRevisions:         c.whole("keep-revisions", t.KeepRevisions, 1, 10000),
		Verify:                c.yes("verify", t.Verify),
		DryRun:                c.yes("dry-run", t.DryRun),
		Verbose:               c.yes("verbose", t.Verbose),
		Simulate:              t.Simulate,
	}
	in.TaskDefinition, in.File = c.taskDefinition("task-definition", t.TaskDefinition, &of)
	of.apply = false
	in.templates = of
	in.Variables = c.variables(t)
	if t.Daemon != "" {
		in.Targets = c.daemons(t)
	}
	in.Cluster = c.clusterOf("cluster", in.Cluster, in.Targets)
	in.Timeout = c.duration("timeout", t.Timeout, 0)
	in.WaitsOnTop = t.Amazon.WaitForMinutes != ""
	if runTask != nil {
		if in.RunBefore != nil {
			c.mistake("run-task and run-before: give only one of them")
		}
		in.RunBefore = runTask
	}
	c.ofKind(t)
	c.ofDaemons(t)
	c.together(t, &in)
	return in
}

// together checks what inputs mean beside each other.
func (c *checker) together(t text, in *Inputs) {
	if in.Replace && t.EnvironmentVariables == "" && t.EnvironmentFile == "" {
		c.mistake("replace-environment: it removes variables that environment-variables and environment-file do not give, " +
			"and neither is set")
	}
	if in.ResolveDigest && t.Image == "" && in.File == nil {
		c.mistake("resolve-digest: it is about new images, and there is neither image nor a file in task-definition")
	}
	if attempts := c.whole("max-retries", t.Amazon.MaxRetries, 0, 100); attempts != nil {
		in.Attempts = int(*attempts)
		if in.Attempts == 0 {
			c.note("max-retries: 0 has no effect, as in AWS's action: calls are retried as usual")
		}
	}
	if t.Operation != "deploy" {
		c.operation(t, in.DryRun)
	} else if !t.targets() && t.TaskDefinition == "" {
		c.mistake("give service, daemon or task-definition: none is set")
	}
	if !t.targets() {
		c.needsService(t)
	}
	if t.KeepRevisions != "" && t.WaitFor == "none" {
		c.mistake("keep-revisions: old revisions are deregistered after success, which wait-for: none does not wait for")
	}
	if t.RunAfter != "" && t.WaitFor == "none" {
		c.mistake("run-after: it runs after success, which wait-for: none does not wait for")
	}
	if t.ScheduledTasks != "" && t.Service != "" && t.WaitFor == "none" {
		c.mistake("scheduled-tasks: they get the new revision after success, which wait-for: none does not wait for")
	}
	if t.MaxParallel != "" && t.WaitFor == "none" {
		c.mistake("max-parallel: a service is next when another is done, which wait-for: none does not wait for")
	}
	if in.Waves() > 1 && (t.WaitFor == "none" || t.Operation != "deploy") {
		c.mistake("%s: a wave begins when the one before has succeeded, which %s does not wait for", t.targetInput(),
			map[bool]string{true: "wait-for: none", false: "operation: " + t.Operation}[t.Operation == "deploy"])
	}
}

// OperationValues are what operation takes.
var OperationValues = []string{"deploy", "continue", "continue-once", "rollback", "status"}

// operation refuses what has no effect on deployments that there are.
func (c *checker) operation(t text, dryRun bool) {
	if !t.targets() {
		c.mistake("operation: %s needs a service or a daemon: give service or daemon", t.Operation)
	}
	if t.TaskDefinition != "" && t.Operation != "rollback" {
		c.mistake("task-definition has no effect with operation: %s", t.Operation)
	}
	if t.Operation == "rollback" && t.TaskDefinition == "" && t.WaitFor != "stable" && t.WaitFor != "none" {
		c.mistake("wait-for: %s has no effect with operation: rollback, which is followed to its end", t.WaitFor)
	}
	if dryRun && (strings.HasPrefix(t.Operation, "continue") || t.Operation == "rollback" && t.TaskDefinition == "") {
		c.mistake("dry-run has no effect with operation: %s; use operation: status to see how things stand", t.Operation)
	}
	asked := t.codeDeployment()
	if t.TaskDefinition != "" {
		asked = nil // what is named is deployed
	}
	for _, input := range append([]namedInput{
		{"image", t.Image}, {"environment-variables", t.EnvironmentVariables}, {"environment-file", t.EnvironmentFile},
		{"secrets", t.Secrets}, {"revision-tags", t.RevisionTags},
		{"task-definition-patch", t.TaskDefinitionPatch}, {"service-patch", t.ServicePatch},
		{"desired-count", t.DesiredCount}, {"minimum-healthy-percent", t.MinimumHealthyPercent},
		{"maximum-percent", t.MaximumPercent}, {"force-new-deployment", t.ForceNewDeployment},
		{"run-before", t.RunBefore}, {"run-after", t.RunAfter}, {"scheduled-tasks", t.ScheduledTasks},
		{"keep-revisions", t.KeepRevisions}, {"when-busy", t.WhenBusy}, {"max-parallel", t.MaxParallel},
		{"check-url", t.CheckURL}, {"watch-alarms", t.WatchAlarms},
	}, asked...) {
		if input.value != "" {
			c.mistake("%s has no effect with operation: %s", input.name, t.Operation)
		}
	}
}

// namedInput is an input as it is written.
type namedInput struct{ name, value string }

// needsService refuses what would have no effect.
func (c *checker) needsService(t text) {
	for _, input := range append([]namedInput{
		{"desired-count", t.DesiredCount},
		{"minimum-healthy-percent", t.MinimumHealthyPercent},
		{"maximum-percent", t.MaximumPercent},
		{"force-new-deployment", t.ForceNewDeployment},
		{"service-patch", t.ServicePatch},
		{"when-busy", t.WhenBusy},
		{"max-parallel", t.MaxParallel},
		{"check-url", t.CheckURL},
		{"watch-alarms", t.WatchAlarms},
	}, append(t.codeDeployGroup(), t.codeDeployment()...)...) {
		if input.value != "" {
			c.mistake("%s needs a service: give service too", input.name)
		}
	}
}

// WaitForValues are what wait-for takes. From the fourth on they are stages of the lifecycle
// (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html).
var WaitForValues = []string{
	"stable", "running", "none",
	"post-scale-up", "test-traffic-shift", "post-test-traffic-shift", "pre-production-traffic-shift",
	"production-traffic-shift", "post-production-traffic-shift", "bake-time", "clean-up",
}
