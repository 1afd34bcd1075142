package taskdef

// Documents, patches and AppSpecs are JSON in JSON, as they are written. What is empty is null.

func (v value) encoded() ([]byte, error) {
	if v.kind == scalar && len(v.text) == 0 {
		return []byte("null"), nil
	}
	return v.append(nil), nil
}

func (v *value) decode(text []byte) error {
	if string(text) == "null" {
		*v = value{}
		return nil
	}
	decoded, err := parseJSON(text)
	*v = decoded
	return err
}

// MarshalJSON gives the document as it is written.
func (d Document) MarshalJSON() ([]byte, error) { return d.root.encoded() }

// UnmarshalJSON takes any JSON value.
func (d *Document) UnmarshalJSON(text []byte) error { return d.root.decode(text) }

// MarshalJSON gives the patch as it is written.
func (p Patch) MarshalJSON() ([]byte, error) { return p.root.encoded() }

// UnmarshalJSON takes any JSON value.
func (p *Patch) UnmarshalJSON(text []byte) error { return p.root.decode(text) }

// MarshalJSON gives the AppSpec as it is written.
func (a AppSpec) MarshalJSON() ([]byte, error) { return a.root.encoded() }

// UnmarshalJSON takes any JSON value.
func (a *AppSpec) UnmarshalJSON(text []byte) error { return a.root.decode(text) }
