package ecssim

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// reply is what goes back over the wire.
type reply struct {
	status  int
	body    any
	xml     bool
	dropped bool // the connection ends without an answer
	from    place
}

func (r reply) encode() (contentType string, body []byte) {
	var encoded []byte
	var err error
	if r.xml {
		contentType = "text/xml"
		encoded, err = xml.Marshal(r.body)
	} else {
		contentType = "application/x-amz-json-1.1"
		encoded, err = json.Marshal(r.body)
	}
	if err != nil {
		panic(err) // all that is answered can be encoded
	}
	return contentType, []byte(r.from.exchange(string(encoded)))
}

// apiError is an error as AWS words it. The wire carries Type in __type; a client's error is
// HTTP 400 and a server's 500 [API: CommonErrors].
type apiError struct {
	status        int
	Type, Message string
}

func (e *apiError) Error() string { return e.Type + ": " + e.Message }

func clientError(kind, format string, args ...any) error {
	return &apiError{http.StatusBadRequest, kind, fmt.Sprintf(format, args...)}
}

const targetPrefix = "AmazonEC2ContainerServiceV20141113."

// call adapts an operation with a typed request. Members that the type does not have are ignored,
// as awsJson services do.
func call[Request any](operation func(*Sim, Request) (any, error)) func(*Sim, []byte) (any, error) {
	return func(s *Sim, body []byte) (any, error) {
		var request Request
		if err := json.Unmarshal(body, &request); err != nil {
			return nil, clientError("SerializationException", "%v", err) // text unverified
		}
		return operation(s, request)
	}
}

// answer takes one request, whose body was read already, to its reply.
func (s *Sim) answer(r *http.Request, body []byte) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	there := s.placeOf(r.Header)
	if there == home {
		return s.answerHere(r, body, home)
	}
	return s.at(there).answerHere(r, []byte(there.exchange(string(body))), there)
}

// answerHere is the same in the world of a place.
func (s *Sim) answerHere(r *http.Request, body []byte, here place) (answered reply) {
	defer func() { answered.from = here }()
	s.clock = s.started.Add(time.Duration(s.pace * float64(time.Since(s.started))))
	s.catchUp(s.clock)
	s.actor = Deployer
	defer func() { s.actor = Somebody }()

	_, operation, isJSON := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	path := here.exchange(r.URL.Path)
	schedule, isSchedule := strings.CutPrefix(path, "/schedules/")
	targets, isLattice := strings.CutPrefix(path, "/targetgroups/")
	switch {
	case isLattice:
		return s.answerLattice(r, targets, body)
	case isSchedule:
		return s.answerSchedule(r, schedule, body)
	case isJSON:
		return s.answerJSON(operation, r.Header, body)
	case r.Method == http.MethodGet && r.URL.Query().Has("audience"):
		return s.answerRunner(r)
	case r.Method == http.MethodGet && !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4"):
		return s.answerSite(r.URL.Host)
	}
	return s.answerQuery(r.Header, body)
}

// record writes a call down.
func (s *Sim) record(operation string, body []byte) {
	*s.recorded++
	s.calls = append(s.calls, Call{At: s.now, Operation: operation, Body: string(body), serial: *s.recorded})
	s.seen[operation]++
}

func (s *Sim) answerJSON(operation string, header http.Header, body []byte) reply {
	s.record(operation, body)
	if _, err := s.signer(header); err != nil {
		return failure(err)
	}
	handle, known := operations[operation]
	if !known {
		return failure(clientError("UnknownOperationException", "")) // [API: CommonErrors]
	}
	if s.throttled(operation) {
		return (&fault{kind: throttle}).reply()
	}
	fault := s.fault(operation)
	if fault.refuses() {
		return fault.reply()
	}
	if err := s.denied(operation, body); err != nil {
		return failure(err)
	}
	answer, err := handle(s, body)
	if fault != nil {
		return fault.reply()
	}
	if err != nil {
		return failure(err)
	}
	return reply{status: http.StatusOK, body: answer}
}

