package virtual

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAnHourTakesNoTime(t *testing.T) {
	began, took := time.Now(), time.Duration(0)
	Run(func(ctx context.Context, pace float64) {
		began := time.Now()
		time.Sleep(time.Hour)
		took = time.Since(began)
		require.NoError(t, ctx.Err())
		require.Equal(t, 1.0, pace)
	})
	require.Equal(t, time.Hour, took)
	require.Less(t, time.Since(began), time.Minute)
}

// A Go release may want more of a test than there is.
func TestWhatHasNoBubbleRunsInRealTime(t *testing.T) {
	defer func(before func(*testing.T, func(*testing.T))) { bubble = before }(bubble)
	bubble = func(*testing.T, func(*testing.T)) { panic("not in a test") }
	runs := 0
	Run(func(_ context.Context, pace float64) {
		runs++
		require.Equal(t, float64(realPace), pace)
	})
	require.Equal(t, 1, runs)
}

func TestAFaultOfWhatRunsIsPassedOn(t *testing.T) {
	runs := 0
	require.PanicsWithValue(t, "mine", func() {
		Run(func(context.Context, float64) {
			runs++
			panic("mine")
		})
	})
	require.Equal(t, 1, runs)
}
