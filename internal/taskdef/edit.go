package taskdef

import "slices"

// Edit is everything that is to be changed in a document.
type Edit struct {
	Images []Image
}

// Edited is what came of an Edit.
type Edited struct {
	Document Document
	// Images tells, for each container that was meant, its image before and after: also where the
	// two are the same.
	Images []ImageChange
	// Unmatched are the images that no container was meant by.
	Unmatched []Image
}

// Apply returns the document with the edit carried out. Where an Image names a container and
// another means its repository, the one that names it has its way.
func (d Document) Apply(edit Edit) Edited {
	edited := Edited{Document: d}
	byName := func(a, b Image) int { return len(a.Container) - len(b.Container) }
	images := slices.SortedStableFunc(slices.Values(edit.Images), byName) // names last: the last one counts

	definitions := d.root.get("containerDefinitions")
	definitions.elements = slices.Clone(definitions.elements)
	matched := make([]bool, len(images))
	for c, container := range d.Containers() {
		to := ""
		for i, image := range images {
			if image.selects(container) {
				to, matched[i] = image.Reference, true
			}
		}
		if to == "" {
			continue
		}
		edited.Images = append(edited.Images, ImageChange{Container: container.Name, From: container.Image, To: to})
		if to != container.Image {
			definitions.elements[c] = definitions.elements[c].with("image", stringValue(to))
			edited.Document = Document{d.root.with("containerDefinitions", definitions)}
		}
	}
	for i, image := range images {
		if !matched[i] {
			edited.Unmatched = append(edited.Unmatched, image)
		}
	}
	return edited
}
