package inputs

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// amazon is the inputs of aws-actions/amazon-ecs-deploy-task-definition v2 that this action does not have under the
// same name, so that a step that was written for that action does the same here
// (https://github.com/aws-actions/amazon-ecs-deploy-task-definition/blob/master/index.js). What that action lets pass
// in silence is an error where its author would want to know, and else a note.
type amazon struct {
	WaitForServiceStability string `env:"WAIT_FOR_SERVICE_STABILITY"`
	WaitForMinutes          string `env:"WAIT_FOR_MINUTES"`
	WaitMaxDelaySeconds     string `env:"WAIT_MAX_DELAY_SECONDS"` // has no effect: this action looks every few seconds
	PropagateTags           string `env:"PROPAGATE_TAGS"`
	ManagedTags             string `env:"ENABLE_ECS_MANAGED_TAGS"`
	VolumeName              string `env:"SERVICE_MANAGED_EBS_VOLUME_NAME"`
	Volume                  string `env:"SERVICE_MANAGED_EBS_VOLUME"`
	RunTask                 string `env:"RUN_TASK"`
	TaskOverrides           string `env:"RUN_TASK_CONTAINER_OVERRIDES"`
	TaskSecurityGroups      string `env:"RUN_TASK_SECURITY_GROUPS"`
	TaskSubnets             string `env:"RUN_TASK_SUBNETS"`
	TaskPublicIP            string `env:"RUN_TASK_ASSIGN_PUBLIC_IP"`
	TaskCapacity            string `env:"RUN_TASK_CAPACITY_PROVIDER_STRATEGY"`
	TaskLaunchType          string `env:"RUN_TASK_LAUNCH_TYPE"`
	TaskStartedBy           string `env:"RUN_TASK_STARTED_BY"`
	TaskTags                string `env:"RUN_TASK_TAGS"`
	TaskVolumeName          string `env:"RUN_TASK_MANAGED_EBS_VOLUME_NAME"`
	TaskVolume              string `env:"RUN_TASK_MANAGED_EBS_VOLUME"`
	WaitForTaskStopped      string `env:"WAIT_FOR_TASK_STOPPED"`
	KeepNullValueKeys       string `env:"KEEP_NULL_VALUE_KEYS"` // has no effect: nothing is taken out
	MaxRetries              string `env:"MAX_RETRIES"`
}

// given are the names of those that are.
func (a amazon) given() []string {
	var names []string
	v := reflect.ValueOf(a)
	for i := range v.NumField() {
		if !v.Field(i).IsZero() {
			names = append(names, lookuper{}.Key(v.Type().Field(i).Tag.Get("env")))
		}
	}
	return names
}

// translate puts into the text of the inputs what they say, in the words of this action. It returns the task that
// run-task asks for; nil if there is none.
func (a amazon) translate(c *checker, t *text) *OneOff {
	if a.WaitForServiceStability != "" {
		if t.WaitFor != "stable" {
			c.mistake("wait-for-service-stability and wait-for: give only one of them")
		} else if !c.yes("wait-for-service-stability", a.WaitForServiceStability) {
			t.WaitFor = "none"
		}
	}
	minutes := c.minutes("wait-for-minutes", a.WaitForMinutes)
	if minutes != nil {
		if t.Timeout != "" {
			c.mistake("wait-for-minutes and timeout: give only one of them")
		}
		t.Timeout = fmt.Sprint(*minutes, "m")
	}
	managedTags := c.tristate("enable-ecs-managed-tags", a.ManagedTags)
	if patch := a.service(c, managedTags); len(patch) > 0 {
		if t.ServicePatch != "" {
			c.mistake("service-patch: with it, set propagateTags, enableECSManagedTags and volumeConfigurations there, and " +
				"not with the inputs propagate-tags, enable-ecs-managed-tags and service-managed-ebs-volume")
		}
		t.ServicePatch = asJSON(patch)
	}
	return a.task(c, minutes, managedTags)
}

// service is what UpdateService is sent.
func (a amazon) service(c *checker, managedTags *bool) map[string]any {
	patch := map[string]any{}
	if a.PropagateTags != "" {
		patch["propagateTags"] = c.oneOf("propagate-tags", a.PropagateTags, "TASK_DEFINITION", "SERVICE", "NONE")
	}
	if managedTags != nil {
		patch["enableECSManagedTags"] = *managedTags
	}
	if volumes := c.volume("service-managed-ebs-volume", a.VolumeName, a.Volume); volumes != nil {
		patch["volumeConfigurations"] = volumes
	}
	return patch
}

