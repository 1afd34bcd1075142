package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThePageShowsASummaryAsGitHubWould(t *testing.T) {
	page, err := pageOf("<t>", "## v\n\n> [!CAUTION]\n> `a` <https://x.y>\n>\n> b\n\n```mermaid\ngantt\n```\n", "file:///m.js")
	require.NoError(t, err)
	for _, part := range []string{
		"<title>&lt;t&gt;</title>", "<blockquote class=\"alert caution\"><p><code>a</code> <a href=\"https://x.y\">https://x.y</a></p>\n<p>b</p>\n</blockquote>",
		`<code class="language-mermaid">gantt`, `<script src="file:///m.js"></script>`,
	} {
		require.Contains(t, page, part)
	}
	page, err = pageOf("t", "> [!CAUTION\n> a\n\n> b\n", "")
	require.NoError(t, err)
	require.NotContains(t, page, "<script")
	require.Contains(t, page, "<p>[!CAUTION\na</p>")
}
