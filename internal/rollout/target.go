package rollout

// Target is an entry of the list of what is to be deployed to: a service by its name, or those that a selector finds.
type Target struct {
	Place           // empty: as usual or, of what takes out, whichever
	Text     string // as it is written
	Cluster  string // a name or an ARN; empty, of what takes out: whichever
	Name     string // of the service, or its ARN; empty: the selector finds it
	Selector Selector
	Daemon   bool // it is a managed daemon, and no service
	Wave     int  // in which it is deployed, from 0
}

// At tells whether the target is about a place.
func (t Target) At(place Place) bool {
	return (t.Region == "" || t.Region == place.Region) && (t.Account == "" || t.Account == place.Account)
}

// Is tells whether the target is a service by its name.
func (t Target) Is(cluster, name string) bool {
	return t.Name != "" && LastSegment(t.Name) == name && LastSegment(t.Cluster) == LastSegment(cluster)
}

// In tells whether the target is about a cluster.
func (t Target) In(cluster string) bool {
	return t.Cluster == "" || LastSegment(t.Cluster) == LastSegment(cluster)
}

// Short is the name of a service, without its path, or what finds some, as it is written.
func (t Target) Short() string {
	if t.Name == "" {
		return t.Text
	}
	return LastSegment(t.Name)
}
