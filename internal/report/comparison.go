package report

import (
	"fmt"
	"strings"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// comparison is a table of what a service ran before, what was deployed and what it runs now, as far as these are not
// the same.
func comparison(of *rollout.Rollout, ended bool) section {
	given := of.Deployed()
	columns := []column{{title: "before", id: given.Previous.ID(), images: from(given.Images), tasks: tasksBefore(of)}}
	deployed := column{title: "deployed", id: given.Revision.ID(), images: to(given.Images), tasks: tasksOfOurs(of)}
	switch {
	case given.Revision.ARN == "": // of a dry run
		columns = append(columns, column{
			title: "planned", id: "a new revision of " + given.Revision.Family, images: deployed.images,
		})
	case of.Deployment.ID == "" && given.Previous.ARN == given.Revision.ARN: // it was not updated
		columns[0].title = "now"
	case of.Deployment.ID == "" || !ended || of.Verdict.Outcome.Good():
		columns = append(columns, deployed)
		if ended {
			columns[1].title = "now"
		}
	case of.Verdict.Ending == rollout.EndedDeleted:
		columns = append(columns, deployed)
	default:
		columns = append(columns, deployed, now(of))
	}
	return compared(of, columns)
}

// column is what a service runs at some time.
type column struct {
	title  string
	id     string   // of the revision
	images []string // in the order of the changes
	tasks  string
}

// now is what a service was left with.
func now(of *rollout.Rollout) column {
	latest := of.Latest()
	result := column{title: "now", tasks: count(0, desired(latest))}
	if serves := latest.Progress.Serves; len(serves) > 0 {
		result.id = rollout.RevisionID(serves[0].TaskDefinition)
		result.tasks = count(serves[0].Running, desired(latest))
		if traffic := serves[0].Traffic; traffic != nil && *traffic < 100 {
			result.tasks += fmt.Sprintf(", %g%% of the traffic", *traffic)
		}
	}
	switch given := of.Deployed(); result.id {
	case given.Previous.ID():
		result.images = from(given.Images)
	case given.Revision.ID():
		result.images = to(given.Images)
	case of.Found.ID():
		result.images = imagesIn(given.Images, of.Found)
	}
	return result
}

// imagesIn are the images that another revision has in the place of those of some changes.
func imagesIn(changes []taskdef.ImageChange, revision rollout.Revision) []string {
	var all []string
	for _, change := range changes {
		image := ""
		for _, container := range revision.Document.Containers() {
			if container.Name == change.Container {
				image = shortImage(change, container.Image)
			}
		}
		all = append(all, image)
	}
	return all
}

// tasksBefore is how many tasks the service ran before the deployment, if that is known.
func tasksBefore(of *rollout.Rollout) string {
	if of.Before == nil {
		return ""
	}
	return count(of.Before.Running, of.Before.Desired)
}

// tasksOfOurs is what became of the tasks of a deployment.
func tasksOfOurs(of *rollout.Rollout) string {
	d := of.Deployment
	if d.ID == "" {
		return ""
	}
	parts := []string{count(d.Running, desired(of))}
	if d.Pending > 0 {
		parts = append(parts, fmt.Sprintf("%d pending", d.Pending))
	}
	if d.Failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", d.Failed))
	}
	return strings.Join(parts, ", ")
}

func from(images []taskdef.ImageChange) []string {
	var all []string
	for _, image := range images {
		all = append(all, shortImage(image, image.From))
	}
	return all
}

func to(images []taskdef.ImageChange) []string {
	var all []string
	for _, image := range images {
		all = append(all, shortImage(image, image.To))
	}
	return all
}

// shortImage is an image without what does not change of it: the registry and the folders of the repository.
func shortImage(change taskdef.ImageChange, image string) string {
	before, _, _ := strings.Cut(strings.TrimSuffix(change.From, rollout.LastSegment(change.From)), "@")
	if before != "" && strings.HasPrefix(change.To, before) && strings.HasPrefix(image, before) {
		image = strings.TrimPrefix(image, before)
	}
	if name, digest, is := strings.Cut(image, "@sha256:"); is {
		return name + "@" + digest[:min(len(digest), shortDigest)]
	}
	return image
}

// compared puts columns together; the last one is what counts.
func compared(of *rollout.Rollout, columns []column) section {
	service := of.Service
	head := fmt.Sprintf("\n| %s in %s |", link(service.Name, service.URL), code(service.Cluster))
	for _, column := range columns {
		head += " " + column.title + " |"
	}
	table := section{what: "rows", before: head + "\n|---|" + strings.Repeat("---|", len(columns)) + "\n"}
	add := func(name string, cell func(column) string) {
		line, filled := "| "+name+" |", false
		for i, column := range columns {
			text := cell(column)
			filled = filled || text != ""
			if i == len(columns)-1 && len(columns) > 1 && text != "" {
				text = "**" + text + "**"
			}
			line += " " + text + " |"
		}
		if filled {
			table.lines = append(table.lines, line+"\n")
		}
	}
	for i, image := range of.Deployed().Images {
		add("Image of "+code(image.Container), func(c column) string {
			if i < len(c.images) {
				return code(c.images[i])
			}
			return ""
		})
	}
	add("Revision", func(c column) string {
		if strings.Contains(c.id, " ") { // it has no number yet
			return prose(c.id)
		}
		return code(c.id)
	})
	counts := "Tasks"
	if service.ManagedDaemon {
		counts = "Instances"
	}
	add(counts, func(c column) string { return prose(c.tasks) })
	return table
}
