package action

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"ecs-deploy/internal/ecssim"
	"ecs-deploy/internal/oidc"
)

// policies are those of the documents, by the names in the comments above them.
func policies(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, text := range documents(t) {
		for _, block := range regexp.MustCompile("(?s)<!-- policy: ([a-z-]+) -->\n```json\n(.*?)```\n").FindAllStringSubmatch(text, -1) {
			require.NotContains(t, found, block[1])
			found[block[1]] = block[2]
		}
	}
	return found
}

// actions are what policies allow, sorted.
func actions(t *testing.T, policies ...string) []string {
	t.Helper()
	var allowed []string
	for _, text := range policies {
		var policy struct {
			Statement []struct{ Action any }
		}
		require.NoError(t, json.Unmarshal([]byte(text), &policy))
		for _, statement := range policy.Statement {
			list, many := statement.Action.([]any)
			if !many {
				list = []any{statement.Action}
			}
			for _, action := range list {
				allowed = append(allowed, action.(string))
			}
		}
	}
	slices.Sort(allowed)
	return slices.Compact(allowed)
}

// under runs a step when no more is allowed than these policies.
func under(t *testing.T, s step, policies ...string) (code int, log string, needed []string) {
	t.Helper()
	scenario, err := ecssim.Named(s.Scenario)
	require.NoError(t, err)
	scenario, err = scenario.Under(policies...)
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		sim := ecssim.New(scenario)
		code, log = runOn(t, s, sim)
		needed = sim.Needed()
	})
	return code, log, needed
}

// operate is a step that deploys nothing new.
func operate(scenario, operation string) step {
	return step{Scenario: scenario, With: map[string]string{"cluster": "main", "service": "web", "operation": operation}}
}

func deployAgent(scenario string, more ...string) step {
	agent := step{Scenario: scenario, With: map[string]string{
		"cluster": "main", "daemon": "agent", "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/agent:v2", "verify": "false",
	}}
	for i := 0; i < len(more); i += 2 {
		agent.With[more[i]] = more[i+1]
	}
	return agent
}

const connector = `{"gatewayConnectors": [{"portName": "http"}]}`

