package taskdef

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each document holds hunter2 where a secret may stand, and nothing else of it may be hidden.
func TestSecretsAreHiddenWhereverTheyMayStand(t *testing.T) {
	for name, test := range map[string]struct{ document, want string }{
		"a variable":              {`{"environment":[{"name":"A","value":"hunter2"}]}`, `{"environment":[{"name":"A","value":"(hidden)"}]}`},
		"twice in one map":        {`{"environment":[{"name":"A","value":"hunter2","value":"hunter2!"}]}`, `{"environment":[{"name":"A","value":"(hidden)","value":"(hidden)"}]}`},
		"in another case":         {`{"Environment":[{"Name":"A","Value":"hunter2"}]}`, `{"Environment":[{"Name":"A","Value":"(hidden)"}]}`},
		"as a map":                {`{"environment":{"A":"hunter2","B":17,"C":null}}`, `{"environment":{"A":"(hidden)","B":"(hidden)","C":null}}`},
		"an option":               {`{"logConfiguration":{"logDriver":"splunk","options":{"splunk-token":"hunter2","splunk-url":"https://x"}}}`, `{"logConfiguration":{"logDriver":"splunk","options":{"splunk-token":"(hidden)","splunk-url":"https://x"}}}`},
		"a FireLens option":       {`{"firelensConfiguration":{"type":"fluentbit","options":{"apikey":"hunter2","HTTP_Passwd":"hunter2","config-file-type":"file"}}}`, `{"firelensConfiguration":{"type":"fluentbit","options":{"apikey":"(hidden)","HTTP_Passwd":"(hidden)","config-file-type":"file"}}}`},
		"within an option":        {`{"driverOpts":{"o":"username=me,password=hunter2,vers=3"}}`, `{"driverOpts":{"o":"username=me,password=(hidden),vers=3"}}`},
		"a URL":                   {`{"image":"x","healthCheck":{"command":["CMD","curl","https://me:hunter2@x.io/a"]}}`, `{"image":"x","healthCheck":{"command":["CMD","curl","https://me:(hidden)@x.io/a"]}}`},
		"a URL anywhere":          {`{"hookDetails":{"to":{"url":"amqp://me:hun@ter2/x@host:5672"}}}`, `{"hookDetails":{"to":{"url":"amqp://me:(hidden)@host:5672"}}}`},
		"behind a flag":           {`{"command":["run","--password","hunter2","--level","3"]}`, `{"command":["run","--password","(hidden)","--level","3"]}`},
		"in a flag":               {`{"command":["run","--db-password=hunter2","API_KEY=hunter2"]}`, `{"command":["run","--db-password=(hidden)","API_KEY=(hidden)"]}`},
		"in a line for a shell":   {`{"entryPoint":["sh","-c","mysql --password 'hunter 2' -h x; TOKEN=hunter2 run"]}`, `{"entryPoint":["sh","-c","mysql --password (hidden) -h x; TOKEN=(hidden) run"]}`},
		"a flag behind a flag":    {`{"command":["--password-stdin","--token","hunter2"]}`, `{"command":["--password-stdin","--token","(hidden)"]}`},
		"JSON in a label":         {`{"dockerLabels":{"com.datadoghq.ad.instances":"[{\"user\": \"me\", \"password\": \"hunter2\"}]"}}`, `{"dockerLabels":{"com.datadoghq.ad.instances":"[{\"user\": \"me\", \"password\": (hidden)}]"}}`},
		"other flags":             {`{"command":["a","--pass","hunter2","--pwd","hunter2","--DB_PASS=hunter2","--auth","hunter2","--key","hunter2"]}`, `{"command":["a","--pass","(hidden)","--pwd","(hidden)","--DB_PASS=(hidden)","--auth","(hidden)","--key","(hidden)"]}`},
		"headers":                 {`{"command":["curl","-H","Authorization: Bearer hunter2","-H","X-Api-Key: hunter2","-u","me:hunter2","x"]}`, `{"command":["curl","-H","Authorization: Bearer (hidden)","-H","X-Api-Key: (hidden)","-u","me:(hidden)","x"]}`},
		"headers of an option":    {`{"firelensConfiguration":{"options":{"Header":"Authorization Bearer hunter2"}}}`, `{"firelensConfiguration":{"options":{"Header":"Authorization Bearer (hidden)"}}}`},
		"a token in a URL":        {`{"command":["git","clone","https://hunter2hunter2hunter2@x.io/a"]}`, `{"command":["git","clone","https://(hidden)@x.io/a"]}`},
		"a word with a dash":      {`{"command":["run","--password","-hunter2"]}`, `{"command":["run","--password","(hidden)"]}`},
		"JSON for a shell":        {`{"command":["sh","-c","curl -d '{\"password\":\"hunter2\"}' -u me:hunter2 x"]}`, `{"command":["sh","-c","curl -d '{\"password\":(hidden)}' -u me:(hidden) x"]}`},
		"under another name":      {`{"secrets":[{"name":"A","value":"hunter2"}],"env":[{"name":"B","value":"hunter2"}]}`, `{"secrets":[{"name":"A","value":"(hidden)"}],"env":[{"name":"B","value":"(hidden)"}]}`},
		"names that only look so": {`{"dockerLabels":{"keyword":"a","author":"b","monkey":"c","key-id":"d"},"command":["run","--max-tokens","100","--token-ttl","60","--password-file","/run/x","the token is good"]}`, `{"dockerLabels":{"keyword":"a","author":"b","monkey":"c","key-id":"d"},"command":["run","--max-tokens","100","--token-ttl","60","--password-file","/run/x","the token is good"]}`},
		"what is none":            {`{"secrets":[{"name":"A","valueFrom":"arn:x"}],"repositoryCredentials":{"credentialsParameter":"arn:y"},"tags":[{"key":"a","value":"b"}],"command":["rake","db:migrate","a"]}`, `{"secrets":[{"name":"A","valueFrom":"arn:x"}],"repositoryCredentials":{"credentialsParameter":"arn:y"},"tags":[{"key":"a","value":"b"}],"command":["rake","db:migrate","a"]}`},
		"what hides nothing new":  {`{"environment":[{"name":"A","value":"(hidden)"}]}`, `{"environment":[{"name":"A","value":"(hidden)"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			got := string(parsed(t, test.document).Hidden().JSON())
			require.Equal(t, test.want, got)
			require.NotContains(t, got, "hunter")
			require.Empty(t, Diff(parsed(t, test.document), parsed(t, test.document), "a", "b", false))

			// A change of the secret shows as one, and no more.
			other := strings.ReplaceAll(test.document, "hunter", "correct")
			diff := Diff(parsed(t, test.document), parsed(t, other), "a", "b", false)
			require.Equal(t, strings.Contains(test.document, "hunter"), strings.Contains(diff, "(changed)"), diff)
			require.NotContains(t, diff, "hunter")
			require.NotContains(t, diff, "correct")
		})
	}
	require.Equal(t, []string{"run", "--token", "(hidden)", "a"}, HideWords([]string{"run", "--token", "hunter2", "a"}))
}

func FuzzHidingShowsNoSecret(f *testing.F) {
	f.Add(`A`, `value`)
	f.Add(`{"`, `Value`)
	f.Fuzz(func(t *testing.T, name, member string) {
		const secret = "hunter2hunter2"
		if strings.EqualFold(member, "name") || strings.Contains(name, secret) {
			return
		}
		document := Document{value{kind: object}.with("containerDefinitions", value{kind: array, elements: []value{value{kind: object}.with("environment",
			value{kind: array, elements: []value{value{kind: object}.with("name", stringValue(name)).with(member, stringValue(secret))}})}})}
		require.NotContains(t, string(document.Hidden().JSON()), secret)
		require.NotContains(t, Diff(Document{}, document, "a", "b", false), secret)
	})
}
