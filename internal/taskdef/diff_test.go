package taskdef

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDiff(t *testing.T) {
	before, err := Parse([]byte(`{"family":"web","containerDefinitions":[{"name":"app","image":"web:1",
	  "environment":[{"name":"KEPT","value":"same-secret"},{"name":"MOVED","value":"old-secret"},{"name":"GONE","value":"gone-secret"}]}]}`))
	require.NoError(t, err)
	edited, err := before.Apply(Edit{Images: []Image{mustImage(t, "web:2")}, Variables: []Variable{
		{Name: "MOVED", Value: "new-secret"}, {Name: "NEW", Value: "added-secret"}, {Name: "GONE", Remove: true},
	}})
	require.NoError(t, err)

	got := Diff(before, edited.Document, "web:1", "web:2", false)
	require.Equal(t, `--- web:1
+++ web:2
@@ -8,14 +8,14 @@
         },
         {
           "name": "MOVED",
-          "value": "(hidden)"
+          "value": "(changed)"
         },
         {
-          "name": "GONE",
-          "value": "(hidden)"
+          "name": "NEW",
+          "value": "(added)"
         }
       ],
-      "image": "web:1",
+      "image": "web:2",
       "name": "app"
     }
   ],
`, got)
	require.NotContains(t, got, "-secret")
	shown := Diff(before, edited.Document, "web:1", "web:2", true)
	require.Contains(t, shown, `-          "value": "old-secret"`)
	require.Contains(t, shown, `+          "value": "new-secret"`)
	require.Empty(t, Diff(before, before, "a", "b", false))

	other, err := Parse([]byte(`{"b":[],"a":{"d":1,"c":2}}`))
	require.NoError(t, err)
	same, err := Parse([]byte(`{"a":{"c":2,"d":1}}`))
	require.NoError(t, err)
	require.Empty(t, Diff(other, same, "a", "b", false), "order and empty lists make no difference")
}
