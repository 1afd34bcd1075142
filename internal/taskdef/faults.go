package taskdef

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// What ECS takes of a task definition
// (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html).
const (
	maxSize       = 64 << 10 // bytes
	maxContainers = 10
)

// Faults are what ECS is sure to refuse of a document, each in a sentence.
func (d Document) Faults() []string {
	var faults []string
	for i, container := range d.Containers() {
		switch {
		case container.Name == "":
			faults = append(faults, fmt.Sprintf("container %d has no name", i+1))
		case container.Image == "":
			faults = append(faults, fmt.Sprintf("container %s has no image", container.Name))
		}
	}
	if n := len(d.Containers()); n > maxContainers {
		faults = append(faults, fmt.Sprintf("there are %d containers, and ECS takes at most %d", n, maxContainers))
	}
	if size := len(d.JSON()); size > maxSize {
		faults = append(faults, fmt.Sprintf("it has %d bytes, and ECS takes at most %d", size, maxSize))
	}
	if fault := d.fargateFault(); fault != "" {
		faults = append(faults, fault)
	}
	return faults
}

// fargateMemory is how much memory goes with a size of CPU on Fargate, from and to, in MiB, and in which steps
// (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html). The smallest has 512,
// 1024 and 2048.
var fargateMemory = map[int][3]int{
	256: {512, 2048, 512}, 512: {1024, 4096, 1024}, 1024: {2048, 8192, 1024}, 2048: {4096, 16384, 1024},
	4096: {8192, 30720, 1024}, 8192: {16384, 61440, 4096}, 16384: {32768, 122880, 8192},
}

// fargateFault is about a pair of CPU and memory that Fargate does not have. Of more CPU than is known here nothing
// is said.
func (d Document) fargateFault() string {
	if !d.onFargate() {
		return ""
	}
	cpu, memory := units(d.root.get("cpu").bare(), "vcpu"), units(d.root.get("memory").bare(), "gb")
	sizes, known := fargateMemory[cpu]
	switch {
	case cpu == 0 || memory == 0 || cpu > 16384:
		return ""
	case !known:
		return fmt.Sprintf("Fargate has no tasks of %d CPU units: it has those of 256, 512, 1024, 2048, 4096, 8192 and "+
			"16384", cpu)
	case memory < sizes[0] || memory > sizes[1] || memory%sizes[2] != 0 || cpu == 256 && memory == 1536:
		return fmt.Sprintf("Fargate has no tasks of %d CPU units and %d MiB of memory: with %d go %d to %d MiB, in steps "+
			"of %d", cpu, memory, cpu, sizes[0], sizes[1], sizes[2])
	}
	return ""
}

// onFargate tells whether the document is to be good for Fargate.
func (d Document) onFargate() bool {
	return slices.ContainsFunc(
		d.root.get("requiresCompatibilities").elements, func(v value) bool { return v.str() == "FARGATE" },
	)
}

// units reads a size, which may be written with a unit of 1024: "1 vCPU", "2GB". It is 0 where it is no size.
func units(text, unit string) int {
	number, large := strings.CutSuffix(strings.ToLower(strings.ReplaceAll(text, " ", "")), unit)
	size, err := strconv.ParseFloat(number, 64)
	if err != nil || size < 0 || size > 1<<20 {
		return 0
	}
	if large {
		size *= 1024
	}
	return int(size)
}

// Maps tells whether a container maps a port, by itself or in a range.
func (d Document) Maps(container string, port int) bool {
	definition, _ := d.definition(container)
	for _, mapping := range definition.get("portMappings").elements {
		from, to, ranged := strings.Cut(mapping.get("containerPortRange").str(), "-")
		least, _ := strconv.Atoi(from)
		most, _ := strconv.Atoi(to)
		if mapping.get("containerPort").bare() == strconv.Itoa(port) || ranged && least <= port && port <= most {
			return true
		}
	}
	return false
}
