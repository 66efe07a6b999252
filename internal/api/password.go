package api

import (
	"net/http"

	"github.com/authd/authd/internal/accounts"
)

// passwordChange is the body of POST /password.
type passwordChange struct {
	Current text `json:"current_password"`
	New     text `json:"new_password"`
}

func (b *passwordChange) required() []member {
	return []member{{"/current_password", b.Current.given}, {"/new_password", b.New.given}}
}

func (a *api) changePassword(x *exchange, r *http.Request) error {
	var b passwordChange
	if err := decode(x, r, &b); err != nil {
		return err
	}
	holder, err := a.holder(r)
	if err != nil {
		return err
	}
	byCookie, err := a.inCookie(r, holder.Session)
	if err != nil {
		return err
	}
	p, err := a.Accounts.ChangePassword(r.Context(), accounts.PasswordChange{
		Holder: holder, Current: b.Current.value, New: b.New.value, Origin: origin(x, r),
	})
	if err != nil {
		return err
	}
	if byCookie {
		return x.sendPairByCookie(p)
	}
	return x.sendPair(p)
}

// passwordReset is the body of POST /password/reset.
type passwordReset struct {
	Token text `json:"token"`
	New   text `json:"new_password"`
}

func (b *passwordReset) required() []member {
	return []member{{"/token", b.Token.given}, {"/new_password", b.New.given}}
}

func (a *api) resetPassword(x *exchange, r *http.Request) error {
	var b passwordReset
	if err := decode(x, r, &b); err != nil {
		return err
	}
	if err := a.Accounts.ResetPassword(r.Context(), b.Token.value, b.New.value, origin(x, r)); err != nil {
		return err
	}
	x.WriteHeader(http.StatusNoContent)
	return nil
}

// deletion is the body of POST /me/delete.
type deletion struct {
	Password text `json:"password"`
}

func (b *deletion) required() []member { return []member{{"/password", b.Password.given}} }

func (a *api) deleteMe(x *exchange, r *http.Request) error {
	var b deletion
	if err := decode(x, r, &b); err != nil {
		return err
	}
	holder, err := a.holder(r)
	if err != nil {
		return err
	}
	byCookie, err := a.inCookie(r, holder.Session)
	if err != nil {
		return err
	}
	if err := a.Accounts.DeleteOwn(r.Context(), holder, b.Password.value, origin(x, r)); err != nil {
		return err
	}
	if byCookie {
		x.clearCookie()
	}
	x.WriteHeader(http.StatusNoContent)
	return nil
}