// The policies of the documents are enough for what they are documented for, with nothing that is not
// needed. What each is documented for:
func TestTheDocumentedPoliciesAreEnoughAndNotTooMuch(t *testing.T) {
	documented := policies(t)
	const untagged, secret = "tags: null", "API_KEY=arn:aws:secretsmanager:eu-west-1:123456789012:secret:api-key"
	tested := map[string]bool{}
	for _, test := range []struct {
		name     string
		step     step
		policies []string
		exit     int
		least    bool // without any of the actions the step fails; else nothing is left that more would be needed for
	}{
		{"the least", deployWeb("healthy", "task-definition-patch", untagged), []string{"deploy"}, 0, true},
		{"by a pattern", deployWeb("healthy", "task-definition-patch", untagged, "service", "we?"), []string{"deploy", "services"}, 0, true},
		{"in two regions", deployWeb("regions", "task-definition-patch", untagged, "service", "web", "aws-region", "eu-west-1, us-east-1",
			"image", "123456789012.dkr.ecr.{region}.amazonaws.com/web:v2"), []string{"deploy", "regions"}, 0, true},
		{"under alarms", deployWeb("gate-alarm", "task-definition-patch", untagged, "watch-alarms", "web-5xx\nweb-slow"), []string{"deploy", "watch-alarms"}, 0, true},
		{"with tags", deployWeb("healthy"), []string{"deploy", "tags"}, 0, true},
		{"the usual case", deployWeb("healthy"), []string{"recommended"}, 0, false},
		{"the usual case, which fails", deployWeb("stuck", "timeout", "2m", "rollback-on-failure", "true", "secrets", secret), []string{"recommended"}, 4, false},
		{"the usual case, unhealthy", deployWeb("never-healthy", "timeout", "3m"), []string{"recommended"}, 1, false},
		{"the usual case, slow", deployWeb("slow-settings"), []string{"recommended"}, 0, false},
		{"the usual case, continued", operate("waiting", "continue"), []string{"recommended"}, 0, false},
		{"the usual case, looked at", operate("two-deployments", "status"), []string{"recommended"}, 0, false},
		{"a dry run", deployWeb("healthy", "dry-run", "true"), []string{"dry-run"}, 0, true},
		{"without service", step{Scenario: "healthy", With: map[string]string{"task-definition": "web", "image": "app=nginx:2", "task-definition-patch": untagged}}, []string{"task-definition"}, 0, true},
		{"a role by keys", deployWeb("healthy", "role-to-assume", "arn:aws:iam::123456789012:role/partner", "role-external-id", "shop-42",
			"aws-access-key-id", "AKIAIOSFODNN7EXAMPLE", "aws-secret-access-key", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), []string{"deploy", "tags", "role-to-assume"}, 0, true},
		{"looking before", deployWeb("healthy", "dry-run", "true", "secrets", secret), []string{"dry-run", "verify"}, 0, false},
		{"a failure", deployWeb("crash", "verify", "false"), []string{"deploy", "tags", "explain"}, 1, false},
		{"unhealthy tasks", deployWeb("never-healthy", "verify", "false", "timeout", "3m"), []string{"deploy", "tags", "explain"}, 1, false},
		{"running", deployWeb("healthy", "verify", "false", "wait-for", "running"), []string{"deploy", "tags", "explain"}, 0, false},
		{"behind VPC Lattice", deployWeb("lattice", "verify", "false", "wait-for", "running"), []string{"deploy", "tags", "explain"}, 0, false},
		{"a migration", deployWeb("migration", "verify", "false", "run-before", "bin/migrate", "wait-for", "none"), []string{"deploy", "tags", "run-before"}, 0, false},
		{"a migration that hangs", deployWeb("migration-hangs", "verify", "false", "run-before", "bin/migrate"), []string{"deploy", "tags", "run-before"}, 1, false},
		{"by time", deployWeb("healthy", "verify", "false", "scheduled-tasks", "rule:nightly, schedule:reports/monthly"), []string{"deploy", "tags", "explain", "scheduled-tasks"}, 0, false},
		{"continuing", operate("waiting", "continue"), []string{"deploy", "explain", "operation"}, 0, false},
		{"going back", operate("waiting", "rollback"), []string{"deploy", "explain", "operation"}, 0, false},
		{"going further back", operate("two-deployments", "rollback"), []string{"deploy", "explain", "operation"}, 0, false},
		{"rolling back", deployWeb("stuck", "verify", "false", "timeout", "2m", "rollback-on-failure", "true"), []string{"deploy", "tags", "explain", "rollback-on-failure"}, 4, false},
		{"CodeDeploy, the least", deployWeb("codedeploy", "task-definition-patch", untagged), []string{"codedeploy"}, 0, true},
		{"CodeDeploy", deployWeb("codedeploy-crash", "verify", "false", "rollback-on-failure", "true"), []string{"codedeploy", "tags", "explain", "codedeploy-more"}, 4, false},
		{"CodeDeploy, going on", operate("codedeploy-waiting", "continue"), []string{"codedeploy", "explain", "codedeploy-more"}, 0, false},
		{"CodeDeploy, going back", operate("codedeploy", "rollback"), []string{"codedeploy", "explain", "codedeploy-more"}, 0, false},
		{"an Express service, the least", deployWeb("express"), []string{"express"}, 0, true},
		{"behind a gateway", deployWeb("gateway", "verify", "false", "service-patch", connector), []string{"deploy", "tags", "explain", "gateway"}, 0, false},
		{"a managed daemon", deployAgent("managed-daemon"), []string{"daemon", "explain"}, 0, false},
		{"a managed daemon that fails", deployAgent("managed-daemon-crash"), []string{"daemon", "explain"}, 4, false},
		{"a managed daemon, going back", deployAgent("managed-daemon", "image", "", "operation", "rollback"), []string{"daemon"}, 0, false},
		{"tidying up", deployWeb("healthy", "verify", "false", "keep-revisions", "3"), []string{"deploy", "tags", "explain", "keep-revisions"}, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			var given []string
			for _, name := range test.policies {
				require.Contains(t, documented, name)
				given = append(given, documented[name])
				tested[name] = true
			}
			code, log, needed := under(t, test.step, given...)
			require.Equal(t, test.exit, code, log)
			if !test.least {
				require.Subset(t, actions(t, given...), needed, "nothing is missing")
				require.NotContains(t, log, "not allowed")
				return
			}
			for _, action := range actions(t, given...) {
				var less []string
				for _, policy := range given {
					less = append(less, strings.ReplaceAll(policy, `"`+action+`"`, `"ecs:Nothing"`))
				}
				code, log, _ := under(t, test.step, less...)
				require.Equal(t, 3, code, "without %s\n%s", action, log)
			}
		})
	}
	for name := range documented {
		require.True(t, tested[name], "the policy %s is documented and not tested", name)
	}
}

