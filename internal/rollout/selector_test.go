package rollout

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSelectors(t *testing.T) {
	for text, finds := range map[string][]string{
		"web-*": {"web-1", "web-"}, "web-?": {"web-1"}, "*": {"web", "web-1", "web-", "api"}, "tag:team=a=b": {"api"}, "tag:team=": nil,
		"!web": {"web"}, "!tag:team=a=b": {"api"},
	} {
		selector, is := ParseSelector(text)
		require.True(t, is, text)
		require.Equal(t, text[0] == '!', selector.Except)
		var found []string
		for _, name := range []string{"web", "web-1", "web-", "api"} {
			if selector.Finds(name, map[string]map[string]string{"api": {"team": "a=b"}}[name]) {
				found = append(found, name)
			}
		}
		require.Equal(t, finds, found, text)
	}
	for _, text := range []string{"web", "arn:aws:ecs:eu-west-1:123456789012:service/main/web"} {
		_, is := ParseSelector(text)
		require.False(t, is, text)
	}
}
