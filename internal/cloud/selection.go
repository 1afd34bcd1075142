package cloud

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"ecs-deploy/internal/rollout"
)

// chosen is a service that is to be deployed to.
type chosen struct {
	cluster, name string // a name or an ARN each
	wave          int
	daemon        bool // a managed daemon
}

func (c chosen) same(other chosen) bool {
	return rollout.LastSegment(c.name) == rollout.LastSegment(other.name) &&
		rollout.LastSegment(c.cluster) == rollout.LastSegment(other.cluster)
}

// choose are the services that are wanted in this place: those that are named, and what selectors find that is not
// named, each once. It files what selectors found. One that finds nothing is a *rollout.Problem.
func (c *Client) choose(ctx context.Context, targets []rollout.Target, in *surveyed) ([]chosen, error) {
	targets = having(targets, func(t rollout.Target) bool { return t.At(c.place) })
	isPositive := func(t rollout.Target) bool { return !t.Selector.Except }
	if !slices.ContainsFunc(targets, isPositive) {
		return nil, nil
	}
	lists, err := c.lists(ctx, targets)
	if err != nil {
		return nil, err
	}
	in.idle, in.takesOut = map[string]error{}, map[string]bool{}
	var all []chosen
	for _, target := range targets {
		if target.Name != "" {
			all = append(all, chosen{target.Cluster, target.Name, target.Wave, target.Daemon})
			continue
		}
		found, err := c.find(lists, target)
		if err != nil && target.Selector.Except {
			in.idle[target.Text] = err
			continue
		}
		if err != nil {
			return nil, err
		}
		in.takesOut[target.Text] = target.Selector.Except
		note := rollout.Note{About: rollout.NoteFound, By: target.Text}
		for _, its := range found {
			note.Said = append(note.Said, its.name)
			isNamed := func(other rollout.Target) bool { return other.Is(its.cluster, its.name) }
			if !target.Selector.Except && !slices.ContainsFunc(targets, isNamed) && !slices.ContainsFunc(all, its.same) {
				all = append(all, its)
			}
		}
		in.notes = append(in.notes, note)
	}
	return slices.DeleteFunc(all, func(its chosen) bool { return excepted(lists, targets, its) }), nil
}

// list is the services of a cluster.
type list struct {
	cluster string
	names   []string                     // in alphabetical order
	tags    map[string]map[string]string // by name, if they are wanted
}

// lists are the services of the clusters in which selectors are to find some.
func (c *Client) lists(ctx context.Context, targets []rollout.Target) ([]list, error) {
	var lists []list
	selects, byTag := false, false
	for _, target := range targets {
		selects = selects || target.Name == ""
		byTag = byTag || target.Name == "" && target.Selector.Pattern == ""
		here := func(other list) bool { return target.In(other.cluster) }
		if target.Cluster != "" && !slices.ContainsFunc(lists, here) {
			lists = append(lists, list{cluster: target.Cluster})
		}
	}
	if !selects {
		return nil, nil
	}
	err := Each(ctx, lists, func(ctx context.Context, i int, of list) (err error) {
		if !slices.ContainsFunc(targets, func(t rollout.Target) bool { return t.Name == "" && t.In(of.cluster) }) {
			return nil
		}
		lists[i].names, lists[i].tags, err = c.listed(ctx, of.cluster, byTag)
		return err
	})
	return lists, err
}

// find are the services that a selector finds, of the clusters that it is about.
func (c *Client) find(lists []list, target rollout.Target) ([]chosen, error) {
	var found []chosen
	var there []string
	for _, of := range lists {
		if !target.In(of.cluster) {
			continue
		}
		there = append(there, of.names...)
		for _, name := range of.names {
			if target.Selector.Finds(name, of.tags[name]) {
				found = append(found, chosen{of.cluster, name, target.Wave, false})
			}
		}
	}
	if len(found) == 0 {
		return nil, c.nothingFound(cmp.Or(target.Cluster, lists[0].cluster), target.Text, there)
	}
	return found, nil
}

// excepted tells whether a service is taken out.
func excepted(lists []list, targets []rollout.Target, its chosen) bool {
	here := func(of list) bool { return rollout.LastSegment(of.cluster) == rollout.LastSegment(its.cluster) }
	at := slices.IndexFunc(lists, here)
	return slices.ContainsFunc(targets, func(t rollout.Target) bool {
		name := rollout.LastSegment(its.name)
		return t.Selector.Except && t.In(its.cluster) && t.Selector.Finds(name, lists[at].tags[name])
	})
}

// listed are the names of all services of a cluster, in alphabetical order, and their tags, if those are wanted.
func (c *Client) listed(
	ctx context.Context, cluster string, tagged bool,
) (names []string, tags map[string]map[string]string, err error) {
	most := int32(100)
	err = eachPage(func(token *string) (*string, error) {
		page, err := c.ecs.ListServices(ctx, &ecs.ListServicesInput{Cluster: &cluster, MaxResults: &most, NextToken: token})
		if err != nil {
			return nil, c.inCluster(ctx, err, cluster, "ecs:ListServices", "cluster "+rollout.LastSegment(cluster))
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
		What: fmt.Sprintf(
			"service: %s matches no service in cluster %s in %s", text, rollout.LastSegment(cluster), c.place.Region,
		),
	}
}

// thereInstead says which services a cluster has.
func thereInstead(names []string) string {
	if len(names) == 0 {
		return "That cluster has no services: check cluster and region."
	}
	return "Its services are " + strings.Join(names, ", ") + "."
}
