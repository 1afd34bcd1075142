package plan

import (
	"encoding/json"
	"fmt"
	"time"

	"ecs-deploy/internal/inputs"
	"ecs-deploy/internal/kind"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// runTask is what RunTask is sent
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html).
type runTask struct {
	Cluster         string          `json:"cluster"`
	Count           int             `json:"count"`
	LaunchType      string          `json:"launchType,omitempty"`
	Capacity        []rollout.Share `json:"capacityProviderStrategy,omitempty"`
	PlatformVersion string          `json:"platformVersion,omitempty"`
	Network         *network        `json:"networkConfiguration,omitempty"`
	Overrides       overrides       `json:"overrides"`
	ManagedTags     bool            `json:"enableECSManagedTags,omitempty"`
	PropagateTags   string          `json:"propagateTags"`
	StartedBy       string          `json:"startedBy"`
}

type network struct {
	VPC struct {
		Subnets        []string `json:"subnets"`
		SecurityGroups []string `json:"securityGroups,omitempty"`
		PublicIP       string   `json:"assignPublicIp,omitempty"`
	} `json:"awsvpcConfiguration"`
}

type overrides struct {
	Containers []containerOverride `json:"containerOverrides,omitempty"`
	CPU        string              `json:"cpu,omitempty"`
	Memory     string              `json:"memory,omitempty"`
	TaskRole   string              `json:"taskRoleArn,omitempty"`
}

type containerOverride struct {
	Name        string     `json:"name"`
	Command     []string   `json:"command,omitempty"`
	Environment []variable `json:"environment,omitempty"`
}

type variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// addTasks adds the tasks that run once: before the first service is updated, and after each wave.
func addTasks(plan *rollout.Plan, in inputs.Inputs) (err error) {
	if plan.Before, err = oneOff("run-before", in.RunBefore, in, *plan, plan.Rollouts); err != nil {
		return err
	}
	waves := plan.Waves()
	if len(waves) == 0 {
		waves = append(waves, nil)
	}
	for i, wave := range waves {
		task, err := oneOff("run-after", in.RunAfter, in, *plan, wave)
		if err != nil {
			return err
		}
		if task != nil {
			task.Wave = i
			plan.After = append(plan.After, task)
		}
	}
	return nil
}

// notBefore is the error of a task that is to run before the revision is there.
func notBefore(service rollout.Service) error {
	return &rollout.Problem{
		Kind: rollout.BadInput,
		What: fmt.Sprintf("run-before: ECS makes the task definition of the Express service %s when it deploys, so there "+
			"is no revision to run before", service.Name),
		Next: "Use run-after, or give the service a task definition of your own, with task-definition.",
	}
}

// oneOff plans a task that runs once, of the revision of the first of some services or, without one, of the only
// revision. What is not asked otherwise it has from the service.
func oneOff(
	input string, asked *inputs.OneOff, in inputs.Inputs, plan rollout.Plan, of []*rollout.Rollout,
) (*rollout.PlannedTask, error) {
	if asked == nil {
		return nil, nil
	}
	task := &rollout.PlannedTask{
		Input:    input,
		Cluster:  in.Cluster,
		Command:  asked.Command,
		Timeout:  time.Duration(asked.Timeout),
		Detached: asked.Detached,
	}
	var like rollout.Placement
	if len(of) > 0 {
		first := of[0]
		task.Place, task.Cluster = first.Service.Place, first.Service.Cluster
		task.Revision = first.Planned
		like = first.Service.Placement
	}
	document := plan.Revisions[task.Revision].Document
	if input == "run-before" && plan.Revisions[task.Revision].ByECS {
		return nil, notBefore(of[0].Service)
	}
	task.Essential = document.Essential()
	if task.Container = asked.Container; task.Container == "" && len(task.Essential) > 0 {
		task.Container = task.Essential[0]
	}
	if err := kind.HasContainer(input, document, task.Container); err != nil {
		return nil, err
	}
	request := runTask{
		Cluster:         task.Cluster,
		Count:           asked.Count,
		PropagateTags:   "TASK_DEFINITION",
		StartedBy:       input,
		ManagedTags:     like.ManagedTags,
		PlatformVersion: like.PlatformVersion,
		Overrides:       overrides{CPU: asked.CPU, Memory: asked.Memory, TaskRole: asked.TaskRole},
	}
	override := containerOverride{Name: task.Container, Command: asked.Command}
	for _, item := range asked.Environment {
		override.Environment = append(override.Environment, variable(item))
	}
	request.Overrides.Containers = []containerOverride{override}
	request.placeOn(asked, like)
	var err error
	if request.Network, err = networkOf(input, document, asked, like); err != nil {
		return nil, err
	}
	body, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	if task.Request, err = taskdef.Parse(body); err != nil {
		return nil, err
	}
	task.Request, err = asked.Request.Apply(task.Request)
	return task, err
}

// placeOn takes the capacity that is asked for, or that of the service.
func (r *runTask) placeOn(asked *inputs.OneOff, like rollout.Placement) {
	switch {
	case asked.Capacity.LaunchType != "":
		r.LaunchType = asked.Capacity.LaunchType
		if r.LaunchType != "FARGATE" {
			r.PlatformVersion = "" // only Fargate has versions
		}
	case len(asked.Capacity.Shares) > 0:
		r.Capacity = asked.Capacity.Shares
	default:
		r.LaunchType, r.Capacity = like.LaunchType, like.Capacity
	}
}

// networkOf is the network that is asked for, or that of the service; nil if the tasks need none.
func networkOf(
	input string, document taskdef.Document, asked *inputs.OneOff, like rollout.Placement,
) (*network, error) {
	var n network
	if asked.Network != nil {
		n.VPC.Subnets = asked.Network.Subnets
		n.VPC.SecurityGroups = asked.Network.SecurityGroups
		n.VPC.PublicIP = "DISABLED"
		if asked.Network.AssignPublicIP {
			n.VPC.PublicIP = "ENABLED"
		}
	} else {
		n.VPC.Subnets = like.Subnets
		n.VPC.SecurityGroups = like.SecurityGroups
		n.VPC.PublicIP = like.PublicIP
	}
	switch {
	case document.NetworkMode() != rollout.NetworkModeVPC:
		return nil, nil
	case len(n.VPC.Subnets) == 0:
		return nil, &rollout.Problem{
			Kind: rollout.BadInput, What: input + ": the network mode of the task definition is awsvpc, and there is no " +
				"service whose subnets could be taken",
			Next: "Write the task as YAML, with network: {subnets: [subnet-…], securityGroups: [sg-…]}, and capacity if it " +
				"is not the cluster's default.",
		}
	}
	return &n, nil
}