// answerRunner answers in the place of the runner that the job is on.
func (s *Sim) answerRunner(r *http.Request) reply {
	s.record("identity token", nil)
	fault := s.fault("identity token")
	switch {
	case fault != nil && fault.kind == broken:
		return reply{status: http.StatusServiceUnavailable, body: document{"message": "Service Unavailable"}}
	case fault != nil && fault.kind == denied, !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer "):
		return reply{status: http.StatusUnauthorized, body: document{"message": "Bad credentials"}}
	case fault != nil:
		return reply{dropped: true}
	}
	return s.identityToken(r.URL.Query().Get("audience"))
}

func failure(err error) reply {
	var known *apiError
	if !errors.As(err, &known) {
		known = &apiError{http.StatusInternalServerError, "ServerException", err.Error()}
	}
	body := map[string]string{"__type": known.Type}
	if known.Message != "" {
		body["message"] = known.Message
	}
	return reply{status: known.status, body: body}
}

// requestID numbers the requests in the form of a UUID.
func (s *Sim) requestID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("%08x-5ec5-4ec5-8ec5-%012x", len(s.calls), s.requests.random.Uint64()&(1<<48-1))
}

// ServeHTTP answers over a socket.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	reply := s.answer(r, body)
	if reply.dropped {
		panic(http.ErrAbortHandler) // the server closes the connection
	}
	contentType, answer := reply.encode()
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Amzn-RequestId", s.requestID())
	w.WriteHeader(reply.status)
	_, _ = w.Write(answer)
}

// travel is half of the time that a call takes.
func (s *Sim) travel(r *http.Request) error {
	takes := s.scenario.latency[""]
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if its, given := s.scenario.latency[operation]; given {
		takes = its
	}
	if takes == 0 {
		return nil
	}
	select {
	case <-r.Context().Done():
		return r.Context().Err()
	case <-time.After(takes / 2):
		return nil
	}
}

// Do answers without a socket: it makes a Sim the HTTP client of an SDK.
func (s *Sim) Do(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body.Close()
	}
	if err := s.travel(r); err != nil {
		return nil, err
	}
	reply := s.answer(r, body)
	if err := s.travel(r); err != nil {
		return nil, err // the answer is lost
	}
	if reply.dropped {
		return nil, fmt.Errorf("read tcp: %w", syscall.ECONNRESET)
	}
	contentType, encoded := reply.encode()
	return &http.Response{
		Status:     http.StatusText(reply.status),
		StatusCode: reply.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{
			"Content-Type":     {contentType},
			"X-Amzn-Requestid": {s.requestID()},
		},
		Body:          io.NopCloser(bytes.NewReader(encoded)),
		ContentLength: int64(len(encoded)),
		Request:       r,
	}, nil
}

// epoch is a time as awsJson writes it: seconds, with a fraction.
type epoch struct{ time.Time }

func (e epoch) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%d.%03d", e.Unix(), e.Nanosecond()/int(time.Millisecond)), nil
}

func (e *epoch) UnmarshalJSON(text []byte) error {
	var seconds float64
	if err := json.Unmarshal(text, &seconds); err != nil {
		return err
	}
	e.Time = time.UnixMilli(int64(seconds * 1000))
	return nil
}

// paged is an answer with one page of a listing under the key, and a token for the next if there is
// one. The token is the offset. A page has the size that is asked for, but at most that of the API.
func paged[T any](key string, all []T, asked, usual int, token string) document {
	var offset int
	fmt.Sscan(token, &offset)
	size := usual
	if asked > 0 {
		size = min(asked, 100)
	}
	rest := all[min(max(offset, 0), len(all)):]
	answer := document{key: list(rest[:min(size, len(rest))])}
	if len(rest) > size {
		answer["nextToken"] = fmt.Sprint(offset + size)
	}
	return answer
}

// list keeps an empty list from being encoded as null.
func list[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}
