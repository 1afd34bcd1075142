// Package ecssim is an ECS that lives in memory and speaks the AWS wire protocol.
//
// It is a product of its own, with one code for all its uses: the tests drive it in virtual time
// as an SDK's HTTP client, the demo and rehearsals run the action against it, and behind a port
// (see the command in serve) it answers awscli and other deployers.
//
// A simulator is worth what its claims are worth. What it does because AWS documents it, or because
// it was seen in recorded answers of the real service, says so with a source; what nobody could
// look up says "unverified". Short marks in the comments:
//
//	[API]  the ECS API reference, https://docs.aws.amazon.com/AmazonECS/latest/APIReference/
//	[GUIDE] the ECS developer guide, https://docs.aws.amazon.com/AmazonECS/latest/developerguide/
//	[SDK]  the documentation in github.com/aws/aws-sdk-go-v2/service/ecs v1.104
//	[SEEN] verbatim in recorded output of the real service, found in public repositories
//
// The simulated world is driven by the clock: every request first lets the world catch up with
// time.Now, a second at a time. There are no goroutines and no sleeping, so it runs as well in a
// testing/synctest bubble, where a rollout of 20 minutes takes a few milliseconds.
package ecssim

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	account = "123456789012"
	region  = "eu-west-1"

	// tick is the step in which the world moves.
	tick = time.Second
)

// Call is one request as it came in.
type Call struct {
	At        time.Time
	Operation string // as in "UpdateService"
	Body      string
}

// Sim is one account in one region. It is safe for concurrent use.
type Sim struct {
	mu        sync.Mutex
	scenario  Scenario
	ids       ids // of what is no service's
	requests  ids
	started   time.Time
	pace      float64 // how much faster than the clock the world runs
	now       time.Time
	clusters  []*cluster
	families  map[string]*family
	calls     []Call
	seen      map[string]int      // calls by operation
	updated   time.Time           // of the first UpdateService: the deployer's hour zero
	acts      []act               // of the scenario, not yet played
	sessions  map[string]*session // by their access keys
	issued    []string            // identity tokens
	needed    []string            // IAM actions
	clock     time.Time           // to the moment, where now goes in ticks
	levels    map[int]*level      // of the buckets
	throttles int
	runs      map[string]*deployment // of RunTask, by their client tokens
	rules     []*rule
	schedules map[string]document // by group/name
}

type cluster struct {
	name     string
	services []*service
	once     []*deployment // the tasks of no service, those of one RunTask together
}

func (c *cluster) arn() string { return arn("cluster/" + c.name) }

func arn(resource string) string {
	return "arn:aws:ecs:" + region + ":" + account + ":" + resource
}

// New makes the world of a scenario, as it stands when the deployer arrives.
func New(scenario Scenario) *Sim {
	now := time.Now()
	if scenario.once == (behaviour{}) {
		scenario.once = migrates
	}
	s := &Sim{
		scenario: scenario,
		ids:      newIDs(scenario.Name),
		requests: newIDs(scenario.Name + " requests"),
		started:  now,
		pace:     1,
		now:      now,
		families: map[string]*family{},
		seen:     map[string]int{},
		acts:     slices.Clone(scenario.acts),
		sessions: map[string]*session{},
		levels:   map[int]*level{},
		runs:     map[string]*deployment{},
	}
	s.furnish()
	return s.prepared()
}

// SetPace makes the world run that many times as fast as the clock, for those who cannot have
// virtual time. It must be called before the first request.
func (s *Sim) SetPace(times float64) { s.pace = times }

// Finished tells when the newest deployment of each service of a cluster came to its end, by the names of the services:
// what ECS itself has on record.
func (s *Sim) Finished(cluster string) map[string]time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	finished := map[string]time.Time{}
	if c, err := s.findCluster(cluster); err == nil {
		for _, v := range c.services {
			finished[v.name] = v.history[0].finished
		}
	}
	return finished
}

// Begun is how much was ever begun in a cluster, whatever became of it.
type Begun struct {
	Revisions   int // of all families
	Deployments int // of all services
	Tasks       int // that run once
}

