package taskdef

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatECSIsSureToRefuseOfADocument(t *testing.T) {
	fargate := func(cpu, memory string) string {
		return fmt.Sprintf(`{"requiresCompatibilities":["FARGATE"],"cpu":%q,"memory":%q,"containerDefinitions":[{"name":"a","image":"b"}]}`, cpu, memory)
	}
	many := func(n int) string {
		return `{"containerDefinitions":[` + strings.TrimSuffix(strings.Repeat(`{"name":"a","image":"b"},`, n), ",") + `]}`
	}
	for text, want := range map[string][]string{
		`{"containerDefinitions":[{"name":"a","image":"b"}]}`:   nil,
		`{"containerDefinitions":[{"name":"a"},{"image":"b"}]}`: {"container a has no image", "container 2 has no name"},
		many(10):                      nil,
		many(11):                      {"there are 11 containers, and ECS takes at most 10"},
		fargate("256", "512"):         nil,
		fargate("256", "1024"):        nil,
		fargate("1 vCPU", "2GB"):      nil,
		fargate(".25 vCPU", "0.5 GB"): nil,
		fargate("4096", "30720"):      nil,
		fargate("32768", "1"):         nil,
		fargate("", ""):               nil,
		fargate("256", "1536"):        {"Fargate has no tasks of 256 CPU units and 1536 MiB of memory: with 256 go 512 to 2048 MiB, in steps of 512"},
		fargate("256", "4096"):        {"Fargate has no tasks of 256 CPU units and 4096 MiB of memory: with 256 go 512 to 2048 MiB, in steps of 512"},
		fargate("1024", "1024"):       {"Fargate has no tasks of 1024 CPU units and 1024 MiB of memory: with 1024 go 2048 to 8192 MiB, in steps of 1024"},
		fargate("300", "1024"):        {"Fargate has no tasks of 300 CPU units: it has those of 256, 512, 1024, 2048, 4096, 8192 and 16384"},
		strings.Replace(fargate("300", "1"), "FARGATE", "EC2", 1):               nil,
		`{"containerDefinitions":[],"x":"` + strings.Repeat("x", 64<<10) + `"}`: {"it has 65570 bytes, and ECS takes at most 65536"},
	} {
		require.Equal(t, want, parsed(t, text).Faults(), text[:min(len(text), 200)])
	}
}

func TestPortsThatAContainerMaps(t *testing.T) {
	document := parsed(t, `{"containerDefinitions":[{"name":"a","portMappings":[{"containerPort":80},{"containerPortRange":"8000-8100"}]},{"name":"b"}]}`)
	require.True(t, document.Maps("a", 80))
	require.True(t, document.Maps("a", 8100))
	require.False(t, document.Maps("a", 8101))
	require.False(t, document.Maps("b", 80))
	require.False(t, document.Maps("c", 80))
}
