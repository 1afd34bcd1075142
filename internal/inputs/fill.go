package inputs

import (
	"errors"
	"slices"
	"strings"

	"ecs-deploy/internal/lazy"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// templates are the inputs in which something is filled in for each service, as they are written; empty: nothing is.
type templates struct {
	apply                            bool // there are services
	image, file, patch, servicePatch string
}

// any tells whether something is filled in.
func (t templates) any() bool { return t.image+t.file+t.patch+t.servicePatch != "" }

// placeholder is what is filled in, with what may stand around it: in ${service} and {{service}}, which shells and
// template languages write, nothing is.
var placeholder = lazy.Regexp(`([${]?)(\{(?:region|account|cluster|service)\})(\}?)`)

// isTheirs tells whether what stands around a placeholder makes it another language's.
func isTheirs(parts []string) bool { return parts[1] == "$" || parts[1] == "{" && parts[3] == "}" }

// values are what stands for placeholders.
type values map[string]string

// ofService are the values of a service.
func ofService(service rollout.Service) values {
	return values{
		"{region}": service.Region, "{account}": rollout.Account(service.ARN),
		"{cluster}": service.Cluster, "{service}": service.Name,
	}
}

// sample are values by which a text can be checked before those of the services are known. They are such as nobody
// writes, so that asWritten finds them again.
var sample = values{
	"{region}": "xx-region-1", "{account}": "000000000017", "{cluster}": "xx-cluster", "{service}": "xx-service",
}

// asWritten is a text about what was checked, with the placeholders in place of the samples.
func asWritten(text string) string {
	for found, value := range sample {
		text = strings.ReplaceAll(text, value, found)
	}
	return text
}

// into fills them into a text.
func (v values) into(text string) string {
	return placeholder().ReplaceAllStringFunc(text, func(found string) string {
		parts := placeholder().FindStringSubmatch(found)
		value, known := v[parts[2]]
		if isTheirs(parts) || !known {
			return found
		}
		return parts[1] + value + parts[3]
	})
}

// placeholders are those that stand in a text, each once.
func placeholders(text string) []string {
	var all []string
	for _, parts := range placeholder().FindAllStringSubmatch(text, -1) {
		if !isTheirs(parts) && !slices.Contains(all, parts[2]) {
			all = append(all, parts[2])
		}
	}
	return all
}

// with keeps a text in which something is to be filled in, and returns it with samples.
func (t templates) with(text string, kept *string) string {
	if !t.apply || len(placeholders(text)) == 0 {
		return text
	}
	*kept = text
	return sample.into(text)
}

// For are the inputs as they are for one service, and the texts in which something was filled in for it.
func (in Inputs) For(service rollout.Service) (filled Inputs, with string, err error) {
	if !in.templates.any() {
		return in, "", nil
	}
	var c checker
	var texts []string
	fill := func(text string) string {
		text = ofService(service).into(text)
		texts = append(texts, text)
		return text
	}
	of := in.templates
	if of.image != "" {
		in.Images = c.images("image", fill(of.image))
	}
	if of.patch != "" {
		in.Patch = c.taskPatch("task-definition-patch", fill(of.patch))
	}
	if of.file != "" {
		document, err := taskdef.ParseFile([]byte(fill(of.file)))
		if in.File = &document; err != nil {
			c.mistake("task-definition: %w", err)
		}
	}
	with = strings.Join(texts, "\n")
	if of.servicePatch != "" {
		in.ServicePatch = c.servicePatch("service-patch", fill(of.servicePatch))
	}
	return in, with, errors.Join(c.mistakes...)
}

// filledIn is where something is filled in, and what.
func (t templates) filledIn() []string {
	var all []string
	for _, input := range []namedInput{
		{"image", t.image}, {"task-definition", t.file}, {"task-definition-patch", t.patch},
		{"service-patch", t.servicePatch},
	} {
		if found := placeholders(input.value); len(found) > 0 {
			all = append(all, strings.Join(found, ", ")+" in "+input.name)
		}
	}
	return all
}
