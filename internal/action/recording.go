package action

import (
	"os"
	"sync"
	"time"

	"ecs-deploy/internal/rollout"
)

// recording is what happened, and when. Calls to AWS are left out.
type recording struct {
	mu    sync.Mutex
	began time.Time
	heard []rollout.Heard
}

func (r *recording) hear(event rollout.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.began.IsZero() {
		r.began = time.Now()
	}
	if _, call := event.(rollout.Called); !call {
		r.heard = append(r.heard, rollout.Heard{At: time.Since(r.began), Event: event})
	}
}

func (r *recording) write(file string) error {
	if file == "" {
		return nil
	}
	var text []byte
	for _, heard := range r.heard {
		line, err := heard.Line()
		if err != nil {
			return err
		}
		text = append(text, line...)
	}
	return os.WriteFile(file, text, 0o644)
}
