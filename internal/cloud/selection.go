package cloud

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"ecs-deploy/internal/rollout"
)

// selected are the names or ARNs of the services that are wanted, in their order: those that are named, and what
// selectors find in the cluster. One that finds nothing is a *rollout.Problem.
func (c *Client) selected(ctx context.Context, cluster string, wanted []string) ([]string, []rollout.Note, error) {
	selectors := map[string]rollout.Selector{}
	byTag := false
	for _, text := range wanted {
		if selector, is := rollout.ParseSelector(text); is {
			selectors[text] = selector
			byTag = byTag || selector.Pattern == ""
		}
	}
	if len(selectors) == 0 {
		return wanted, nil, nil
	}
	there, tags, err := c.listed(ctx, cluster, byTag)
	if err != nil {
		return nil, nil, err
	}
	var names []string
	var notes []rollout.Note
	for _, text := range wanted {
		selector, is := selectors[text]
		if !is {
			names = append(names, text)
			continue
		}
		var found []string
		for _, name := range there {
			if selector.Finds(name, tags[name]) {
				found = append(found, name)
			}
		}
		if len(found) == 0 {
			return nil, nil, c.nothingFound(cluster, text, there)
		}
		if !selector.Except {
			names = append(names, found...)
		}
		notes = append(notes, rollout.Note{About: rollout.NoteFound, By: text, Said: found})
	}
	taken := func(name string) bool {
		for _, selector := range selectors {
			if selector.Except && selector.Finds(rollout.LastSegment(name), tags[rollout.LastSegment(name)]) {
				return true
			}
		}
		return false
	}
	if names = unique(slices.DeleteFunc(names, taken)); len(names) == 0 {
		return nil, nil, &rollout.Problem{
			Kind: rollout.BadInput, Short: "no such service",
			What: "service: the entries with ! exclude every service that the others match",
			Next: "Check the entries that begin with !.",
		}
	}
	return names, notes, nil
}

// unique are the services without those that are the same as one before.
func unique(names []string) []string {
	var all []string
	for _, name := range names {
		same := func(other string) bool { return rollout.LastSegment(other) == rollout.LastSegment(name) }
		if !slices.ContainsFunc(all, same) {
			all = append(all, name)
		}
	}
	return all
}

// listed are the names of all services of a cluster, in alphabetical order, and their tags, if those are wanted.
func (c *Client) listed(
	ctx context.Context, cluster string, tagged bool,
) (names []string, tags map[string]map[string]string, err error) {
	most := int32(100)
	err = eachPage(func(token *string) (*string, error) {
		page, err := c.ecs.ListServices(ctx, &ecs.ListServicesInput{Cluster: &cluster, MaxResults: &most, NextToken: token})
		if err != nil {
			return nil, c.problem(ctx, err, "ecs:ListServices", "cluster "+rollout.LastSegment(cluster))
		}
		for _, arn := range page.ServiceArns {
			names = append(names, rollout.LastSegment(arn))
		}
		return page.NextToken, nil
	})
	slices.Sort(names)
	if err != nil || !tagged {
		return names, nil, err
	}
	batches := slices.Collect(slices.Chunk(names, perDescribe))
	found := make([]*ecs.DescribeServicesOutput, len(batches))
	err = Each(ctx, batches, func(ctx context.Context, i int, batch []string) (err error) {
		found[i], err = c.ecs.DescribeServices(ctx, &ecs.DescribeServicesInput{
			Cluster: &cluster, Services: batch, Include: []types.ServiceField{types.ServiceFieldTags},
		})
		if err != nil {
			return c.problem(ctx, err, "ecs:DescribeServices", serviceOf(batch))
		}
		return nil
	})
	tags = map[string]map[string]string{}
	for _, out := range found {
		if out == nil {
			continue
		}
		for _, service := range out.Services {
			of := map[string]string{}
			for _, tag := range service.Tags {
				of[deref(tag.Key)] = deref(tag.Value)
			}
			tags[deref(service.ServiceName)] = of
		}
	}
	return names, tags, err
}

// nothingFound says what is there in place of what was searched for.
func (c *Client) nothingFound(cluster, text string, there []string) error {
	return &rollout.Problem{
		Kind: rollout.BadInput, Short: "no such service", Next: thereInstead(there),
		What: fmt.Sprintf("service: %s matches no service in cluster %s in %s", text, rollout.LastSegment(cluster), c.region),
	}
}

// thereInstead says which services a cluster has.
func thereInstead(names []string) string {
	if len(names) == 0 {
		return "That cluster has no services: check cluster and region."
	}
	return "Its services are " + strings.Join(names, ", ") + "."
}
