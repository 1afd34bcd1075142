package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ecs-deploy/internal/inputs"
	"ecs-deploy/internal/kind"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// base is what is to be edited for one or more services, and how.
type base struct {
	rollout.Revision
	place rollout.Place
	in    inputs.Inputs // as they are for those services
	with  string        // what was filled in there
	byECS bool          // ECS registers what comes of it
}

// filledFor is what is planned for one service by.
type filledFor struct {
	base int           // an index
	in   inputs.Inputs // as they are for this service
}

// bases are what was named, or what the services run, each once for a place and what is filled in for its services; and
// for each service which of them is its, and its inputs.
func bases(in inputs.Inputs, world rollout.World) (bases []base, of []filledFor, err error) {
	for place, named := range world.Bases {
		if len(world.Services) == 0 { // then there is one place
			return []base{{Revision: named, place: place, in: in}}, nil, nil
		}
	}
	for _, running := range world.Services {
		place := running.Service.Place
		filled, with, err := in.For(running.Service)
		if err != nil {
			return nil, nil, &rollout.Problem{
				Kind: rollout.BadInput, What: err.Error(), Err: err,
				Next: "Check what stands in its place: {region}, {account}, {cluster} and {service} are those of each service.",
			}
		}
		revision, named := world.Bases[place]
		switch {
		case !named:
			revision = running.Revision
		case filled.File != nil:
			revision = rollout.Revision{Family: filled.File.Family(), Daemon: revision.Daemon, Document: *filled.File}
		}
		byECS := kind.MakesRevisions(running) && revision.ARN == running.Revision.ARN
		at := slices.IndexFunc(bases, func(b base) bool {
			return b.place == place && b.with == with && b.ARN == revision.ARN && b.byECS == byECS
		})
		if at < 0 {
			at = len(bases)
			bases = append(bases, base{revision, place, filled, with, byECS})
		}
		of = append(of, filledFor{at, filled})
	}
	return bases, of, nil
}

// edit edits the bases. Each image and variable must be meant for a container of one of them, and each
// of them by an image, if there are any: all else is most likely misspelled.
func edit(in inputs.Inputs, bases []base) ([]taskdef.Edited, error) {
	var edits []taskdef.Edited
	for _, base := range bases {
		edited, err := base.Document.Apply(taskdef.Edit{
			Images: base.in.Images, Variables: in.Variables, Replace: in.Replace, Tags: in.Tags, Patch: base.in.Patch,
		})
		if err != nil {
			return nil, &rollout.Problem{
				Kind: rollout.BadInput, What: "task-definition-patch: " + err.Error(), Err: err,
				Next: "Write the patch in the shape of the task definition.",
			}
		}
		edited.Pin(in.Digests.In(base.place))
		edits = append(edits, edited)
	}
	if nowhere := nowhere(bases, edits); len(nowhere) > 0 {
		return nil, unmatched(bases, nowhere, apart(bases))
	}
	for i, base := range bases {
		if len(base.in.Images) > 0 && len(edits[i].Images) == 0 {
			return nil, unmatched(bases[i:i+1], base.in.Images, apart(bases))
		}
		lost := slices.DeleteFunc(slices.Clone(edits[i].Unplaced), func(v taskdef.Variable) bool {
			return v.Container != "" &&
				slices.ContainsFunc(edits, func(e taskdef.Edited) bool { return !slices.Contains(e.Unplaced, v) })
		})
		if len(lost) > 0 {
			return nil, misplaced(base.Revision, lost)
		}
	}
	return edits, nil
}

// nowhere are the images that are meant for no container of the bases that they are for.
func nowhere(bases []base, edits []taskdef.Edited) []taskdef.Image {
	var all []taskdef.Image
	placed := map[taskdef.Image]bool{}
	for i, base := range bases {
		for _, image := range base.in.Images {
			if !slices.Contains(all, image) {
				all = append(all, image)
			}
			placed[image] = placed[image] || !slices.Contains(edits[i].Unmatched, image)
		}
	}
	return slices.DeleteFunc(all, func(image taskdef.Image) bool { return placed[image] })
}

// misplaced is about a variable whose container is not there, or that could be meant for several.
func misplaced(base rollout.Revision, variables []taskdef.Variable) error {
	var asked []string
	for _, variable := range variables {
		asked = append(asked, variable.String())
	}
	input, write := cmp.Or(variables[0].Input, "environment-variables"), "container:NAME=value"
	if input == "environment-file" {
		write = "container:path"
	}
	return &rollout.Problem{
		Kind: rollout.BadInput,
		What: fmt.Sprintf(
			"%s: it is unclear which container of %s is meant by %s", input, base.ID(), strings.Join(asked, ", "),
		),
		Next: "Write " + write + ". Its containers are " + strings.Join(containerNames(base.Document), ", ") + ".",
	}
}

func containerNames(document taskdef.Document) []string {
	var names []string
	for _, container := range document.Containers() {
		names = append(names, container.Name)
	}
	return names
}

// apart tells whether bases are in several places.
func apart(bases []base) bool {
	return slices.ContainsFunc(bases, func(b base) bool { return b.place != bases[0].place })
}

// unmatched is about images that are meant for no container.
func unmatched(bases []base, images []taskdef.Image, apart bool) error {
	var asked, ids, there []string
	for _, image := range images {
		asked = append(asked, image.String())
	}
	next := "Give an image of one of these repositories, or container=image."
	if apart {
		next += " Where each region has a registry of its own, write {region} in the image."
	}
	for _, base := range bases {
		id := base.ID()
		if apart {
			id += " in " + base.place.Region
		}
		ids = append(ids, id)
		for _, container := range base.Document.Containers() {
			there = append(there, fmt.Sprintf("%s (%s)", container.Name, container.Image))
		}
	}
	return &rollout.Problem{
		Kind: rollout.BadInput,
		What: fmt.Sprintf("image: no container of %s is meant by %s", strings.Join(ids, ", "), strings.Join(asked, ", ")),
		Next: "Its containers are " + strings.Join(there, ", ") + ". " + next,
	}
}
