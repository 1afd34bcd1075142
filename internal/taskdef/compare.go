package taskdef

import "slices"

// ImagesOver tells for each container which image it has in another document and in this one: of those that were meant
// by an edit, and of all whose image is not the same. From is empty for a container that the other has not.
func (d Document) ImagesOver(other Document, meant []ImageChange) []ImageChange {
	return slices.DeleteFunc(d.AllImagesOver(other), func(change ImageChange) bool {
		named := func(m ImageChange) bool { return m.Container == change.Container }
		return change.From == change.To && !slices.ContainsFunc(meant, named)
	})
}

// AllImagesOver tells the same of every container.
func (d Document) AllImagesOver(other Document) []ImageChange {
	before := map[string]string{}
	for _, container := range other.Containers() {
		before[container.Name] = container.Image
	}
	var changes []ImageChange
	for _, container := range d.Containers() {
		changes = append(
			changes, ImageChange{Container: container.Name, From: before[container.Name], To: container.Image},
		)
	}
	return changes
}

// VariablesOver counts the variables with values that are not as in another document, of the containers that both have.
func (d Document) VariablesOver(other Document) int {
	changed := 0
	for _, definition := range d.root.get("containerDefinitions").elements {
		before, is := other.definition(definition.get("name").str())
		if !is {
			continue
		}
		then, now := before.variables(), definition.variables()
		for name, value := range now {
			if old, had := then[name]; !had || old != value {
				changed++
			}
		}
		for name := range then {
			if _, has := now[name]; !has {
				changed++
			}
		}
	}
	return changed
}

// definition is that of a container.
func (d Document) definition(container string) (value, bool) {
	for _, definition := range d.root.get("containerDefinitions").elements {
		if definition.get("name").str() == container {
			return definition, true
		}
	}
	return value{}, false
}

// variables are those with values of the definition of a container.
func (v value) variables() map[string]string {
	variables := map[string]string{}
	for _, variable := range v.get("environment").elements {
		variables[variable.get("name").str()] = variable.get("value").str()
	}
	return variables
}

// Dropped are the paths of what this document has and another lacks, as far as people look for it: containers, members
// of the task and of containers, and items of lists of named things, as in containerDefinitions[app].secrets[API_KEY].
// What says nothing, and what ECS fills in by itself, is not among them.
func (d Document) Dropped(by Document) []string { return dropped(d.root, by.root, "") }

func dropped(had, has value, path string) []string {
	var paths []string
	for _, m := range had.sorted() {
		if m.value.saysNothing() || filledIn(m) {
			continue
		}
		at := below(path, m.name())
		if key, keyed := listKeys[m.name()]; keyed {
			paths = append(paths, droppedItems(m.value, has.get(m.name()), at, key)...)
		} else if has.index(m.name()) < 0 {
			paths = append(paths, at)
		}
	}
	return paths
}

func droppedItems(had, has value, path, key string) []string {
	var paths []string
	for i, item := range had.elements {
		at, id := itemPath(path, i, item), identity(path, item, keyOf(item, key))
		its := slices.IndexFunc(has.elements, func(v value) bool { return identity(path, v, keyOf(v, key)) == id })
		switch {
		case its < 0:
			paths = append(paths, at)
		case path == "containerDefinitions":
			paths = append(paths, dropped(item, has.elements[its], at)...)
		}
	}
	return paths
}
