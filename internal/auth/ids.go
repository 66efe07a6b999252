package auth

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"time"
)

// UserID names a user: a UUIDv7 (RFC 9562, section 5.7). Its text, which is the token's sub, is the
// hyphenated hexadecimal form, because other people's tables have uuid columns.
type UserID [16]byte

// SessionID names a session: a UUIDv7 whose text, the token's sid, is 22 characters of base64url.
type SessionID [16]byte

// ClientID names a machine client: a UUIDv7, in text as a UserID. It is the sub and the client_id of the
// client's tokens.
type ClientID [16]byte

// TokenID is an access token's jti: 12 random bytes, 16 characters of base64url.
type TokenID [12]byte

// Epoch counts how often everything of a user was revoked. It only grows. A token whose epoch is
// below its user's is dead; times of issue are never compared with times of revocation, because two
// of them can fall into one second.
type Epoch int64

// errID is the only complaint about an id's text. It does not repeat the text, which may come from
// an attacker and end in a log.
var errID = errors.New("not an id: want a UUID or 22 characters of base64url")

var errTokenID = errors.New("not a jti: want 16 characters of base64url")

// NewUserID makes an id from the time and 10 bytes of random.
func NewUserID(now time.Time, random io.Reader) (UserID, error) {
	id, err := newUUIDv7(now, random)
	return UserID(id), err
}

// NewSessionID makes an id from the time and 10 bytes of random.
func NewSessionID(now time.Time, random io.Reader) (SessionID, error) {
	id, err := newUUIDv7(now, random)
	return SessionID(id), err
}

// NewClientID makes an id from the time and 10 bytes of random.
func NewClientID(now time.Time, random io.Reader) (ClientID, error) {
	id, err := newUUIDv7(now, random)
	return ClientID(id), err
}

// NewTokenID reads 12 bytes of random.
func NewTokenID(random io.Reader) (TokenID, error) {
	var id TokenID
	_, err := io.ReadFull(random, id[:])
	return id, err
}

// ParseUserID takes either form of an id, the hyphenated or the base64url one.
func ParseUserID(text string) (UserID, error) {
	id, err := parseID(text)
	return UserID(id), err
}

// ParseSessionID takes either form of an id, the hyphenated or the base64url one.
func ParseSessionID(text string) (SessionID, error) {
	id, err := parseID(text)
	return SessionID(id), err
}

// ParseClientID takes either form of an id, the hyphenated or the base64url one.
func ParseClientID(text string) (ClientID, error) {
	id, err := parseID(text)
	return ClientID(id), err
}

// ParseTokenID takes the text of a jti.
func ParseTokenID(text string) (TokenID, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(text) != 16 || len(b) != 12 { // the decoder skips line breaks
		return TokenID{}, errTokenID
	}
	return TokenID(b), nil
}

func (id UserID) String() string    { return hyphenated(id) }
func (id ClientID) String() string  { return hyphenated(id) }
func (id SessionID) String() string { return base64.RawURLEncoding.EncodeToString(id[:]) }
func (id TokenID) String() string   { return base64.RawURLEncoding.EncodeToString(id[:]) }

// IsZero reports whether id is the zero value, which names nobody.
func (id UserID) IsZero() bool { return id == UserID{} }

// IsZero reports whether id is the zero value, which names no session.
func (id SessionID) IsZero() bool { return id == SessionID{} }

// IsZero reports whether id is the zero value, which names no client.
func (id ClientID) IsZero() bool { return id == ClientID{} }

func newUUIDv7(now time.Time, random io.Reader) (id [16]byte, err error) {
	if _, err := io.ReadFull(random, id[6:]); err != nil {
		return id, err
	}
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(now.UnixMilli()))
	copy(id[:6], ms[2:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id, nil
}

func hyphenated(id [16]byte) string {
	var text [36]byte
	hex.Encode(text[0:8], id[0:4])
	hex.Encode(text[9:13], id[4:6])
	hex.Encode(text[14:18], id[6:8])
	hex.Encode(text[19:23], id[8:10])
	hex.Encode(text[24:36], id[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// parseID refuses the zero id: it means that there is none, and a filter that was given one would be
// no filter.
func parseID(text string) (id [16]byte, err error) {
	id, err = decodeID(text)
	if err == nil && id == [16]byte{} {
		err = errID
	}
	return id, err
}

func decodeID(text string) (id [16]byte, err error) {
	switch len(text) {
	case 22:
		b, err := base64.RawURLEncoding.Strict().DecodeString(text)
		if err != nil || len(b) != 16 {
			return id, errID // the decoder skips line breaks, so the length is not settled by the text's
		}
		return [16]byte(b), nil
	case 36:
		if text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
			return id, errID
		}
		digits := text[:8] + text[9:13] + text[14:18] + text[19:23] + text[24:]
		if _, err := hex.Decode(id[:], []byte(digits)); err != nil {
			return [16]byte{}, errID
		}
		return id, nil
	}
	return id, errID
}
