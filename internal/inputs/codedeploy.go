package inputs

import (
	"cmp"
	"fmt"

	"ecs-deploy/internal/lazy"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// appSpecFile is a file of the workspace that may hold an AppSpec.
type appSpecFile struct {
	path  string
	named bool // by an input; else it goes by the name that CodeDeploy knows, and may be missing
	files workspace
}

// read reads the file. The AppSpec is empty where the file is not named and not there; then it is to be made of what
// the service has. The error names the input or the file.
func (f appSpecFile) read() (taskdef.AppSpec, error) {
	from := f.path
	if f.named {
		from = "codedeploy-appspec"
	} else if f.files.root == "" || !f.files.isFile(f.path) {
		return taskdef.AppSpec{}, nil
	}
	text, err := f.files.read(f.path)
	if err != nil {
		return taskdef.AppSpec{}, fmt.Errorf("%s: %w", from, err)
	}
	spec, err := taskdef.ParseAppSpec(text)
	if err != nil && f.named {
		return spec, fmt.Errorf("%s: %s: %w", from, f.path, err)
	} else if err != nil {
		return spec, fmt.Errorf("%s: %w", from, err)
	}
	return spec, nil
}

// defaultAppSpec is the AppSpec that AWS's own action takes where none is named.
const defaultAppSpec = "appspec.yaml"

var codeDeployLetters = lazy.Regexp(`^[\w.+=,@-]+$`)

// isCodeDeployName tells whether CodeDeploy takes a text for the name of an application, group or configuration
// (https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html).
func isCodeDeployName(text string) bool {
	return len(text) <= 100 && codeDeployLetters().MatchString(text)
}

// longestDescription is how many characters a deployment's description may have. AWS's own action cuts it
// there (https://github.com/aws-actions/amazon-ecs-deploy-task-definition, index.js).
const longestDescription = 512

// codeDeploy is what the inputs say about deployments by CodeDeploy. That the AppSpec cannot be read is no mistake
// before it is known that CodeDeploy deploys anything: a file of this name may be for something else.
func (c *checker) codeDeploy(t text) rollout.CodeDeployOptions {
	options := rollout.CodeDeployOptions{
		Application: c.codeDeployName("codedeploy-application", t.CodeDeployApplication),
		Group:       c.codeDeployName("codedeploy-deployment-group", t.CodeDeployGroup),
		Config:      c.codeDeployName("codedeploy-deployment-config", t.CodeDeployConfig),
		Description: t.CodeDeployDescription,
	}
	if long := []rune(options.Description); len(long) > longestDescription {
		options.Description = string(long[:longestDescription-1]) + "…"
	}
	file := appSpecFile{cmp.Or(t.CodeDeployAppSpec, defaultAppSpec), t.CodeDeployAppSpec != "", c.workspace}
	options.AppSpec, options.AppSpecErr = file.read()
	if !file.named {
		options.AppSpecFound = file.path
	}
	for _, input := range append(t.codeDeployGroup(), t.codeDeployment()...) {
		if input.value != "" {
			options.Given = append(options.Given, input.name)
		}
	}
	return options
}

// codeDeployGroup are the inputs that say by what CodeDeploy deploys, codeDeployment those that say how.
func (t text) codeDeployGroup() []namedInput {
	return []namedInput{
		{"codedeploy-application", t.CodeDeployApplication},
		{"codedeploy-deployment-group", t.CodeDeployGroup},
	}
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
