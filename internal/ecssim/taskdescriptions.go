package ecssim

import (
	"fmt"
	"strings"
	"time"
)

func (t *task) describe() document {
	v := t.deployment.service
	desired := "RUNNING"
	if !t.wanted() {
		desired = "STOPPED"
	}
	answer := document{
		"taskArn": t.arn(), "clusterArn": v.cluster.arn(), "taskDefinitionArn": t.deployment.revision.arn(),
		"lastStatus": t.status, "desiredStatus": desired, "healthStatus": "UNKNOWN", // no container health check is defined
		"startedBy": t.startedBy(), "group": t.group(),
		"createdAt": epoch{t.created}, "launchType": "FARGATE", "platformVersion": "1.4.0",
		"containers": t.describeContainers(),
	}
	if t.deployment.revision.ofDaemon {
		answer["launchType"] = "MANAGED_INSTANCES" // [SDK: LaunchType]
		delete(answer, "platformVersion")
	}
	for member, at := range map[string]time.Time{
		"startedAt": t.ran, "pullStartedAt": t.pulling, "pullStoppedAt": t.pulled, // [API: Task]
	} {
		if !at.IsZero() {
			answer[member] = epoch{at}
		}
	}
	if !t.stopping.IsZero() && !t.ran.IsZero() { // that it is left out of what never ran is unverified, and was met
		answer["stoppingAt"] = epoch{t.stopping}
	}
	if t.stopCode != "" {
		answer["stopCode"], answer["stoppedReason"] = t.stopCode, t.reason
	}
	if !t.stopped.IsZero() {
		answer["stoppedAt"] = epoch{t.stopped}
	}
	return answer
}

// startedBy and group are [SEEN] of the tasks of services and documented of others
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html).
func (t *task) startedBy() string {
	d := t.deployment
	if d.number == "" {
		return d.startedBy
	}
	return d.id()
}

func (t *task) group() string {
	switch d := t.deployment; {
	case d.revision.ofDaemon: // unverified
		return "daemon:" + d.service.name
	case d.number == "":
		return "family:" + d.revision.family
	default:
		return "service:" + d.service.name
	}
}

// describeWords are the containers of which AWS tells something; those of the task definition, where it does of none.
func (t *task) describeWords(words []ContainerWords) []document {
	var containers []document
	for _, said := range words {
		container := document{
			"taskArn": t.arn(), "name": said.Name, "image": "", "lastStatus": t.status, "healthStatus": "UNKNOWN",
		}
		if said.ExitCode != nil {
			container["exitCode"] = *said.ExitCode
		}
		if said.Reason != "" {
			container["reason"] = said.Reason
		}
		containers = append(containers, container)
	}
	for _, definition := range t.deployment.revision.containers() {
		if len(words) == 0 {
			containers = append(containers, document{
				"taskArn": t.arn(), "name": definition.str("name"), "image": definition.str("image"), "lastStatus": t.status,
			})
		}
	}
	return containers
}

// describeContainers gives the first container what the fate says; the others stop in good order.
func (t *task) describeContainers() []document {
	if f := t.deployment.behavior.fate; f != nil && f.containers != nil && t.stopCode == f.stopCode {
		return t.describeWords(f.containers)
	}
	var containers []document
	for i, definition := range t.deployment.revision.containers() {
		container := document{
			"containerArn": arn(fmt.Sprintf("container/%s/%s/%s",
				t.deployment.service.cluster.name, t.id, definition.str("name"))),
			"taskArn":           t.arn(),
			"name":              definition.str("name"),
			"image":             definition.str("image"),
			"lastStatus":        t.status,
			"healthStatus":      "UNKNOWN",
			"networkInterfaces": []document{{"privateIpv4Address": t.address()}},
		}
		if !t.pulled.IsZero() { // [API: Container]
			container["imageDigest"] = t.digest(definition.str("image"))
		}
		if (t.status == "STOPPED" || t.status == "DEPROVISIONING") && t.exitCode != nil {
			container["lastStatus"] = "STOPPED"
			container["exitCode"] = 0
			switch {
			case i == 0:
				container["exitCode"] = *t.exitCode
			case t.deployment.number == "": // what is not essential is killed with the task
				container["exitCode"] = 137
			}
		}
		if t.container != "" && i == 0 {
			container["reason"] = t.container
		}
		containers = append(containers, container)
	}
	return containers
}

// digest is that of an image as the task has pulled it. Where a tag is moved meanwhile, some of the tasks have another.
func (t *task) digest(image string) string {
	if _, digest, is := strings.Cut(image, "@"); is {
		return digest
	}
	name, tag, _ := strings.Cut(image[strings.LastIndexByte(image, '/')+1:], ":")
	if t.deployment.behavior.moved && strings.Contains(image, ".dkr.ecr.") && t == t.deployment.tasks[0] {
		tag += "-moved"
	}
	return digestOf(name, tag)
}
