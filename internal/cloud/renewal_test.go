package cloud

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
)

// during is an AWS whose sessions last 15 minutes, and whose STS is out of order from a minute on.
func during(t *testing.T, broken func(since time.Duration) bool, minutes int) (keys map[string]int, err error) {
	keys = map[string]int{}
	began, given := time.Now(), 0
	client := assumingClient(t, AssumedRole{Role: rollout.Role{MaxAge: 15 * time.Minute}}, transport(func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("X-Amz-Target") == "" {
			if broken(time.Since(began)) {
				return nil, syscall.ECONNRESET
			}
			given++
			require.Equal(t, "900", form(r).Get("DurationSeconds"))
			return answerXML(r, http.StatusOK, sessionXML(viaKeys, fmt.Sprintf("ASIA%d", given), 15*time.Minute)), nil
		}
		_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
		key, _, _ := strings.Cut(credential, "/")
		keys[key]++
		return answer(r, http.StatusOK, `{"serviceArns":[]}`), nil
	}), nil)
	require.NoError(t, client.Authenticate(t.Context()))
	for range minutes {
		time.Sleep(time.Minute) // virtual
		if _, err = client.ServiceNames(t.Context(), "main"); err != nil {
			break
		}
	}
	return keys, err
}

func TestCredentialsAreRenewedBeforeTheyExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys, err := during(t, func(time.Duration) bool { return false }, 25)
		require.NoError(t, err)
		require.Equal(t, map[string]int{"ASIA1": 9, "ASIA2": 10, "ASIA3": 6}, keys)
	})
}

func TestOldCredentialsServeWhileNewOnesCannotBeHad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys, err := during(t, func(since time.Duration) bool { return since > time.Minute && since < 13*time.Minute }, 20)
		require.NoError(t, err)
		require.Equal(t, map[string]int{"ASIA1": 12, "ASIA2": 8}, keys)
	})
	synctest.Test(t, func(t *testing.T) {
		keys, err := during(t, func(since time.Duration) bool { return since > time.Minute }, 30)
		require.ErrorContains(t, err, "sts:AssumeRole for role "+deployer+": AWS could not be reached")
		require.GreaterOrEqual(t, keys["ASIA1"], 13)
	})
}

// dropping is an AWS that takes the first of its sessions for expired. It counts those that it gives,
// and tells of each request that it refuses.
func dropping(given *int, refused func(*http.Request)) transport {
	return func(r *http.Request) (*http.Response, error) {
		switch {
		case r.Header.Get("X-Amz-Target") == "":
			*given++
			return answerXML(r, http.StatusOK, sessionXML(viaKeys, fmt.Sprintf("ASIA%d", *given), time.Hour)), nil
		case strings.Contains(r.Header.Get("Authorization"), "ASIA1/"):
			refused(r)
			return answer(r, http.StatusBadRequest, `{"__type":"ExpiredTokenException","message":"expired"}`), nil
		}
		return answer(r, http.StatusOK, `{"serviceArns":[]}`), nil
	}
}

// AWS may drop a session before its time, and the clock of the runner may be slow.
func TestCredentialsThatExpireEarlyAreRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		given, refused := 0, 0
		client := assumingClient(t, AssumedRole{}, dropping(&given, func(*http.Request) { refused++ }), nil)
		require.NoError(t, client.Authenticate(t.Context()))
		_, err := client.ServiceNames(t.Context(), "main")
		require.ErrorContains(t, err, "the AWS credentials have expired", "brand-new ones are not replaced")

		time.Sleep(2 * time.Minute) // virtual
		_, err = client.WithoutRetry().ServiceNames(t.Context(), "main")
		require.True(t, Transient(err), "it is worth to come again: %v", err)
		_, err = client.WithoutRetry().ServiceNames(t.Context(), "main")
		require.NoError(t, err)
		require.Equal(t, []int{2, 2}, []int{given, refused})
	})
}

// Of two calls that were signed with credentials that AWS no longer takes, one comes back when there
// are others already.
func TestALateAnswerToOldCredentialsIsWorthAnotherAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		given := 0
		client := assumingClient(t, AssumedRole{}, dropping(&given, func(r *http.Request) {
			if body, _ := io.ReadAll(r.Body); strings.Contains(string(body), "slow") {
				time.Sleep(8 * time.Second) // virtual
			}
		}), nil)
		require.NoError(t, client.Authenticate(t.Context()))
		time.Sleep(2 * time.Minute) // virtual
		require.NoError(t, Each(t.Context(), []string{"main", "slow"}, func(ctx context.Context, _ int, cluster string) error {
			_, err := client.ServiceNames(ctx, cluster)
			return err
		}))
		require.Equal(t, 2, given, "the late answer throws nothing away")
	})
}

func TestCredentialsThatWereDroppedAreGotLikeTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		given := 0
		began := time.Now()
		aws := dropping(&given, func(*http.Request) {})
		client := assumingClient(t, AssumedRole{}, transport(func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("X-Amz-Target") == "" && given > 0 && time.Since(began) < 2*time.Minute+7*time.Second {
				return nil, syscall.ECONNRESET
			}
			return aws(r)
		}), nil)
		require.NoError(t, client.Authenticate(t.Context()))
		time.Sleep(2 * time.Minute) // virtual
		_, err := client.ServiceNames(t.Context(), "main")
		require.NoError(t, err)
	})
}
