package inputs

import (
	"cmp"
	"fmt"
	"regexp"

	"ecs-deploy/internal/taskdef"
)

// CodeDeploy is how services with the deployment controller CODE_DEPLOY are deployed.
type CodeDeploy struct {
	Application, Group string // empty: as the ECS console names them
	Config             string // empty: that of the group
	Description        string // at most longestDescription characters
	File               AppSpecFile
	AppSpec            taskdef.AppSpec // what the file holds, once it was read
	Given              []string        // the inputs that are given
}

// AppSpecFile is a file of the workspace that may hold an AppSpec. It is not looked at before Read: where CodeDeploy deploys
// nothing, it is of no interest what is in it.
type AppSpecFile struct {
	Path  string
	Named bool // by an input; else it goes by the name that CodeDeploy knows, and may be missing
	files workspace
}

// Read reads the file. The AppSpec is empty where the file is not named and not there; then it is to be made of what the
// service has. The error names the input or the file.
func (f AppSpecFile) Read() (taskdef.AppSpec, error) {
	from := f.Path
	if f.Named {
		from = "codedeploy-appspec"
	} else if f.files.root == "" || !f.files.isFile(f.Path) {
		return taskdef.AppSpec{}, nil
	}
	text, err := f.files.read(f.Path)
	if err != nil {
		return taskdef.AppSpec{}, fmt.Errorf("%s: %w", from, err)
	}
	spec, err := taskdef.ParseAppSpec(text)
	if err != nil && f.Named {
		return spec, fmt.Errorf("%s: %s: %w", from, f.Path, err)
	} else if err != nil {
		return spec, fmt.Errorf("%s: %w", from, err)
	}
	return spec, nil
}

// defaultAppSpec is the AppSpec that AWS's own action takes where none is named.
const defaultAppSpec = "appspec.yaml"

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
		File:        AppSpecFile{cmp.Or(t.CodeDeployAppSpec, defaultAppSpec), t.CodeDeployAppSpec != "", c.workspace},
		Description: t.CodeDeployDescription,
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
