package watch

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
)

// An alarm that was in ALARM before counts once it was seen out of it, also in the bake of a later wave.
func TestAlarmsCountOnceTheyWereSeenQuiet(t *testing.T) {
	alarm := func(name string, on bool) rollout.Alarm {
		return rollout.Alarm{AlarmName: rollout.AlarmName{Name: name}, On: on}
	}
	alarms := []rollout.Alarm{alarm("quiet", false), alarm("loud", true)}
	look := func(now ...rollout.Alarm) (fresh, gone []string) {
		on, missing := compared(alarms, now)
		for _, a := range on {
			fresh = append(fresh, a.Name)
		}
		for _, a := range missing {
			gone = append(gone, a.Name)
		}
		return fresh, gone
	}
	fresh, gone := look(alarm("quiet", false), alarm("loud", true))
	require.Empty(t, append(fresh, gone...), "it was in ALARM before")
	fresh, gone = look(alarm("quiet", true), alarm("loud", false))
	require.Equal(t, []string{"quiet"}, fresh)
	require.Empty(t, gone)
	fresh, gone = look(alarm("loud", true))
	require.Equal(t, []string{"loud"}, fresh, "it had left ALARM")
	require.Equal(t, []string{"quiet"}, gone)
	fresh, gone = look()
	require.Empty(t, fresh, "what is not told is not known")
	require.Equal(t, []string{"quiet", "loud"}, gone)
}
