package api

import (
	"net/http"
	"net/netip"
	"regexp"
	"slices"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
)

// event is a record of the audit.
type event struct {
	ID        string `json:"id"`
	At        string `json:"at"`
	Name      string `json:"name"`
	Reason    string `json:"reason,omitempty"`
	Actor     string `json:"actor"`
	UserID    string `json:"user_id,omitempty"`
	SessionID string `json:"session_id,omitempty"`
	Subject   string `json:"subject,omitempty"`
	IP        string `json:"ip,omitempty"`
	UserAgent string `json:"user_agent,omitempty"`
}

func eventOf(r audit.Record) event {
	shown := event{ID: r.ID.String(), At: timestamp(r.At), Name: string(r.Name), Reason: string(r.Reason),
		Actor: string(r.Actor), Subject: r.Subject, IP: addressText(r.Address), UserAgent: r.UserAgent}
	if id := auth.UserID(r.User); !id.IsZero() {
		shown.UserID = id.String()
	}
	if id := auth.SessionID(r.Session); !id.IsZero() {
		shown.SessionID = id.String()
	}
	return shown
}

// eventPage is the answer to GET /admin/audit.
type eventPage struct {
	Events     []event `json:"events"`
	NextCursor string  `json:"next_cursor,omitempty"`
}

func (a *admin) audit(x *exchange, r *http.Request) error {
	q, err := auditQuery(r)
	if err != nil {
		return err
	}
	page, err := a.events(r, q)
	if err != nil {
		return err
	}
	return x.sendJSON(http.StatusOK, page)
}

// eventName is the form of an event's name. New ones are added with time, so there is no list.
var eventName = regexp.MustCompile(`^[a-z_]{1,32}\.[a-z_]{1,32}$`)

// auditQuery reads the filters. What names nothing that could be there is a fault, not an empty list: it
// was mistyped.
func auditQuery(r *http.Request) (q audit.Query, err error) {
	query := r.URL.Query()
	if query.Has("user") {
		id, err := auth.ParseUserID(query.Get("user"))
		if err != nil {
			return q, invalidRequest("", "The parameter user must be the id of a user.")
		}
		q.User = id
	}
	if query.Has("session") {
		id, err := auth.ParseSessionID(query.Get("session"))
		if err != nil {
			return q, invalidRequest("", "The parameter session must be the id of a session.")
		}
		q.Session = id
	}
	if query.Has("name") {
		q.Name = audit.Name(query.Get("name"))
		if !eventName.MatchString(query.Get("name")) {
			return q, invalidRequest("", "The parameter name must be the name of an event, such as session.ended.")
		}
	}
	if query.Has("actor") {
		q.Actor = audit.Actor(query.Get("actor"))
		if !slices.Contains([]audit.Actor{audit.User, audit.Admin, audit.CLI, audit.System}, q.Actor) {
			return q, invalidRequest("", "The parameter actor must be user, admin, cli or system.")
		}
	}
	if query.Has("address") {
		// Kept addresses have no zone and are not IPv4 in the clothes of IPv6: others would find nothing.
		address, err := netip.ParseAddr(query.Get("address"))
		if err != nil || address.Zone() != "" {
			return q, invalidRequest("", "The parameter address must be an IP address.")
		}
		q.Address = address.Unmap()
	}
	if q.Since, err = timeParam(r, "since"); err != nil {
		return q, err
	}
	q.Until, err = timeParam(r, "until")
	return q, err
}

// timeline is the answer to GET /admin/sessions/{id}/timeline.
type timeline struct {
	SessionID string `json:"session_id"`
	UserID    string `json:"user_id"`
	Cut       bool   `json:"cut"`
	Steps     []step `json:"steps"`
}

type step struct {
	At        string `json:"at"`
	Name      string `json:"name"`
	Reason    string `json:"reason,omitempty"`
	Actor     string `json:"actor,omitempty"`
	Rotations uint32 `json:"rotations,omitzero"`
	Device    string `json:"device,omitempty"`
	IP        string `json:"ip,omitempty"`
	UserAgent string `json:"user_agent,omitempty"`
}

func (a *admin) timeline(x *exchange, r *http.Request) error {
	id, err := sessionID(r)
	if err != nil {
		return err
	}
	line, err := a.Sessions.Timeline(r.Context(), id)
	if err != nil {
		return err
	}
	answer := timeline{SessionID: line.Session.String(), UserID: line.User.String(), Cut: line.Cut}
	for _, s := range line.Steps {
		answer.Steps = append(answer.Steps, step{timestamp(s.At), string(s.Name), string(s.Reason), string(s.Actor),
			s.Rotations, s.Device, addressText(s.Address), s.UserAgent})
	}
	return x.sendJSON(http.StatusOK, answer)
}

// events reads the page of q that r asks for.
func (a *admin) events(r *http.Request, q audit.Query) (answer eventPage, err error) {
	p, err := paged(r, 'e')
	if err != nil {
		return answer, err
	}
	before, err := p.placeID()
	if err != nil {
		return answer, err
	}
	q.Before, q.Limit = before, p.limit
	records, err := a.Audit.Records(r.Context(), q)
	if err != nil {
		return answer, err
	}
	for _, record := range records {
		answer.Events = append(answer.Events, eventOf(record))
	}
	if len(records) == p.limit {
		last := records[len(records)-1].ID
		answer.NextCursor = cursor('e', string(last[:]))
	}
	return answer, nil
}
