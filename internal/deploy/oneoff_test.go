package deploy

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
)

func TestATaskEndedWellIfItsContainerSaysSo(t *testing.T) {
	planned := &rollout.PlannedTask{Container: "app", Essential: []string{"app", "log_router"}}
	exited := func(name string, code int, reason string) rollout.Container {
		return rollout.Container{Name: name, ExitCode: &code, Reason: reason}
	}
	for name, test := range map[string]struct {
		containers []rollout.Container
		want       bool
	}{
		"both with 0":                           {[]rollout.Container{exited("app", 0, ""), exited("log_router", 0, "")}, true},
		"the side car was told to stop":         {[]rollout.Container{exited("app", 0, ""), exited("log_router", 143, "")}, true},
		"and killed":                            {[]rollout.Container{exited("log_router", 137, ""), exited("app", 0, "")}, true},
		"the side car ran out of memory":        {[]rollout.Container{exited("app", 0, ""), exited("log_router", 137, "OutOfMemoryError: container killed")}, false},
		"the side car crashed":                  {[]rollout.Container{exited("app", 0, ""), exited("log_router", 1, "")}, false},
		"the side car never ran":                {[]rollout.Container{exited("app", 0, ""), {Name: "log_router"}}, false},
		"the command failed":                    {[]rollout.Container{exited("app", 3, ""), exited("log_router", 143, "")}, false},
		"the command was told to stop":          {[]rollout.Container{exited("app", 143, ""), exited("log_router", 0, "")}, false},
		"it never ran":                          {[]rollout.Container{{Name: "app"}, exited("log_router", 0, "")}, false},
		"one that is not essential may do this": {[]rollout.Container{exited("app", 0, ""), exited("init", 9, "")}, true},
		"nothing is known":                      {nil, false},
	} {
		require.Equal(t, test.want, endedWell(planned, rollout.Task{Containers: test.containers}), name)
	}
	require.False(t, endedWell(&rollout.PlannedTask{Container: "job", Essential: []string{"app"}}, rollout.Task{Containers: []rollout.Container{exited("app", 0, ""), exited("job", 1, "")}}),
		"the command is for one that is not essential")
}
