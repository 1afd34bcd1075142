package diagnose

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
)

func noise(name string, n int) []string {
	var lines []string
	for i := range n {
		lines = append(lines, fmt.Sprintf("%s %d", name, i))
	}
	return lines
}

func TestTheLineThatLooksLikeTheErrorIsKept(t *testing.T) {
	for name, test := range map[string]struct {
		lines []string
		says  string
	}{
		"of Go": {
			[]string{"starting", "panic: runtime error: invalid memory address", "", "goroutine 1 [running]:", "main.main()", "exit status 2"},
			"panic: runtime error: invalid memory address",
		},
		"of Python, behind its stack": {
			[]string{"Traceback (most recent call last):", `  File "app.py", line 3, in <module>`, "KeyError: 'DATABASE_URL'"},
			"KeyError: 'DATABASE_URL'",
		},
		"of Java, the innermost cause": {
			[]string{`Exception in thread "main" java.lang.IllegalStateException: no pool`, "\tat a.b.C.d(C.java:3)", "Caused by: java.net.ConnectException: Connection refused", "\tat a.b.ExceptionHandler.x(E.java:1)"},
			"Caused by: java.net.ConnectException: Connection refused",
		},
		"of Node": {
			[]string{"node:internal/modules/cjs/loader:936", "  throw err;", "Error: Cannot find module '/app/server.js'", "    at Module._load (node:internal)", "Node.js v20"},
			"Error: Cannot find module '/app/server.js'",
		},
		"with its reason, rather than the last": {
			[]string{`2026-11-09T03:00:46.571Z error could not connect: password authentication failed for user "web"`, "2026-11-09T03:00:46.572Z fatal giving up"},
			`error could not connect: password authentication failed for user "web"`,
		},
		"in JSON": {
			[]string{`{"level":"fatal","ts":1,"msg":"cannot migrate","error":"relation exists"}`}, "cannot migrate: relation exists",
		},
		"of Node, before a warning": {
			[]string{"(node:1) UnhandledPromiseRejectionWarning: Error: connect ECONNREFUSED 10.0.0.1:5432", "(node:1) [DEP0018] DeprecationWarning: Unhandled promise rejections are deprecated: x"},
			"(node:1) UnhandledPromiseRejectionWarning: Error: connect ECONNREFUSED 10.0.0.1:5432",
		},
		"of Rust": {[]string{"thread 'main' panicked at src/main.rs:4:5: no database"}, "thread 'main' panicked at src/main.rs:4:5: no database"},
		"of Django": {
			[]string{"Traceback (most recent call last):", "django.core.exceptions.ImproperlyConfigured: Set the DATABASE_URL environment variable"},
			"django.core.exceptions.ImproperlyConfigured: Set the DATABASE_URL environment variable",
		},
		"of a shell": {[]string{"start.sh: line 3: DATABASE_URL: unbound variable"}, "start.sh: line 3: DATABASE_URL: unbound variable"},
		"before lines of another level": {
			[]string{`{"level":"error","msg":"db: connection failed"}`, `{"level":"info","msg":"jobs: 0 failed"}`, "2026-11-09 03:00:47 INFO  Uncaught exception handler: removed"},
			"db: connection failed",
		},
		"of gunicorn":         {[]string{"[2026-11-09 03:00:47 +0000] [1] [ERROR] Reason: Worker failed to boot."}, "[1] [ERROR] Reason: Worker failed to boot."},
		"nothing of the kind": {[]string{"listening on 8080", "stopping"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			short := Excerpt(rollout.LogTail{Lines: test.lines})
			require.Equal(t, []any{test.lines, test.says}, []any{short.Lines, short.Says})

			all := append(append(noise("before", 90), test.lines...), noise("behind", 60)...)
			long := Excerpt(rollout.LogTail{Lines: all})
			require.Equal(t, test.says, long.Says)
			require.Len(t, append(long.Error, long.Lines...), lastLines)
			require.Equal(t, "behind 59", long.Lines[len(long.Lines)-1])
			if test.says == "" {
				require.Empty(t, long.Error)
				return
			}
			require.Equal(t, test.says, saying(long.Error[linesBefore]))
			end := slices.Index(all, long.Error[len(long.Error)-1])
			require.Equal(t, long.Lines[0], all[end+long.Skipped+1])
		})
	}
}

func TestWhatALogSaysIsOneLineWithoutColoursAndPasswords(t *testing.T) {
	log := Excerpt(rollout.LogTail{Lines: []string{"\x1b[31merror\x1b[39m: could not connect to postgres://web:S3cret@db:5432/web\n    at a.b.C\n"}})
	require.Equal(t, "error: could not connect to postgres://web:***@db:5432/web", log.Says)
	require.Equal(t, []string{"error: could not connect to postgres://web:***@db:5432/web", "    at a.b.C"}, log.Lines)
}
