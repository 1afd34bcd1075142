package taskdef

import "slices"

// Edit is everything that is to be changed in a document: the images first, then the variables and the tags, and the
// patch over all.
type Edit struct {
	Images    []Image
	Variables []Variable
	// Replace removes the variables with values that are not given, of the containers that any are given to.
	Replace bool
	// Tags patches the tags, before Patch.
	Tags  Patch
	Patch Patch
}

// Edited is what came of an Edit.
type Edited struct {
	Document Document
	// Images tells, for each container that was meant, its image before and after: also where the
	// two are the same.
	Images []ImageChange
	// Unmatched are the images that no container was meant by.
	Unmatched []Image
	// Unplaced are the variables for which it is not known which container is meant, or whose container
	// is not there.
	Unplaced []Variable
}

// Apply returns the document with the edit carried out. The error is that of the patch.
func (d Document) Apply(edit Edit) (Edited, error) {
	edited := Edited{Document: d}
	edited.setImages(edit.Images)
	edited.setVariables(edit.Variables, edit.Replace)
	var err error
	if edited.Document, err = edit.Tags.Apply(edited.Document); err == nil {
		edited.Document, err = edit.Patch.Apply(edited.Document)
	}
	return edited, err
}

// Pin puts other references of images in place of those that containers have, by those.
func (e *Edited) Pin(to map[string]string) {
	e.change(func(container Container, definition value) value {
		pinned := to[container.Image]
		if pinned == "" {
			return definition
		}
		for i, image := range e.Images {
			if image.Container == container.Name {
				e.Images[i].To = pinned
			}
		}
		return definition.with("image", stringValue(pinned))
	})
}

// change replaces the definitions of containers.
func (e *Edited) change(each func(container Container, definition value) value) {
	definitions := e.Document.root.get("containerDefinitions")
	if len(definitions.elements) == 0 {
		return
	}
	definitions.elements = slices.Clone(definitions.elements)
	for i, container := range e.Document.Containers() {
		definitions.elements[i] = each(container, definitions.elements[i])
	}
	e.Document = Document{e.Document.root.with("containerDefinitions", definitions)}
}

// setImages gives containers their images. Where one names a container and another means its
// repository, the one that names it has its way.
func (e *Edited) setImages(asked []Image) {
	byName := func(a, b Image) int { return len(a.Container) - len(b.Container) }
	images := slices.SortedStableFunc(slices.Values(asked), byName) // names last: the last one counts
	matched := make([]bool, len(images))
	e.change(func(container Container, definition value) value {
		to := ""
		for i, image := range images {
			if image.selects(container) {
				to, matched[i] = image.Reference, true
			}
		}
		if to == "" {
			return definition
		}
		e.Images = append(e.Images, ImageChange{Container: container.Name, From: container.Image, To: to})
		if to == container.Image {
			return definition
		}
		return definition.with("image", stringValue(to))
	})
	for i, image := range images {
		if !matched[i] {
			e.Unmatched = append(e.Unmatched, image)
		}
	}
}

// setVariables gives variables to the containers that they name; those that name none to the
// containers that an image was given to or, without images, to the only container.
func (e *Edited) setVariables(variables []Variable, replace bool) {
	var meant []string
	for _, image := range e.Images {
		meant = append(meant, image.Container)
	}
	if all := e.Document.Containers(); len(meant) == 0 && len(all) == 1 {
		meant = append(meant, all[0].Name)
	}
	placed := make([]bool, len(variables))
	e.change(func(container Container, definition value) value {
		var its []Variable
		for i, v := range variables {
			if v.Container == container.Name || v.Container == "" && slices.Contains(meant, container.Name) {
				its, placed[i] = append(its, v), true
			}
		}
		if replace && slices.ContainsFunc(its, func(v Variable) bool { return !v.Secret }) {
			definition = withoutOthers(definition, its)
		}
		for _, v := range its {
			definition = v.set(definition)
		}
		return definition
	})
	for i, v := range variables {
		if !placed[i] {
			e.Unplaced = append(e.Unplaced, v)
		}
	}
}

// withoutOthers is the definition of a container less the variables with values that are not among some.
func withoutOthers(definition value, given []Variable) value {
	environment := definition.get("environment").filter(func(element value) bool {
		return slices.ContainsFunc(given, func(v Variable) bool { return v.Name == element.get("name").str() })
	})
	if definition.index("environment") < 0 {
		return definition
	}
	return definition.with("environment", environment)
}
