package plan

import (
	"fmt"
	"slices"
	"strings"

	"ecs-deploy/internal/inputs"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// refused is the error of a document that ECS is sure to refuse; nil if there is none.
func refused(base rollout.Revision, document taskdef.Document) error {
	faults := document.Faults()
	if len(faults) == 0 {
		return nil
	}
	p := &rollout.Problem{Kind: rollout.BadInput, What: "task-definition: " + strings.Join(faults, "; ")}
	if base.ARN != "" {
		p.What = "task-definition-patch: in what it makes of " + base.ID() + ", " + strings.Join(faults, "; ")
		there := containerNames(base.Document)
		isNew := func(name string) bool { return !slices.Contains(there, name) }
		if slices.ContainsFunc(containerNames(document), isNew) {
			p.Next = "The containers of " + base.ID() + " are " + strings.Join(there, ", ") + "; a new one needs an image."
		}
	}
	return p
}

// attached refuses a revision that lacks a container or port which a load balancer or a registry of the service
// names, and what runs has: ECS refuses it when it is registered already. What service-patch says of them is left to
// ECS.
func attached(in inputs.Inputs, running rollout.SurveyedService, revision rollout.PlannedRevision) error {
	document, input := revision.Document, "task-definition"
	if revision.New() && revision.Base.ARN != "" {
		input = "task-definition-patch"
	}
	if in.ServicePatch.Has("loadBalancers") || in.ServicePatch.Has("serviceRegistries") {
		return nil
	}
	for _, port := range running.Service.Attached {
		if serves(document, port) || !serves(running.Revision.Document, port) {
			continue
		}
		what := fmt.Sprintf("container %s is gone", port.Container)
		if slices.Contains(containerNames(document), port.Container) {
			what = fmt.Sprintf("container %s no longer maps port %d", port.Container, port.Port)
		}
		return &rollout.Problem{
			Kind: rollout.BadInput, What: fmt.Sprintf("%s: %s, and service %s has a load balancer or registry that sends "+
				"traffic there", input, what, running.Service.Name),
			Next: "Keep its name and its port in portMappings, or change loadBalancers in service-patch with it. The " +
				"containers are " + strings.Join(containerNames(document), ", ") + ".",
		}
	}
	return nil
}

// serves tells whether a document has a container and its port. Of port 0 the container is enough.
func serves(document taskdef.Document, port rollout.Balanced) bool {
	if port.Port == 0 {
		return slices.Contains(containerNames(document), port.Container)
	}
	return document.Maps(port.Container, port.Port)
}

// moves tells whether service-patch changes the capacity providers: ECS moves the tasks only when a deployment is
// forced (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html).
func moves(in inputs.Inputs, service rollout.Service) bool {
	if !in.ServicePatch.Has("capacityProviderStrategy") {
		return false
	}
	var now []string
	for _, share := range service.Placement.Capacity {
		now = append(
			now, fmt.Sprintf(`{"capacityProvider":%q,"base":%d,"weight":%d}`, share.Provider, share.Base, share.Weight),
		)
	}
	current, err := taskdef.Parse([]byte(`{"capacityProviderStrategy":[` + strings.Join(now, ",") + `]}`))
	if err != nil {
		return true
	}
	asked, err := in.ServicePatch.Only("capacityProviderStrategy").Apply(taskdef.Document{})
	return err != nil || !asked.Echoes(current)
}
