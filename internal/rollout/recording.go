package rollout

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

// Heard is an event and when it came, since the first of its run. Written down as JSON it can be told again.
// It holds what the event holds, values of environment variables among it.
type Heard struct {
	At    time.Duration
	Event Event
}

// kinds are all events, by the names of their types.
var kinds = kindsOf(
	SecretLearned{}, InputsRead{}, RoleAssumed{}, PlanMade{}, TakenOver{}, Verified{}, Registered{}, OneOffStarted{}, OneOffProgress{}, TaskSaid{}, OneOffEnded{},
	Repointed{}, Updated{}, Progress{}, HookCalled{}, Standing{}, ServiceSaid{}, TasksFailed{}, Decided{}, Explained{}, Continued{}, TakingBack{},
	Deregistered{}, Noticed{}, Called{}, Ended{},
)

func kindsOf(events ...Event) map[string]reflect.Type {
	kinds := map[string]reflect.Type{}
	for _, event := range events {
		kind := reflect.TypeOf(event)
		kinds[kind.Name()] = kind
	}
	return kinds
}

type heardDocument struct {
	At    string          `json:"at"`
	Event string          `json:"event"`
	Holds json.RawMessage `json:"holds"`
}

// Line writes the event down, with the name of its type: a line of JSON, with its line break.
func (h Heard) Line() ([]byte, error) {
	holds, err := plainJSON(h.Event)
	if err != nil {
		return nil, err
	}
	return plainJSON(heardDocument{h.At.String(), reflect.TypeOf(h.Event).Name(), holds})
}

// plainJSON leaves the text of documents as it is.
func plainJSON(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return text.Bytes(), err
}

// ParseHeard reads a line that Line has written.
func ParseHeard(line []byte) (Heard, error) {
	var document heardDocument
	if err := json.Unmarshal(line, &document); err != nil {
		return Heard{}, err
	}
	kind, known := kinds[document.Event]
	if !known {
		return Heard{}, fmt.Errorf("there is no event %q", document.Event)
	}
	at, err := time.ParseDuration(document.At)
	if err != nil {
		return Heard{}, err
	}
	event := reflect.New(kind)
	decoder := json.NewDecoder(bytes.NewReader(document.Holds))
	decoder.DisallowUnknownFields() // it was written when the event was another
	if err := decoder.Decode(event.Interface()); err != nil {
		return Heard{}, fmt.Errorf("%s: %w", document.Event, err)
	}
	return Heard{at, event.Elem().Interface().(Event)}, nil
}
