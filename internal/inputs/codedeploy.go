package inputs

import (
	"regexp"

	"ecs-deploy/internal/taskdef"
)

// CodeDeploy is how services with the deployment controller CODE_DEPLOY are deployed.
type CodeDeploy struct {
	Application, Group string          // empty: as the ECS console names them
	Config             string          // empty: that of the group
	Description        string          // at most longestDescription characters
	AppSpec            taskdef.AppSpec // empty: Found or, without that, to be made of what the service has
	Found              taskdef.AppSpec // appspec.yaml of the workspace, if there is one and no other is named
	Unreadable         error           // it is there, and cannot be read
	Given              []string        // the inputs that are given
}

var codeDeployLetters = regexp.MustCompile(`^[\w.+=,@-]+$`)

// isCodeDeployName tells whether CodeDeploy takes a text for the name of an application, group or configuration
// (https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html).
func isCodeDeployName(text string) bool {
	return len(text) <= 100 && codeDeployLetters.MatchString(text)
}

// longestDescription is how many characters a deployment's description may have. AWS's own action cuts it
// there (https://github.com/aws-actions/amazon-ecs-deploy-task-definition, index.js).
const longestDescription = 512

func (c *checker) codeDeploy(t text) CodeDeploy {
	d := CodeDeploy{
		Application: c.codeDeployName("codedeploy-application", t.CodeDeployApplication),
		Group:       c.codeDeployName("codedeploy-deployment-group", t.CodeDeployGroup),
		Config:      c.codeDeployName("codedeploy-deployment-config", t.CodeDeployConfig),
		AppSpec:     c.appSpec("codedeploy-appspec", t.CodeDeployAppSpec),
		Description: t.CodeDeployDescription,
	}
	if t.CodeDeployAppSpec == "" {
		d.Found, d.Unreadable = c.foundAppSpec()
	}
	if long := []rune(d.Description); len(long) > longestDescription {
		d.Description = string(long[:longestDescription-1]) + "…"
	}
	for _, input := range append(t.codeDeployGroup(), t.codeDeployment()...) {
		if input.value != "" {
			d.Given = append(d.Given, input.name)
		}
	}
	return d
}

// codeDeployGroup are the inputs that say by what CodeDeploy deploys, codeDeployment those that say how.
func (t text) codeDeployGroup() []namedInput {
	return []namedInput{{"codedeploy-application", t.CodeDeployApplication}, {"codedeploy-deployment-group", t.CodeDeployGroup}}
}

func (t text) codeDeployment() []namedInput {
	return []namedInput{
		{"codedeploy-appspec", t.CodeDeployAppSpec}, {"codedeploy-deployment-config", t.CodeDeployConfig},
		{"codedeploy-deployment-description", t.CodeDeployDescription},
	}
}

func (c *checker) codeDeployName(input, value string) string {
	if value != "" && !isCodeDeployName(value) {
		c.mistake("%s: %q is not a name that CodeDeploy allows", input, value)
	}
	return value
}

// appSpec reads a file that holds an AppSpec.
func (c *checker) appSpec(input, path string) taskdef.AppSpec {
	if path == "" {
		return taskdef.AppSpec{}
	}
	text, err := c.read(path)
	if err != nil {
		c.mistake("%s: %w", input, err)
		return taskdef.AppSpec{}
	}
	spec, err := taskdef.ParseAppSpec(text)
	if err != nil {
		c.mistake("%s: %s: %w", input, path, err)
	}
	return spec
}