// Every action that the policies name is one that something needs.
func TestNoDocumentedPolicyAllowsWhatNothingNeeds(t *testing.T) {
	documented := policies(t)
	var all, used []string
	for _, policy := range documented {
		all = append(all, policy)
	}
	for _, s := range []step{
		deployWeb("stuck", "timeout", "2m", "rollback-on-failure", "true", "secrets", "API_KEY=arn:aws:secretsmanager:eu-west-1:123456789012:secret:api-key"),
		deployWeb("crash", "role-to-assume", "arn:aws:iam::123456789012:role/partner", "role-external-id", "shop-42",
			"aws-access-key-id", "AKIAIOSFODNN7EXAMPLE", "aws-secret-access-key", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
		deployWeb("healthy", "keep-revisions", "3", "wait-for", "running"),
		deployWeb("lattice", "wait-for", "running"),
		deployWeb("healthy", "keep-revisions", "3"),
		deployWeb("gate-alarm", "watch-alarms", "web-5xx"),
		deployWeb("never-healthy", "timeout", "3m"),
		deployWeb("slow-settings"),
		deployWeb("migration-hangs", "run-before", "bin/migrate"),
		deployWeb("healthy", "scheduled-tasks", "rule:nightly, schedule:reports/monthly"),
		operate("waiting", "continue"), operate("two-deployments", "rollback"),
		deployWeb("express"), deployWeb("gateway", "service-patch", connector),
		deployAgent("managed-daemon-crash"), deployAgent("managed-daemon", "image", "", "operation", "status"),
		deployWeb("codedeploy-crash", "rollback-on-failure", "true"), operate("codedeploy-waiting", "continue"), operate("codedeploy", "rollback"),
	} {
		_, _, needed := under(t, s, all...)
		used = append(used, needed...)
	}
	require.Subset(t, used, actions(t, all...))
}

// documentedTrust is the trust policy of the documents.
func documentedTrust(t *testing.T) string {
	t.Helper()
	text := documents(t)["../../.github/docs/credentials.md"]
	block := regexp.MustCompile("(?s)<!-- trust policy -->\n```json\n(.*?)```\n").FindStringSubmatch(text)
	require.NotNil(t, block)
	return block[1]
}

// The condition of the documented trust policy is the one that the log shows to compare with.
func TestTheDocumentedTrustPolicyIsWhatTheLogAsksFor(t *testing.T) {
	var policy struct {
		Statement []struct{ Condition any }
	}
	require.NoError(t, json.Unmarshal([]byte(documentedTrust(t)), &policy))
	claims := oidc.Claims{
		Issuer: "https://token.actions.githubusercontent.com", Audience: "sts.amazonaws.com",
		Subject: "repo:OWNER/REPO:environment:production", OwnerID: "OWNER_ID", RepositoryID: "REPO_ID",
	}
	condition, err := json.Marshal(policy.Statement[0].Condition)
	require.NoError(t, err)
	require.JSONEq(t, "{"+claims.Condition()+"}", `{"Condition":`+string(condition)+"}")
}

// The role that the setup creates may do what the policy to copy allows, for the names of the documents.
func TestTheTemplateOfTheRoleHasThePolicyToCopy(t *testing.T) {
	text, err := os.ReadFile("../../.github/docs/deploy-role.yaml")
	require.NoError(t, err)
	var template yaml.Node
	require.NoError(t, yaml.Unmarshal(text, &template))
	resolve(&template)
	var file struct {
		Resources struct {
			DeployRole struct {
				Properties struct {
					AssumeRolePolicyDocument any `yaml:"AssumeRolePolicyDocument"`
					Policies                 []struct {
						PolicyDocument any `yaml:"PolicyDocument"`
					} `yaml:"Policies"`
				} `yaml:"Properties"`
			} `yaml:"DeployRole"`
		} `yaml:"Resources"`
	}
	require.NoError(t, template.Decode(&file))
	role := file.Resources.DeployRole.Properties
	policy, err := json.Marshal(role.Policies[0].PolicyDocument)
	require.NoError(t, err)
	require.JSONEq(t, policies(t)["recommended"], string(policy))

	documented := documentedTrust(t)
	trust, err := json.Marshal(role.AssumeRolePolicyDocument)
	require.NoError(t, err)
	require.JSONEq(t, documented, string(trust))
}

// resolve fills in what CloudFormation would, with the names of the documents.
func resolve(node *yaml.Node) {
	parameters := strings.NewReplacer(
		"${AWS::Partition}", "aws", "${AWS::Region}", "eu-west-1", "${AWS::AccountId}", "123456789012", "${Cluster}", "main", "${Service}", "web",
		"${EcrRepository}", "web", "${LogGroup}", "/ecs/*", "${Environment}", "production", "${Repository}", "OWNER/REPO",
		"${RepositoryIds}", "OWNER@OWNER_ID/REPO@REPO_ID",
	)
	switch node.Tag {
	case "!Sub":
		node.Tag, node.Value = "!!str", parameters.Replace(node.Value)
	case "!Ref":
		if node.Value == "TaskRoles" {
			*node = yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{
				{Kind: yaml.ScalarNode, Tag: "!!str", Value: "arn:aws:iam::123456789012:role/web-task"},
				{Kind: yaml.ScalarNode, Tag: "!!str", Value: "arn:aws:iam::123456789012:role/web-execution"},
			}}
		}
	}
	for _, child := range node.Content {
		resolve(child)
	}
}
