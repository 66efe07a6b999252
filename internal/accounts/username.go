package accounts

import "golang.org/x/text/secure/precis"

// maxUsername is in bytes, after mapping.
const maxUsername = 128

// MapUsername maps what was typed to the name that is stored, compared and answered: PRECIS
// UsernameCaseMapped (RFC 8265, section 3.3), which folds case and width, so that a name has one owner
// however it is typed. [ErrUsernameInvalid] for what the profile refuses, such as spaces.
func MapUsername(typed string) (string, error) {
	if len(typed) > 4*maxUsername {
		return "", ErrUsernameInvalid // mapping does not shrink further: do not look at it
	}
	name, err := precis.UsernameCaseMapped.String(typed)
	if err != nil || name == "" || len(name) > maxUsername {
		return "", ErrUsernameInvalid
	}
	return name, nil
}