// Begun counts what was begun in a cluster.
func (s *Sim) Begun(cluster string) Begun {
	s.mu.Lock()
	defer s.mu.Unlock()
	var begun Begun
	for _, family := range s.families {
		begun.Revisions += len(family.revisions)
	}
	c, err := s.findCluster(cluster)
	if err != nil {
		return begun
	}
	for _, d := range c.once {
		begun.Tasks += len(d.tasks)
	}
	for _, v := range c.services {
		begun.Deployments += len(v.history)
		if v.codeDeploy != nil {
			begun.Deployments += len(v.codeDeploy.deployments) - len(v.history)
		}
	}
	return begun
}

// Calls returns the requests that came in so far, oldest first.
func (s *Sim) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// reply is what goes back over the wire.
type reply struct {
	status  int
	body    any
	xml     bool
	dropped bool // the connection ends without an answer
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
	return contentType, encoded
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

// operations are the JSON calls that the simulator knows, of ECS and of what stands around it. Each gets the body of the request and returns
// what is to be encoded, or an *apiError.
var operations = map[string]func(*Sim, []byte) (any, error){
	"BatchGetImage":              call((*Sim).batchGetImage),
	"ContinueDeployment":         call((*Sim).continueDeployment),
	"ContinueServiceDeployment":  call((*Sim).continueServiceDeployment),
	"CreateDeployment":           call((*Sim).createDeployment),
	"DeregisterTaskDefinition":   call((*Sim).deregisterTaskDefinition),
	"DescribeLogGroups":          call((*Sim).describeLogGroups),
	"DescribeParameters":         call((*Sim).describeParameters),
	"DescribeSecret":             call((*Sim).describeSecret),
	"DescribeServiceDeployments": call((*Sim).describeServiceDeployments),
	"DescribeServiceRevisions":   call((*Sim).describeServiceRevisions),
	"DescribeServices":           call((*Sim).describeServices),
	"DescribeTaskDefinition":     call((*Sim).describeTaskDefinition),
	"DescribeTasks":              call((*Sim).describeTasks),
	"GetApplicationRevision":     call((*Sim).getApplicationRevision),
	"GetDeployment":              call((*Sim).getDeployment),
	"GetDeploymentConfig":        call((*Sim).getDeploymentConfig),
	"GetDeploymentGroup":         call((*Sim).getDeploymentGroup),
	"GetDeploymentTarget":        call((*Sim).getDeploymentTarget),
	"GetLogEvents":               call((*Sim).getLogEvents),
	"ListDeployments":            call((*Sim).listDeployments),
	"ListServiceDeployments":     call((*Sim).listServiceDeployments),
	"ListServices":               call((*Sim).listServices),
	"ListTaskDefinitions":        call((*Sim).listTaskDefinitions),
	"ListTargetsByRule":          call((*Sim).listTargetsByRule),
	"ListTasks":                  call((*Sim).listTasks),
	"PutTargets":                 call((*Sim).putTargets),
	"RegisterTaskDefinition":     call((*Sim).registerTaskDefinition),
	"RunTask":                    call((*Sim).runTask),
	"StopTask":                   call((*Sim).stopTask),
	"StopDeployment":             call((*Sim).stopDeployment),
	"StopServiceDeployment":      call((*Sim).stopServiceDeployment),
	"UpdateService":              call((*Sim).updateService),
}

// Operations are the operations that the simulator knows, of all services.
func Operations() []string {
	names := []string{"GetSchedule", "UpdateSchedule"} // which are told by their paths
	names = slices.AppendSeq(slices.AppendSeq(names, maps.Keys(operations)), maps.Keys(queries))
	slices.Sort(names)
	return names
}

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
	s.clock = s.started.Add(time.Duration(s.pace * float64(time.Since(s.started))))
	s.catchUp(s.clock)

	_, operation, isJSON := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	schedule, isSchedule := strings.CutPrefix(r.URL.Path, "/schedules/")
	switch {
	case isSchedule:
		return s.answerSchedule(r, schedule, body)
	case isJSON:
		return s.answerJSON(operation, r.Header, body)
	case r.Method == http.MethodGet && r.URL.Query().Has("audience"):
		return s.answerRunner(r)
	}
	return s.answerQuery(r.Header, body)
}

// came writes a call down.
func (s *Sim) came(operation string, body []byte) {
	s.calls = append(s.calls, Call{s.now, operation, string(body)})
	s.seen[operation]++
}

func (s *Sim) answerJSON(operation string, header http.Header, body []byte) reply {
	s.came(operation, body)
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
	s.came("identity token", nil)
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
	reply := s.answer(r, body)
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