// minutes are read as that action reads them: the digits in front, half an hour for none and nought, at most six hours.
func (c *checker) minutes(input, value string) *int32 {
	const usual, most = 30, 360
	if value == "" {
		return nil
	}
	digits := value[:len(value)-len(strings.TrimLeft(value, "0123456789"))]
	unit := strings.ToLower(strings.TrimSpace(strings.TrimPrefix(value, digits)))
	minutes, err := strconv.ParseInt(digits, 10, 32)
	switch {
	case digits != "" && err != nil,
		digits == "",
		!slices.Contains([]string{"", "m", "min", "mins", "minute", "minutes"}, unit):
		c.mistake("%s: %q is not a number of minutes from 1 to %d", input, value, most)
		return nil
	case minutes == 0:
		c.note("%s: 0 means %d minutes, as in AWS's action", input, usual)
		minutes = usual
	case minutes > most:
		c.note("%s: %d is taken as %d, the most that AWS's action waits; timeout takes more", input, minutes, most)
		minutes = most
	}
	return ptr(int32(minutes))
}

func ptr[T any](v T) *T { return &v }

// volume is a volume that ECS manages. That action drops what it does not know of it, and all of it without a name.
func (c *checker) volume(input, name, configuration string) any {
	if name == "" && configuration == "" {
		return nil
	}
	var volume map[string]any
	c.json(input, configuration, `{"sizeInGiB": 20, "roleArn": "arn:…"}`, &volume)
	if name == "" && len(volume) == 0 {
		c.note("%s: it is empty and has no effect", input)
		return nil
	}
	if name == "" || volume["roleArn"] == nil {
		c.mistake("%s: a volume needs %s-name, and in its configuration a roleArn", input, input)
	}
	return []any{map[string]any{"name": name, "managedEBSVolume": volume}}
}

// json reads JSON of a form, which an error shows.
func (c *checker) json(input, value, form string, into any) {
	if value == "" {
		return
	}
	if json.Unmarshal([]byte(value), into) != nil {
		c.mistake("%s: it is not JSON of the form %s", input, form)
	}
}

func asJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // it was JSON
	}
	return string(text)
}

// task is the task that run-task asks for, which runs before the service is updated; nil if there is none.
func (a amazon) task(c *checker, minutes *int32, managedTags *bool) *OneOff {
	if !c.yes("run-task", a.RunTask) {
		return nil
	}
	var overrides []struct {
		Name        string
		Command     []string
		Environment []struct{ Name, Value string }
	}
	var tags []any
	c.json(
		"run-task-container-overrides",
		a.TaskOverrides,
		`[{"name": "app", "command": ["…"], "environment": [{"name": "…", "value": "…"}]}]`,
		&overrides,
	)
	c.json("run-task-tags", a.TaskTags, `[{"key": "…", "value": "…"}]`, &tags)
	task := &OneOff{
		Count:    1,
		Timeout:  length(30 * time.Minute),
		Detached: !c.yes("wait-for-task-stopped", a.WaitForTaskStopped),
	}
	if minutes != nil {
		task.Timeout = length(time.Duration(*minutes) * time.Minute)
	}
	if len(overrides) > 0 {
		task.Container, task.Command = overrides[0].Name, overrides[0].Command
	}
	a.place(c, task)
	request := map[string]any{"startedBy": "GitHub-Actions", "propagateTags": nil, "enableECSManagedTags": nil}
	if a.TaskStartedBy != "" {
		request["startedBy"] = a.TaskStartedBy
	}
	if managedTags != nil {
		request["enableECSManagedTags"] = *managedTags
	}
	if len(overrides) > 0 {
		request["overrides"] = map[string]any{"containerOverrides": json.RawMessage(a.TaskOverrides)}
	}
	if len(tags) > 0 {
		request["tags"] = tags
	}
	if volumes := c.volume("run-task-managed-ebs-volume", a.TaskVolumeName, a.TaskVolume); volumes != nil {
		request["volumeConfigurations"] = volumes
	}
	task.Request = c.patch("run-task", asJSON(request), taskdef.Shape{})
	return task
}

// place says where a task runs. Without subnets it runs where the service does, which that action cannot.
func (a amazon) place(c *checker, task *OneOff) {
	var shares []struct {
		CapacityProvider string
		Weight, Base     int
	}
	c.json(
		"run-task-capacity-provider-strategy",
		a.TaskCapacity,
		`[{"capacityProvider": "…", "weight": 1, "base": 0}]`,
		&shares,
	)
	for _, share := range shares {
		task.Capacity.Shares = append(
			task.Capacity.Shares, rollout.Share{Provider: share.CapacityProvider, Weight: share.Weight, Base: share.Base},
		)
	}
	if len(shares) == 0 {
		task.Capacity.LaunchType = "FARGATE"
		if a.TaskLaunchType != "" {
			task.Capacity.LaunchType = c.oneOf("run-task-launch-type", a.TaskLaunchType, "FARGATE", "EC2", "EXTERNAL")
		}
	}
	if a.TaskPublicIP != "" {
		c.oneOf("run-task-assign-public-ip", a.TaskPublicIP, "ENABLED", "DISABLED")
	}
	if subnets, groups := items(a.TaskSubnets), items(a.TaskSecurityGroups); len(subnets) > 0 {
		task.Network = &Network{Subnets: subnets, SecurityGroups: groups, AssignPublicIP: a.TaskPublicIP == "ENABLED"}
	} else if len(groups) > 0 {
		c.mistake("run-task-security-groups: give run-task-subnets too")
	}
}
